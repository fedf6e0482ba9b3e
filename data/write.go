package data

import (
	"bufio"
	"errors"
	"io"
)

// Write writes a set to path in the format of its ending, as [WriteAtomic] does: .npy (features alone), .npz (X, y
// for labels, and the names ids, classes and columns), .safetensors (X, labels, and names in the metadata), .csv and .tsv (names of rows first, categories by the names of their levels, labels as a last column
// "label"), .parquet, .arrow and .feather (as .csv, with types: counts as whole numbers, categories as texts, dates as
// moments), .idx (features alone, as bytes: floats are clipped to [0,1] and rounded to the nearest v/255), and any but
// .npz and those of columns with .gz or .zst behind it. NPY and NPZ hold a category as the number of its level.
//
// An unknown ending, a folder that is not there, or an inconsistent set is an [*Error]; other errors are the machine's.
func Write(path string, s *Set) error {
	if err := s.Validate(); err != nil {
		return err
	}
	return writeParts(path, s.Rows, func(use func(*Set) error) error { return use(s) })
}

// WriteRows writes rows that come a few at a time, the same bytes as Write would write of all at once: each hands part
// after part to use, of so many rows in all. No more is held than a part (and, in an NPZ file, the labels). Where each
// returns an error, that is returned and path is as it was.
//
// Parts that differ in their columns, in how they are stored, or in whether they have labels and names of rows, and
// another number of rows than that, are an [*Error] besides what Write says.
func WriteRows(path string, rows int, each func(use func(*Set) error) error) error {
	return writeParts(path, rows, func(use func(*Set) error) error {
		return each(func(s *Set) error {
			if err := s.Validate(); err != nil {
				return err
			}
			return use(s)
		})
	})
}

// Written are the endings of files that Write makes, in words.
const Written = ".csv, .tsv, .npy, .npz, .safetensors, .parquet, .arrow, .feather or .idx"

// Writes says whether Write makes files of that name's ending.
func Writes(path string) bool {
	kind := format(path)
	return kind != "" && kind != "mtx" && kind != "txt"
}

// partWriter writes a file of rows that come in parts.
type partWriter interface {
	begin(first *Set, rows int) error // first is the first part, rows counts those of all
	part(s *Set) error
	end() error
}

func writeParts(path string, rows int, each func(use func(*Set) error) error) error {
	kind := format(path)
	if !Writes(path) {
		return wrong(path, "unknown kind of file to write: expected a name ending in %s", Written)
	}
	return WriteAtomic(path, func(w io.Writer) error {
		z, err := packer(path, w)
		if err != nil {
			return err
		}
		if z == nil {
			return (&parts{path: path, w: newPartWriter(kind, w), left: rows}).write(each)
		}
		if err := (&parts{path: path, w: newPartWriter(kind, z), left: rows}).write(each); err != nil {
			return err
		}
		return z.Close()
	})
}

func newPartWriter(kind string, w io.Writer) partWriter {
	b := bufio.NewWriterSize(w, 1<<16)
	switch kind {
	case "npy":
		return &npyWriter{b: b}
	case "npz":
		return &npzWriter{w: w}
	case "safetensors":
		return &tensorWriter{w: w}
	case "csv":
		return newCSVWriter(w, ',')
	case "tsv":
		return newCSVWriter(w, '\t')
	case "parquet":
		return &parquetWriter{b: b}
	case "arrow":
		return &arrowWriter{b: b}
	}
	return &idxWriter{b: b}
}

// parts checks that what comes makes one set.
type parts struct {
	path  string
	w     partWriter
	first *Set // the first part, without its rows
	left  int  // rows to come
}

func (p *parts) write(each func(use func(*Set) error) error) error {
	if c, ok := p.w.(interface{ close() }); ok {
		defer c.close()
	}
	if err := each(p.use); err != nil {
		return err
	}
	if p.first == nil || p.left != 0 {
		return wrong(p.path, "%d rows too few were given to write", p.left)
	}
	return p.w.end()
}

func (p *parts) use(s *Set) error {
	if p.first == nil {
		if err := p.named(p.w.begin(s.Head(0).stored(), p.left)); err != nil {
			return err
		}
		p.first = s.Head(0)
	}
	f := p.first
	switch {
	case s.Rows > p.left:
		return wrong(p.path, "%d rows too many were given to write", s.Rows-p.left)
	case s.Cols != f.Cols || s.IsBytes() != f.IsBytes() || s.IsFloat64() != f.IsFloat64() ||
		(s.Labels == nil) != (f.Labels == nil) || (s.IDs == nil) != (f.IDs == nil):
		return wrong(p.path, "a part of %d columns does not go on a file of %d: expected the same columns, storage, labels and names of rows",
			s.Cols, f.Cols)
	}
	p.left -= s.Rows
	return p.named(p.w.part(s.stored()))
}

// named gives an Error of a writer the file's name.
func (p *parts) named(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Path == "" {
		e.Path = p.path
	}
	return err
}
