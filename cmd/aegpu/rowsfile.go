package main

import (
	"context"
	"io"
	"slices"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/internal/joint"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/report"
)

// rowsFile is a file of rows that are made a few at a time, in the format of its ending; .png draws them, and a
// name that ends in / is a folder with a picture each.
type rowsFile struct {
	path    string
	rows    int
	set     int // rows after which those of another set begin, which are made apart; 0 for one set
	steps   int // rows that make a line of a picture, 0 for as many as look well
	columns int // of the file, once it is written

	ranks backend.Ranks // that make the rows together, the first of which writes them; nil for one

	lost string // the condition, where the format cannot hold it
}

// mostPictured is how many examples a picture shows.
const mostPictured = 10000

// check refuses a picture of too many examples.
func (w *rowsFile) check() error {
	if isPicture(w.path) && w.rows > mostPictured {
		return wrong("%s: %d examples: a picture shows %d at most: ask for fewer, or choose another ending than .png, as in -o out.csv",
			w.path, w.rows, mostPictured)
	}
	return nil
}

// mostRanks is how many ranks make rows at a time at the most: each of them holds a chunk of every one's.
const mostRanks = 64

// write writes the rows; produce returns n of them from row start on, with the context that it is given.
func (w *rowsFile) write(ctx context.Context, produce func(ctx context.Context, start, n int) (*data.Set, error)) error {
	if err := w.check(); err != nil {
		return err
	}
	if joint.Alone(w.ranks) {
		return w.writeAll(func(use func(*data.Set) error) error { return w.each(ctx, 1, produce, use) })
	}
	ctx = model.WithRanks(ctx, w.ranks)
	each := func(use func(*data.Set) error) error {
		return w.each(ctx, min(w.ranks.Size(), mostRanks), produce, use)
	}
	if joint.First(w.ranks) {
		return joint.Agree(w.ranks, w.writeAll(each))
	}
	return joint.Agree(w.ranks, each(func(*data.Set) error { return nil }))
}

// each hands on the rows, a chunk at a time of some that are made together.
func (w *rowsFile) each(ctx context.Context, chunks int, produce func(ctx context.Context, start, n int) (*data.Set, error), use func(*data.Set) error) error {
	tell := func(done int) { data.Progress(ctx, "writing "+w.path, int64(done), int64(w.rows)) }
	defer tell(w.rows)
	for at := 0; at < w.rows; {
		tell(at)
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(chunks*model.ChunkRows, w.rows-at)
		if w.set > 0 {
			n = min(n, w.set-at%w.set)
		}
		s, err := produce(ctx, at, n)
		if err != nil {
			return err
		}
		for from := 0; from < n; from += model.ChunkRows {
			part := s
			if n > model.ChunkRows {
				part = s.Part(from, min(model.ChunkRows, n-from))
			}
			if err := w.hand(part, use); err != nil {
				return err
			}
		}
		at += n
	}
	return nil
}

// hand hands a chunk on as the file holds it.
func (w *rowsFile) hand(s *data.Set, use func(*data.Set) error) error {
	held := false
	if s, held = s.Shown(w.path); s.Conditions != nil && !held && data.Writes(w.path) {
		w.lost = s.ConditionName
	}
	w.columns = s.Cols
	return use(s)
}

// writeAll writes the rows that each hands on.
func (w *rowsFile) writeAll(each func(use func(*data.Set) error) error) error {
	if isPicture(w.path) {
		return w.draw(each)
	}
	if isPictureFolder(w.path) {
		return w.drawEach(each)
	}
	return data.WriteRows(w.path, w.rows, each)
}

// draw draws all rows as one picture.
func (w *rowsFile) draw(each func(use func(*data.Set) error) error) error {
	var x []float32
	var shape report.Geometry
	known := false // whether the rows say what is black and white
	err := each(func(s *data.Set) (err error) {
		if x == nil {
			if shape, err = pictureShape(s); err != nil {
				return err
			}
			const pixels = 64 * 64 // a small example takes that many
			if err := hostmemory.Ask("the picture "+w.path, w.rows, max(s.Cols, pixels), 12); err != nil {
				return err
			}
			x = make([]float32, 0, w.rows*s.Cols)
		}
		row := make([]float32, s.Cols)
		for i := range s.Rows {
			s.Grey(row, i)
			x = append(x, row...)
		}
		known = s.IsBytes() || s.Black < s.White
		return nil
	})
	if err != nil {
		return err
	}
	if !known {
		toGrey(x)
	}
	return data.WriteAtomic(w.path, func(out io.Writer) error {
		if w.steps > 0 {
			return report.Interpolation(out, shape, x, w.steps)
		}
		return report.Samples(out, shape, x)
	})
}

// drawEach draws every row as a picture of its own.
func (w *rowsFile) drawEach(each func(use func(*data.Set) error) error) error {
	return data.WritePictures(w.path, w.rows, func(use func(*data.Set) error) error {
		return each(func(s *data.Set) error {
			shape, err := pictureShape(s)
			if err != nil {
				return err
			}
			image := *s
			image.Height, image.Width, image.Channels = shape.Height, shape.Width, shape.Channels
			return use(&image)
		})
	})
}

// toGrey brings values that nothing is known of to 0 for black and 1 for white; those about [0, 1] are left as they are.
func toGrey(x []float32) {
	lo, hi := slices.Min(x), slices.Max(x)
	if lo >= -1 && hi <= 2 || !(lo < hi) {
		return
	}
	black, white := data.GreyRange(float64(lo), float64(hi))
	for i, v := range x {
		x[i] = float32((float64(v) - black) / (white - black))
	}
}

func pictureShape(s *data.Set) (report.Geometry, error) {
	h, w, c := shapeOf(s)
	if h == 0 {
		return report.Geometry{}, wrong("rows of %d numbers are not known to be images: choose another ending than .png, as in -o out.csv", s.Cols)
	}
	return report.Geometry{Height: h, Width: w, Channels: c}, nil
}
