package data

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// openPicture reads one picture as a set of one row.
func openPicture(ctx context.Context, path string, how *Reading) (*Source, error) {
	t := &pictureTree{dir: path}
	t.parts[0] = []pictureFile{{path: path, id: filepath.Base(path)}}
	return t.source(ctx, how)
}

// source reads the pictures of the tree.
func (t *pictureTree) source(ctx context.Context, how *Reading) (*Source, error) {
	if err := t.refuse(how); err != nil {
		return nil, err
	}
	r := &pictureReader{tree: t, how: how, resize: how.Resize}
	if err := r.look(ctx); err != nil {
		return nil, err
	}
	if err := r.settle(); err != nil {
		return nil, err
	}
	labels, classes := t.byClass()
	src, sets := &Source{}, [3]*Set{}
	for i, part := range t.parts {
		if len(part) == 0 {
			continue
		}
		s, err := r.set(ctx, i)
		if err != nil {
			return nil, err
		}
		if how.Label != "none" && labels[i] != nil {
			s.Labels, s.Classes = labels[i], classes
		}
		sets[i] = s
	}
	src.Train, src.Val, src.Test = sets[0], sets[1], sets[2]
	if how.Label == "none" {
		classes = nil
	}
	r.say(src, classes)
	return src, nil
}

// refuse refuses choices that pictures do not have.
func (t *pictureTree) refuse(how *Reading) error {
	label, id := how.Label, how.ID
	if label == "none" {
		label = ""
	}
	if id == "none" {
		id = ""
	}
	header := how.Header
	if header == "auto" {
		header = ""
	}
	for _, c := range []struct{ field, value string }{
		{"Header", header}, {"Delimiter", how.Delimiter}, {"Decimal", how.Decimal}, {"ID", id}, {"Label", label}, {"Group", how.Group},
		{"Columns", strings.Join(how.Columns, ",")}, {"Drop", strings.Join(how.Drop, ",")}, {"Types", strings.Join(how.Types, ",")}, {"Array", how.Array},
	} {
		if c.value != "" {
			return &ReadingError{c.field, fmt.Sprintf("is %s, but %s holds pictures, which have no such thing: expected none", clip(c.value), t.dir)}
		}
	}
	return nil
}

// pictureReader reads the pictures of a tree, all brought to one shape.
type pictureReader struct {
	tree   *pictureTree
	how    *Reading
	resize string // as asked for, or as for the model

	heads                   [3][]pictureHead
	width, height, channels int
	other, deep, turned     int // pictures with fewer channels, with more than 8 bits, that are turned
}

// look reads the heads of all pictures.
func (r *pictureReader) look(ctx context.Context) error {
	for i, part := range r.tree.parts {
		for _, p := range part {
			if err := ctx.Err(); err != nil {
				return err
			}
			var head pictureHead
			err := withPicture(p.path, func(f io.ReadSeeker, size int64) (err error) {
				head, err = readHead(p.path, f, size)
				return err
			})
			if err != nil {
				return err
			}
			r.heads[i] = append(r.heads[i], head)
		}
	}
	return nil
}

// settle decides on the shape that all pictures get.
func (r *pictureReader) settle() error {
	if as := r.how.As; r.how.Resize == "" && as != nil && as.Images != nil && as.Images.Resized {
		r.resize = fmt.Sprintf("%dx%d", as.Images.Width, as.Images.Height)
	}
	var first *pictureHead
	var at string
	for i, part := range r.heads {
		for k := range part {
			h := &part[k]
			if first == nil {
				first, at = h, r.tree.parts[i][k].path
			}
			if r.resize == "" && (h.width != first.width || h.height != first.height) {
				return wrong(r.tree.parts[i][k].path, "a picture of %s, but %s is of %s: expected one size; --resize %s brings all to that",
					h.size(), at, first.size(), first.size())
			}
			r.channels = max(r.channels, h.channels)
		}
	}
	r.width, r.height = first.width, first.height
	if size, ok := sides(r.resize, 2); ok {
		if r.width, r.height = size[0], size[1]; product(size) > maxResized {
			return &ReadingError{"Resize", fmt.Sprintf("is %s: expected %d million pixels at most", r.resize, maxResized>>20)}
		}
	}
	if as := r.how.As; as != nil && as.Images != nil {
		r.channels = as.Images.Channels
		if as.Images.Width != r.width || as.Images.Height != r.height {
			return wrong(r.tree.dir, "pictures of %dx%d: expected %dx%d, as in the data that the model was trained on; --resize %dx%d brings them to that",
				r.width, r.height, as.Images.Width, as.Images.Height, as.Images.Width, as.Images.Height)
		}
	}
	for _, part := range r.heads {
		for _, h := range part {
			if h.channels != r.channels {
				r.other++
			}
			if h.deep {
				r.deep++
			}
			if h.turn > 1 {
				r.turned++
			}
		}
	}
	return nil
}

