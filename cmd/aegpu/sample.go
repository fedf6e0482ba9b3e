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
		Description: "Decodes codes drawn from the prior of a VAE, or from a Gaussian mixture fitted to the training part's codes otherwise. Where\n" +
			"the columns of a table have likelihoods of their own each is drawn from that given the code, so that samples vary as rows do.\n\n" +
			"  aegpu sample runs/vae-glyphs-1 -n 64 -o samples.png",
		Flags: append(deviceFlags(), outputFlag("the examples"),
			&cli.IntFlag{Name: "number", Aliases: []string{"n"}, Value: 64, Usage: "`N` examples"},
			&cli.BoolFlag{Name: "means", Usage: "give the mean of each column given the code, or the likeliest level, in place of a draw", DisableDefaultText: true},
			levelFlag("drawn as often as in the training"), seedFlag(), jsonFlag(), quietFlag()),
		Action: func(c *cli.Context) error { return runSample(c, s) },
	}
}

// source draws codes as [eval.NewSource], from a mixture fitted to the run's training rows
// where there is no prior.
func source(ctx context.Context, r *savedRun, m *model.Model, seed uint64) (*eval.Source, error) {
	var like *data.Set
	if !m.Spec.HasPrior() {
		sets, err := r.own(ctx, m)
		if err != nil {
			return nil, err
		}
		like = sets.Train
	}
	return eval.NewSource(ctx, m, like, seed)
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
	w := rowsFile{path: path, rows: n}
	if err := w.check(); err != nil {
		return err
	}
	r, dev, m, err := s.open(c, c.Args().First())
	if err != nil {
		return err
	}
	defer dev.Close()
	defer m.Close()
	level, err := levelOf(c, m)
	if err != nil {
		return err
	}
	from, err := source(c.Context, r, m, c.Uint64("seed"))
	if err != nil {
		return err
	}
	if level != nil {
		from.At(*level)
	}
	if !c.Bool("quiet") {
		fmt.Fprintf(s.err, "codes from the %s\n", from.From)
	}
	err = w.write(c.Context, func(ctx context.Context, start, n int) (*data.Set, error) {
		codes, err := from.Next(n)
		switch {
		case err != nil:
			return nil, err
		case m.Classifier.FineTuned && !m.Spec.HasPrior():
			return nil, model.ErrNoDecoder
		case c.Bool("means"):
			return m.DecodePrior(ctx, codes)
		}
		return m.DecodeDrawn(ctx, codes, start, c.Uint64("seed"))
	})
	if err != nil {
		return err
	}
	s.sayLost(w)
	return s.wrote(c, transformed{Device: dev.Info().Name, Rows: n, Columns: w.columns, File: path})
}
