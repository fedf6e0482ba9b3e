package main

import (
	"io"
	"strconv"
	"strings"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/report"
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
		Flags: append(deviceFlags(), outputFlag("the examples"),
			&cli.StringSliceFlag{Name: "between", Usage: "`I,J` are two rows of the test part"},
			&cli.IntFlag{Name: "number", Aliases: []string{"n"}, Value: 8, Usage: "`N` paths between drawn codes"},
			&cli.IntFlag{Name: "steps", Value: 10, Usage: "`STEPS` from the one end to the other, both included"},
			seedFlag(), jsonFlag(), quietFlag()),
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
	if steps < 2 || c.Int("number") < 1 {
		return wrong("--steps %d and -n %d: expected at least 2 steps and 1 path", steps, c.Int("number"))
	}
	rows, err := pairs(c.StringSlice("between"))
	if err != nil {
		return err
	}
	r, dev, m, err := s.open(c, c.Args().First())
	if err != nil {
		return err
	}
	defer dev.Close()
	defer m.Close()
	var ends *data.Set // two codes a path
	if rows == nil {
		ends, _, err = draw(c.Context, r, m, 2*c.Int("number"), c.Uint64("seed"))
	} else {
		ends, err = codesOf(c, r, m, rows)
	}
	if err != nil {
		return err
	}
	codes := walk(ends.F32, m.Spec.Latent, steps)
	n := len(codes) / m.Spec.Latent
	set, err := m.Decode(c.Context, &data.Set{Name: "interpolation", Rows: n, Cols: m.Spec.Latent, F32: codes})
	if err != nil {
		return err
	}
	if err := writePaths(path, set, steps); err != nil {
		return err
	}
	return s.wrote(c, transformed{Device: dev.Info().Name, Rows: n, Columns: set.Cols, File: path})
}

func writePaths(path string, s *data.Set, steps int) error {
	if !isPicture(path) {
		return data.Write(path, s)
	}
	g, err := pictureShape(s)
	if err != nil {
		return err
	}
	return data.WriteAtomic(path, func(w io.Writer) error { return report.Interpolation(w, g, s.F32, steps) })
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

// walk is steps codes on the line between every two of ends.
func walk(ends []float32, width, steps int) []float32 {
	var codes []float32
	for p := 0; p+2*width <= len(ends); p += 2 * width {
		a, b := ends[p:p+width], ends[p+width:p+2*width]
		for i := range steps {
			t := float32(i) / float32(steps-1)
			for j := range a {
				codes = append(codes, (1-t)*a[j]+t*b[j])
			}
		}
	}
	return codes
}
