package main

import (
	"github.com/aegpu/aegpu/model"
	"github.com/urfave/cli/v2"
)

func newEncodeCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:      "encode",
		Usage:     "turn examples into codes",
		ArgsUsage: "RUN [DATA] -o FILE",
		Description: "Writes the code of every row of DATA, or of the run's own data (a Gaussian code's mean), with its label where the format can hold one.\n" +
			"With --deviation the spread of every number of a Gaussian code stands beside the codes: how sure the encoder is of it.\n\n" +
			"  aegpu encode runs/ae-glyphs-1 builtin:glyphs -o codes.npz\n" +
			"  aegpu encode runs/vae-table-1 table.csv --deviation -o codes.csv",
		Flags: append(transformFlags("the codes"),
			&cli.BoolFlag{Name: "deviation", Usage: "give the standard deviations of codes too, in columns deviation_0, deviation_1 and so on behind them (vae)", DisableDefaultText: true}),
		Action: func(c *cli.Context) error { return s.jointly(c, runEncode) },
	}
}

func runEncode(c *cli.Context, s *streams) error {
	t := transform{in: width, takes: inputOfModel, rows: (*model.Model).Encode, least: 1}
	if c.Bool("deviation") {
		t.rows = (*model.Model).EncodeDeviations
		t.check = func(_ *cli.Context, m *model.Model) error {
			if !m.Spec.Drawn() {
				return wrong("--deviation: %w", model.ErrNotDrawn)
			}
			return nil
		}
	}
	return t.run(c, s)
}

func width(m *model.Model) int  { return m.Preparation().Width() }
func latent(m *model.Model) int { return m.Spec.Latent }
