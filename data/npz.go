package data

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// npzNames are the names under which archives keep their arrays, by role; the first that is there is taken.
var npzNames = struct{ x, y, testX, testY []string }{
	x:     []string{"X", "x", "X_train", "x_train", "train_images"},
	y:     []string{"y", "Y", "Y_train", "y_train", "train_labels"},
	testX: []string{"X_test", "x_test", "test_images"},
	testY: []string{"Y_test", "y_test", "test_labels"},
}

// openNPZ reads the arrays X and, where it is there, y of an archive; x_train, y_train, x_test and y_test give two
// parts. An archive with one array under another name is taken to hold X.
func openNPZ(ctx context.Context, path string) (*Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, pathError(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		if errors.Is(err, zip.ErrFormat) {
			return nil, &Error{Path: path, Msg: "not a zip archive, or one that is cut short: expected NPZ", Err: err}
		}
		return nil, err
	}
	return (&archive{ctx, path, info.Size(), z.File}).source()
}

// archive is an open NPZ file.
type archive struct {
	ctx   context.Context
	path  string
	size  int64 // of the archive
	files []*zip.File
}

// source reads the parts.
func (a *archive) source() (*Source, error) {
	x := a.find(npzNames.x)
	if x == nil && len(a.files) == 1 {
		x = a.files[0]
	}
	if x == nil {
		var have []string
		for _, f := range a.files {
			have = append(have, f.Name)
		}
		slices.Sort(have)
		return nil, wrong(a.path, "no array named X: expected X and perhaps y, found %s", strings.Join(have, ", "))
	}
	train, err := a.set(x)
	if err != nil {
		return nil, err
	}
	src := &Source{Train: train}
	var sets []*Set
	var ys []*zip.File
	labelled := func(s *Set, names []string) {
		if y := a.find(names); y != nil {
			sets, ys = append(sets, s), append(ys, y)
		}
	}
	labelled(train, npzNames.y)
	if x := a.find(npzNames.testX); x != nil {
		if src.Test, err = a.set(x); err != nil {
			return nil, err
		}
		if src.Test.Cols != train.Cols {
			return nil, wrong(src.Test.Name, "%d columns: expected %d as in %s", src.Test.Cols, train.Cols, train.Name)
		}
		labelled(src.Test, npzNames.testY)
	}
	return src, a.label(sets, ys)
}

// label reads one array of labels for each set.
func (a *archive) label(sets []*Set, ys []*zip.File) error {
	var paths []string
	var values [][]float64
	for _, y := range ys {
		err := a.with(y, func(s *stream) error {
			v, err := readNPYNumbers(s)
			paths, values = append(paths, s.path), append(values, v)
			return err
		})
		if err != nil {
			return err
		}
	}
	return attach(sets, paths, values)
}

// find returns the first array of the archive that has one of the names.
func (a *archive) find(names []string) *zip.File {
	for _, n := range names {
		for _, f := range a.files {
			if f.Name == n+".npy" || f.Name == n {
				return f
			}
		}
	}
	return nil
}

// set reads one array as examples.
func (a *archive) set(f *zip.File) (*Set, error) {
	var set *Set
	err := a.with(f, func(s *stream) (err error) {
		set, err = readNPY(s)
		return err
	})
	if err != nil {
		return nil, err
	}
	return set, nil
}

// with opens one member and hands its unpacked bytes to read.
func (a *archive) with(f *zip.File, read func(*stream) error) error {
	name := a.path + "/" + strings.TrimSuffix(f.Name, ".npy")
	r, err := f.Open()
	if err != nil {
		return zipFailed(name, err)
	}
	defer r.Close()
	// The directory's sizes are claims too; what deflate can make of the packed bytes is the surer bound.
	packed := int64(min(f.CompressedSize64, uint64(a.size)))
	most := int64(min(f.UncompressedSize64, uint64(packed+1)*maxDeflate))
	return zipFailed(name, read(&stream{ctx: a.ctx, path: name, r: r, most: most, hint: packed * 8}))
}

// zipFailed turns the archive's complaints into an Error about the member.
func zipFailed(name string, err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, zip.ErrChecksum):
		return &Error{Path: name, Msg: "the packed data is damaged: its checksum does not match", Err: err}
	case errors.Is(err, zip.ErrFormat), errors.As(err, &corrupt):
		return &Error{Path: name, Msg: "the packed data is damaged: expected a zip archive", Err: err}
	case errors.Is(err, zip.ErrAlgorithm):
		return &Error{Path: name, Msg: "packed by an unknown method: expected none or deflate", Err: err}
	}
	return err
}

// npzWriter writes X and, where there are labels, y. The members carry no time of their own, so that the same set gives
// the same bytes.
type npzWriter struct {
	w        io.Writer
	z        *zip.Writer
	x        npyWriter
	labelled bool
	labels   []int32 // so far
}

func (n *npzWriter) member(name string) (io.Writer, error) {
	return n.z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)})
}

func (n *npzWriter) begin(s *Set, rows int) error {
	n.z, n.labelled = zip.NewWriter(n.w), s.Labels != nil
	x, err := n.member("X.npy")
	if err != nil {
		return err
	}
	n.x.b = bufio.NewWriterSize(x, 1<<16)
	return n.x.begin(s, rows)
}

func (n *npzWriter) part(s *Set) error {
	n.labels = append(n.labels, s.Labels...)
	return n.x.part(s)
}

func (n *npzWriter) end() error {
	if err := n.x.end(); err != nil {
		return err
	}
	if n.labelled {
		y, err := n.member("y.npy")
		if err != nil {
			return err
		}
		if err := writeNPYLabels(y, n.labels); err != nil {
			return err
		}
	}
	return n.z.Close()
}
