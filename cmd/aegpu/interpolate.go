package main

import (
	"context"
	"math"
	"strconv"
	"strings"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/train"
	"github.com/urfave/cli/v2"
)

func newInterpolateCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:      "interpolate",
		Usage:     "walk from example to example through the code",
		ArgsUsage: "RUN -o FILE",
		Description: "Decodes evenly spaced codes on the line between the codes of two test rows (--between, counted from 0, as often as wanted),\n" +
			"or between codes drawn as in sample. A path's rows follow each other in FILE; in a .png a line is a path.\n\n" +
			"  aegpu interpolate runs/vae-mnist-1 --between 0,7 --between 3,4 -o walk.png",
		Flags: append(deviceFlags(), memoryFlag(), outputFlag("the examples"),
			&cli.StringSliceFlag{Name: "between", Usage: "`I,J` are two rows of the test part"},
			&cli.IntFlag{Name: "number", Aliases: []string{"n"}, Value: 8, Usage: "`N` paths between drawn codes"},
			&cli.IntFlag{Name: "steps", Value: 10, Usage: "`STEPS` from the one end to the other, both included"},
			levelFlag("that of most training rows"), seedFlag(), jsonFlag(), quietFlag()),
		Action: func(c *cli.Context) error { return runInterpolate(c, s) },
	}
}

func runInterpolate(c *cli.Context, s *streams) error {
	if err := arguments(c, 1, 1); err != nil {
		return err
	}
	path, err := output(c)
	if err != nil {
		return err
	}
	steps := c.Int("steps")
	if steps < 2 {
		return wrong("--steps is %d: expected 2 or more", steps)
	}
	if n := c.Int("number"); n < 1 {
		return wrong("-n is %d: expected 1 or more", n)
	}
	rows, err := pairs(c.StringSlice("between"))
	if err != nil {
		return err
	}
	paths := c.Int("number")
	if rows != nil {
		paths = len(rows) / 2
	}
	if steps > math.MaxInt/paths {
		return wrong("%d paths of %d steps: expected fewer than 2^63 rows in all", paths, steps)
	}
	w := rowsFile{path: path, rows: paths * steps, steps: steps}
	if err := w.check(); err != nil {
		return err
	}
	r, dev, m, err := s.open(c, c.Args().First())
	if err != nil {
		return err
	}
	defer dev.Close()
	defer m.Close()
	level, err := s.fixedLevel(c, m)
	if err != nil {
		return err
	}
	next, err := ends(c, r, m, rows)
	if err != nil {
		return err
	}
	on := walk{next: next, width: m.Spec.Latent, steps: steps, at: steps}
	err = w.write(c.Context, func(ctx context.Context, _, n int) (*data.Set, error) {
		codes, err := on.codes(n)
		if err != nil {
			return nil, err
		}
		if m.Condition() != nil {
			codes = m.Condition().All(codes, level)
		}
		return m.Decode(ctx, codes)
	})
	if err != nil {
		return err
	}
	return s.wrote(c, transformed{Device: dev.Info().Name, Rows: w.rows, Columns: w.columns, File: path})
}

// ends returns what gives the two codes at the ends of the next path: those of the rows, or drawn ones without any.
func ends(c *cli.Context, r *savedRun, m *model.Model, rows []int) (func() ([]float32, error), error) {
	if rows != nil {
		codes, err := codesOf(c, r, m, rows)
		if err != nil {
			return nil, err
		}
		return func() ([]float32, error) {
			both := codes.F32[:2*codes.Cols]
			codes.F32 = codes.F32[2*codes.Cols:]
			return both, nil
		}, nil
	}
	from, err := source(c.Context, r, m, c.Uint64("seed"))
	if err != nil {
		return nil, err
	}
	return func() ([]float32, error) {
		codes, err := from.Next(2)
		if err != nil {
			return nil, err
		}
		return codes.F32, nil
	}, nil
}

// pairs reads the numbers of --between, which cli has parted at the commas.
func pairs(words []string) ([]int, error) {
	if len(words)%2 != 0 {
		return nil, wrong("--between %s: expected two row numbers, as in 3,17", strings.Join(words, ","))
	}
	var rows []int
	for _, w := range words {
		i, err := strconv.Atoi(strings.TrimSpace(w))
		if err != nil || i < 0 {
			return nil, wrong("--between: %q is not a row number: expected two, counted from 0, as in 3,17", w)
		}
		rows = append(rows, i)
	}
	return rows, nil
}

// codesOf are the codes of rows of the run's test part.
func codesOf(c *cli.Context, r *savedRun, m *model.Model, rows []int) (*data.Set, error) {
	sets, err := r.own(c.Context, m)
	if err != nil {
		return nil, err
	}
	test, what := heldOut(sets)
	if test == nil {
		return nil, wrong("the run has no test part to take rows from")
	}
	for _, i := range rows {
		if i >= test.Rows {
			return nil, wrong("--between: row %d of %d: the %s part's last row is %d", i, test.Rows, what, test.Rows-1)
		}
	}
	return m.Encode(c.Context, test.Subset(rows))
}

// heldOut is the part that a run is judged by, and its name.
func heldOut(s *train.Sets) (*data.Set, string) {
	if s.Test != nil {
		return s.Test, "test"
	}
	return s.Val, "validation"
}

// walk is evenly spaced codes on paths, one path after the other.
type walk struct {
	next         func() ([]float32, error) // the ends of the next path
	width, steps int

	both []float32 // the ends of the path under way
	at   int       // steps of it that are done
}

// codes returns the next n codes.
func (w *walk) codes(n int) (*data.Set, error) {
	s := &data.Set{Name: "interpolation", Rows: n, Cols: w.width, F32: make([]float32, 0, n*w.width)}
	for range n {
		if w.at == w.steps {
			both, err := w.next()
			if err != nil {
				return nil, err
			}
			w.both, w.at = both, 0
		}
		t := float32(w.at) / float32(w.steps-1)
		for j, a := range w.both[:w.width] {
			s.F32 = append(s.F32, (1-t)*a+t*w.both[w.width+j])
		}
		w.at++
	}
	return s, nil
}
