package main

import (
	"context"
	"fmt"
	"io"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/report"
	"github.com/urfave/cli/v2"
)

// transform is a command that turns rows into rows: encode, decode, reconstruct.
type transform struct {
	in    func(*model.Model) int // width
	takes string                 // what a row of the input is
	rows  func(m *model.Model, ctx context.Context, s *data.Set) (*data.Set, error)
}

func transformFlags(what string) []cli.Flag {
	return append(deviceFlags(), outputFlag(what),
		&cli.StringFlag{Name: "part", Usage: "`PART` of data that has both: train or test", DefaultText: "test where there is one"},
		jsonFlag(), quietFlag())
}

// transformed is what such a command prints as JSON.
type transformed struct {
	Device  string `json:"device"`
	Rows    int    `json:"rows"`
	Columns int    `json:"columns"`
	File    string `json:"file"`
}

func (t transform) run(c *cli.Context, s *streams) error {
	if err := arguments(c, 2, 2); err != nil {
		return err
	}
	path, err := output(c)
	if err != nil {
		return err
	}
	_, dev, m, err := s.open(c, c.Args().Get(0))
	if err != nil {
		return err
	}
	defer dev.Close()
	defer m.Close()
	set, err := openPart(c.Context, c.Args().Get(1), c.String("part"), t.in(m), t.takes)
	if err != nil {
		return err
	}
	result, err := t.rows(m, c.Context, set)
	if err != nil {
		return err
	}
	if err := writeSet(path, result); err != nil {
		return err
	}
	return s.wrote(c, transformed{Device: dev.Info().Name, Rows: result.Rows, Columns: result.Cols, File: path})
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

// writeSet writes rows in the format of the file's ending; .png draws them.
func writeSet(path string, s *data.Set) error {
	if !isPicture(path) {
		return data.Write(path, s)
	}
	g, err := pictureShape(s)
	if err != nil {
		return err
	}
	return data.WriteAtomic(path, func(w io.Writer) error { return report.Samples(w, g, s.F32) })
}

func pictureShape(s *data.Set) (report.Geometry, error) {
	h, w, c := shapeOf(s)
	if h == 0 {
		return report.Geometry{}, wrong("rows of %d numbers are not known to be images: choose another ending than .png, as in -o out.csv", s.Cols)
	}
	return report.Geometry{Height: h, Width: w, Channels: c}, nil
}
