package main

import (
	"github.com/aegpu/aegpu/model"
	"github.com/urfave/cli/v2"
)

func newEncodeCommand(s *streams) *cli.Command {
	t := transform{
		in: width, takes: inputOfModel, rows: (*model.Model).Encode, least: 1,
	}
	return &cli.Command{
		Name:      "encode",
		Usage:     "turn examples into codes",
		ArgsUsage: "RUN [DATA] -o FILE",
		Description: "Writes the code of every row of DATA, or of the run's own data (a Gaussian code's mean), with its label where the format can hold one.\n\n" +
			"  aegpu encode runs/ae-glyphs-1 builtin:glyphs -o codes.npz",
		Flags:  transformFlags("the codes"),
		Action: func(c *cli.Context) error { return t.run(c, s) },
	}
}

func width(m *model.Model) int  { return m.Preparation().Width() }
func latent(m *model.Model) int { return m.Spec.Latent }
