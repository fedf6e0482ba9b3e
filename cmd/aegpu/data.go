package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

// newDataCommand looks at data, and gets them.
func newDataCommand(s *streams) *cli.Command {
	c := &cli.Command{
		Name:        "data",
		Usage:       "look at data without training",
		ArgsUsage:   "COMMAND",
		Description: "aegpu data info FILE shows what data are taken for.",
		Subcommands: []*cli.Command{newDataInfoCommand(s)},
	}
	c.Action = func(c *cli.Context) error {
		fmt.Fprintf(s.out, "%s: %s\n\nUsage: %s COMMAND [flags] [arguments]\n\nCommands:\n", c.Command.HelpName, c.Command.Usage, c.Command.HelpName)
		for _, sub := range c.Command.Subcommands {
			fmt.Fprintf(s.out, "  %-12s %s\n", sub.Name, sub.Usage)
		}
		return nil
	}
	return c
}
