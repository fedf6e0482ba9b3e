package data

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// columns reads tables of files that keep columns apart: what their columns are is decided by all of them together.
func (s *shards) columns(ctx context.Context, how *Reading) (*Source, error) {
	j := &joined{asText: map[string]bool{}}
	said := ""
	for k := 0; k < len(s.files); k++ {
		before := len(j.asText)
		t, written, err := columnarFrame(ctx, s.kind, s.files[k].path, how, j.asText)
		if err != nil {
			return nil, err
		}
		if k > 0 && len(j.asText) > before { // what is text in one file is in all of them
			*j, k = joined{asText: j.asText}, -1
			continue
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

// columnarFrame reads one file, and says how it is written. The columns long are kept as texts, and those are added that
// turn out to be too long for numbers.
func columnarFrame(ctx context.Context, kind, path string, how *Reading, long map[string]bool) (f *frame, written string, err error) {
	err = withRandom(ctx, path, kindNamesOf[kind], func(r *randomFile) error {
		read := arrowFrame
		if kind == "parquet" {
			read = parquetFrame
		}
		r.long = long
		for {
			t, said, err := read(r, how)
			if surprise, ok := errors.AsType[*surpriseError](err); ok {
				long[t.fields[surprise.column].name] = true
				continue
			}
			if err == nil {
				t.fillBlank()
				f, written = t.frame, said
			}
			return err
		}
	})
	return f, written, err
}

// openColumnar reads a table of such a file.
func openColumnar(ctx context.Context, kind, path string, how *Reading) (*Source, error) {
	f, written, err := columnarFrame(ctx, kind, path, how, map[string]bool{})
	if err != nil {
		return nil, err
	}
	return f.source(how, written)
}
