package main

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/urfave/cli/v2"
)

// transform is a command that turns rows into rows: encode, decode, reconstruct.
type transform struct {
	in    func(*model.Model) int // width
	takes string                 // what a row of the input is
	rows  func(m *model.Model, ctx context.Context, s *data.Set) (*data.Set, error)
	least int // arguments: 1 where the run's own data will do

	check func(c *cli.Context, m *model.Model) error // refuses a model; nil for none
	done  func() string                              // what is said in the end; nil for nothing

	times int // rows come so often, by drawn; 0 for once, by rows
	drawn func(m *model.Model, ctx context.Context, s *data.Set, first, time int) (*data.Set, error)
	// at is rows at one level of a conditional model's condition, nil where the command has no --condition.
	at func(m *model.Model, ctx context.Context, s *data.Set, level int32) (*data.Set, error)
}

func transformFlags(what string) []cli.Flag {
	return append(append(deviceFlags(), readingFlags()...), outputFlag(what), partFlag(), jsonFlag(), quietFlag())
}

// transformed is what such a command prints as JSON.
type transformed struct {
	Device  string `json:"device"`
	Rows    int    `json:"rows"`
	Columns int    `json:"columns"`
	File    string `json:"file"`
}

func (t transform) run(c *cli.Context, s *streams) error {
	if err := arguments(c, t.least, 2); err != nil {
		return err
	}
	path, err := output(c)
	if err != nil {
		return err
	}
	if err := checkPart(c.String("part")); err != nil {
		return err
	}
	r, dev, m, err := s.open(c, c.Args().Get(0))
	if err != nil {
		return err
	}
	defer dev.Close()
	defer m.Close()
	if t.check != nil {
		if err := t.check(c, m); err != nil {
			return err
		}
	}
	level, err := levelOf(c, m)
	if err != nil {
		return err
	}
	set, err := part{run: r, model: m, in: t.in, takes: t.takes, told: level != nil}.open(c, s)
	if err != nil {
		return err
	}
	if t.times > math.MaxInt/max(set.Rows, 1) {
		return wrong("%d times %d rows: expected fewer", t.times, set.Rows)
	}
	w := rowsFile{path: path, rows: set.Rows * max(t.times, 1), set: set.Rows, ranks: s.ranks}
	err = w.write(c.Context, func(ctx context.Context, start, n int) (*data.Set, error) {
		return t.some(ctx, m, set, level, start, n)
	})
	if err != nil || !s.firstRank() {
		return err
	}
	s.sayLost(w)
	if t.done != nil && !c.Bool("quiet") {
		fmt.Fprintln(s.err, t.done())
	}
	return s.wrote(c, transformed{Device: dev.Info().Name, Rows: w.rows, Columns: w.columns, File: path})
}

// some returns n rows of the file from row start on.
func (t transform) some(ctx context.Context, m *model.Model, set *data.Set, level *int32, start, n int) (result *data.Set, err error) {
	first := start % set.Rows
	switch rows := set.Part(first, n); {
	case t.times > 0:
		result, err = t.drawn(m, ctx, rows, first, start/set.Rows)
	case level != nil:
		result, err = t.at(m, ctx, rows, *level)
	default:
		result, err = t.rows(m, ctx, rows)
	}
	if bad := (*data.Error)(nil); errors.As(err, &bad) && bad.Row > 0 {
		bad.Row += first
	}
	return result, err
}

// wrote says what file was made of how many rows.
func (s *streams) wrote(c *cli.Context, t transformed) error {
	if c.Bool("json") {
		return s.writeJSON(t)
	}
	if !c.Bool("quiet") {
		fmt.Fprintf(s.err, "wrote %s: %d rows of %d numbers\n", t.File, t.Rows, t.Columns)
	}
	return nil
}
