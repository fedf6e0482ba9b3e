package main

import (
	"context"
	"fmt"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/urfave/cli/v2"
)

func newReconstructCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:      "reconstruct",
		Usage:     "send examples through the code and back",
		ArgsUsage: "RUN [DATA] -o FILE",
		Description: "Writes the reconstruction of every row of DATA, or of the run's own data. With --fill it gives the rows back as they are, and what\n" +
			"the model makes of the others in place of their missing cells.\n\n" +
			"  aegpu reconstruct runs/ae-mnist-1 data/mnist -o out.npy\n" +
			"  aegpu reconstruct runs/ae-table-1 table.csv --fill -o filled.csv",
		Flags: append(transformFlags("the reconstructions"),
			&cli.BoolFlag{Name: "fill", Usage: "give the rows back with their missing cells filled in", DisableDefaultText: true},
			&cli.IntFlag{Name: "draws", Usage: "with --fill, `N` draws of every row one set after the other, numbered in the column draw (vae)", DefaultText: "the mean"},
			levelFlag("that of each row"), seedFlag()),
		Action: func(c *cli.Context) error { return s.jointly(c, runReconstruct) },
	}
}

func runReconstruct(c *cli.Context, s *streams) error {
	t := transform{in: width, takes: inputOfModel, rows: (*model.Model).Reconstruct, least: 1, at: (*model.Model).ReconstructAt}
	draws := c.Int("draws")
	switch {
	case c.IsSet("draws") && !c.Bool("fill"):
		return wrong("--draws are of missing cells: expected --fill with it")
	case c.IsSet("draws") && draws < 1:
		return wrong("--draws is %d: expected 1 or more", draws)
	case c.IsSet("seed") && !c.IsSet("draws"):
		return wrong("--seed is of --draws: expected both, or neither")
	case !c.Bool("fill"):
		return t.run(c, s)
	}
	if c.IsSet("condition") {
		return wrong("--condition makes rows of another level, and --fill gives them back as they are: expected one of them")
	}
	f := &filling{seed: c.Uint64("seed")}
	t.rows, t.check, t.done = f.mean, f.check, func() string { return f.said(max(draws, 1)) }
	if c.IsSet("draws") {
		t.times, t.rows = draws, nil
		t.drawn = f.draw
	}
	return t.run(c, s)
}

// filling fills missing cells in.
type filling struct {
	seed  uint64
	cells int // that were filled
}

// check refuses a model that knows no missing cells, or cannot draw.
func (f *filling) check(c *cli.Context, m *model.Model) error {
	switch {
	case !m.Spec.SameRows:
		return wrong("--fill: %w", model.ErrNoGaps)
	case c.IsSet("draws") && !m.Spec.Drawn():
		return wrong("--draws takes a model whose code is drawn (--model vae): this one gives the same each time")
	}
	return nil
}

func (f *filling) mean(m *model.Model, ctx context.Context, s *data.Set) (*data.Set, error) {
	filled, n, err := m.Fill(ctx, s)
	f.cells += n
	return filled, err
}

// draw returns a draw of rows, numbered from 1 in the column draw; first is the first row's number.
func (f *filling) draw(m *model.Model, ctx context.Context, s *data.Set, first, draw int) (*data.Set, error) {
	filled, n, err := m.FillDraw(ctx, s, first, draw, f.seed)
	if err != nil {
		return nil, err
	}
	f.cells += n
	return filled.Numbered("draw", draw+1), nil
}

// said is what came of it.
func (f *filling) said(times int) string {
	if f.cells == 0 {
		return "no cell was missing: the rows are as they were"
	}
	return fmt.Sprintf("%d missing cells are filled in", f.cells/times)
}
