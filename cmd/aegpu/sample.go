package main

import (
	"context"
	"fmt"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/model"
	"github.com/urfave/cli/v2"
)

func newSampleCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:      "sample",
		Usage:     "make new examples",
		ArgsUsage: "RUN -n N -o FILE",
		Description: "Decodes codes drawn from the prior of a VAE, or from a Gaussian mixture fitted to the training part's codes otherwise.\n\n" +
			"  aegpu sample runs/vae-glyphs-1 -n 64 -o samples.png",
		Flags: append(deviceFlags(), outputFlag("the examples"),
			&cli.IntFlag{Name: "number", Aliases: []string{"n"}, Value: 64, Usage: "`N` examples"},
			seedFlag(), jsonFlag(), quietFlag()),
		Action: func(c *cli.Context) error { return runSample(c, s) },
	}
}

// draw draws codes as [eval.Draw], from a mixture fitted to the run's training rows where
// there is no prior.
func draw(ctx context.Context, r *savedRun, m *model.Model, n int, seed uint64) (*data.Set, string, error) {
	var like *data.Set
	if !m.Spec.HasPrior() {
		sets, err := r.own(ctx, m)
		if err != nil {
			return nil, "", err
		}
		like = sets.Train
	}
	return eval.Draw(ctx, m, like, n, seed)
}

func runSample(c *cli.Context, s *streams) error {
	if err := arguments(c, 1, 1); err != nil {
		return err
	}
	path, err := output(c)
	if err != nil {
		return err
	}
	n := c.Int("number")
	if n < 1 {
		return wrong("-n is %d: expected 1 or more", n)
	}
	r, dev, m, err := s.open(c, c.Args().First())
	if err != nil {
		return err
	}
	defer dev.Close()
	defer m.Close()
	codes, from, err := draw(c.Context, r, m, n, c.Uint64("seed"))
	if err != nil {
		return err
	}
	if !c.Bool("quiet") {
		fmt.Fprintf(s.err, "codes from the %s\n", from)
	}
	set, err := m.Decode(c.Context, codes)
	if err != nil {
		return err
	}
	if err := writeSet(path, set); err != nil {
		return err
	}
	return s.wrote(c, transformed{Device: dev.Info().Name, Rows: n, Columns: set.Cols, File: path})
}
