package data

import (
	"context"
	"fmt"
	"path/filepath"
)

// columns reads tables of files that keep columns apart: what their columns are is decided by all of them together.
func (s *shards) columns(ctx context.Context, how *Reading) (*Source, error) {
	j := &joined{}
	said := ""
	for k, file := range s.files {
		t, written, err := columnarFrame(ctx, s.kind, file.path, how)
		if err != nil {
			return nil, err
		}
		j.starts, j.lines = append(j.starts, 0), append(j.lines, 0)
		if j.frame == nil {
			j.frame, said = t, written
			continue
		}
		j.starts[k] = j.rows
		order, err := s.match(k, j, t)
		if err != nil {
			return nil, err
		}
		for i, at := range order {
			if a, b := &j.fields[i], &t.fields[at]; (a.texts == nil) != (b.texts == nil) || (a.at < 0) != (b.at < 0) || a.dates != b.dates {
				return nil, s.other(k, "%s is of another type", t.title(at))
			}
		}
		j.below(t, order)
	}
	j.frame.path = s.dir
	src, err := j.frame.source(how, fmt.Sprintf("%s and so on in %s, %d rows in all", said, filepath.Base(s.files[0].path), j.rows))
	if err != nil {
		return nil, s.placed(err, j)
	}
	return src, s.divide(src, j)
}

// columnarFrame reads one file, and says how it is written.
func columnarFrame(ctx context.Context, kind, path string, how *Reading) (f *frame, written string, err error) {
	err = withRandom(ctx, path, kindNamesOf[kind], func(r *randomFile) error {
		var t *columnar
		var err error
		if kind == "parquet" {
			t, written, err = parquetFrame(r, how)
		} else {
			t, written, err = arrowFrame(r, how)
		}
		if err == nil {
			f = t.frame
		}
		return err
	})
	return f, written, err
}

// openColumnar reads a table of such a file.
func openColumnar(ctx context.Context, kind, path string, how *Reading) (*Source, error) {
	f, written, err := columnarFrame(ctx, kind, path, how)
	if err != nil {
		return nil, err
	}
	return f.source(how, written)
}
