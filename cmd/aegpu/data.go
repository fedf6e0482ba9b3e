package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// newDataCommand has the commands that look at data.
func newDataCommand(s *streams) *cli.Command {
	below := []*cli.Command{newDataInfoCommand(s), newDataConvertCommand(s), newDataDownloadCommand(s)}
	var list strings.Builder
	list.WriteString("Commands:")
	for _, c := range below {
		fmt.Fprintf(&list, "\n  %-12s %s", c.Name, c.Usage)
	}
	list.WriteString("\n\n  aegpu data info table.csv")
	return &cli.Command{
		Name:        "data",
		Usage:       "look at data, convert and download them",
		ArgsUsage:   "COMMAND [arguments]",
		Description: list.String(),
		Subcommands: below,
		Action:      func(c *cli.Context) error { return cli.ShowSubcommandHelp(c) },
	}
}
