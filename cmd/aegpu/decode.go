package main

import (
	"context"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/urfave/cli/v2"
)

func newDecodeCommand(s *streams) *cli.Command {
	t := transform{
		in: latent, takes: "the model's code", rows: (*model.Model).Decode, least: 2,
		at: func(m *model.Model, ctx context.Context, s *data.Set, level int32) (*data.Set, error) {
			return m.Decode(ctx, m.Condition().All(s, level))
		},
	}
	return &cli.Command{
		Name:      "decode",
		Usage:     "turn codes into examples",
		ArgsUsage: "RUN CODES -o FILE",
		Description: "Writes what the decoder makes of every row of CODES, a file of codes. Their columns are found by the names that encode\n" +
			"gives them, code_0, code_1 and so on, in any order and among others; with other names, or none, they are taken as they stand.\n\n" +
			"  aegpu decode runs/ae-glyphs-1 codes.npz -o decoded.png",
		Flags:  append(transformFlags("the examples"), levelFlag("the column of that name beside the codes")),
		Action: func(c *cli.Context) error { return t.run(c, s) },
	}
}