// set reads the pictures of a part.
func (r *pictureReader) set(ctx context.Context, i int) (*Set, error) {
	part := r.tree.parts[i]
	s := &Set{Name: r.tree.dir, Rows: len(part), Cols: r.width * r.height * r.channels, IDName: "file"}
	if r.tree.divided {
		s.Name = filepath.Join(r.tree.dir, strings.SplitN(part[0].id, "/", 2)[0])
	}
	s.Height, s.Width, s.Channels, s.resized = r.height, r.width, r.channels, r.resize != ""
	total := product([]int{s.Rows, s.Cols})
	if total < 0 {
		return nil, wrong(s.Name, "%d pictures of %dx%d: expected fewer, or smaller ones by --resize", s.Rows, r.width, r.height)
	}
	ask := func(n int64) error {
		return (&stream{ctx: ctx, path: s.Name}).ask(n, "pixels")
	}
	if err := ask(int64(total)); err != nil {
		return nil, err
	}
	defer func() { Progress(ctx, "reading "+s.Name, int64(len(part)), int64(len(part))) }()
	for k, p := range part {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		Progress(ctx, "reading "+s.Name, int64(k), int64(len(part)))
		h := r.heads[i][k]
		// Decoded, as bytes, half resampled.
		if need := 12*int64(h.width)*int64(h.height) + 32*int64(max(r.width, r.height))*int64(max(h.width, h.height)); need > 64<<20 {
			if err := ask(need); err != nil {
				return nil, err
			}
		}
		err := withPicture(p.path, func(f io.ReadSeeker, _ int64) (err error) {
			s.U8, err = decodePicture(s.U8, p.path, f, h, r.width, r.height, r.channels)
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(s.U8) != (k+1)*s.Cols {
			return nil, wrong(p.path, "other pixels than it had a moment ago: expected a file that stays as it is")
		}
		if r.how.ID != "none" {
			s.IDs = append(s.IDs, p.id)
		}
	}
	s.U8 = slices.Clip(s.U8)
	return s, nil
}

// say tells what was found.
func (r *pictureReader) say(src *Source, classes []string) {
	m := Images{Height: r.height, Width: r.width, Channels: r.channels}
	all := len(r.heads[0]) + len(r.heads[1]) + len(r.heads[2])
	text := fmt.Sprintf("%d pictures of %s", all, m)
	if r.resize != "" {
		text += ", resampled (--resize)"
	}
	if r.tree.divided {
		text += fmt.Sprintf("; by sub-folder %d are for training, %d for validation, %d for the test", len(r.heads[0]), len(r.heads[1]), len(r.heads[2]))
	}
	src.found("%s", text)
	if classes != nil {
		src.found("%d classes, named as their sub-folders: %s (--label none leaves them out)", len(classes), Listed(classes))
	}
	if r.other > 0 {
		src.found("%d of the pictures have other channels and are brought to %s", r.other, strings.SplitN(m.String(), ", ", 2)[1])
	}
	if r.deep > 0 {
		src.found("%d of the pictures have 16 bits a channel and are read as 8; an array keeps them", r.deep)
	}
	if r.turned > 0 {
		src.found("%d of the pictures are turned as their Exif orientation says", r.turned)
	}
	if n := r.tree.left; n > 0 {
		src.found("%d files are left out, as they are hidden, no pictures by their endings (%s), or in none of the parts: %s",
			n, strings.Join(pictureEndings, " "), Listed(r.tree.ignored))
	}
}
