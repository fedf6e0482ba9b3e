package data

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
)

// arrayFolder is a folder of NPY files that go with each other as the arrays of one archive do.
type arrayFolder struct {
	dir   string
	infos []*arrayInfo
	paths map[*arrayInfo]string
}

func (a *arrayFolder) where() string        { return a.dir }
func (a *arrayFolder) arrays() []*arrayInfo { return a.infos }

func (a *arrayFolder) read(ctx context.Context, want []*arrayInfo, use func(*arrayInfo, *stream) error) error {
	for _, info := range want {
		err := withFile(ctx, a.paths[info], func(s *stream) error {
			if _, err := readNPYHeader(s); err != nil {
				return err
			}
			return use(info, s)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// bundle returns the files as arrays of one archive, nil where they are shards: where one is named as no array of an
// archive is, where no values have labels beside them, or other labels than rows.
func (s *shards) bundle(ctx context.Context) (*arrayFolder, error) {
	a := &arrayFolder{dir: s.dir, paths: map[*arrayInfo]string{}}
	known := []string{idArray, classArray, columnsArray}
	for _, r := range bundleRoles {
		known = slices.Concat(known, r.values, r.labels)
	}
	for _, f := range s.files {
		base := filepath.Base(f.path)
		name, npy := strings.CutSuffix(base[:min(len(unpackedName(base)), len(base))], ".npy")
		if s.kind != "npy" || !npy || !slices.Contains(known, name) || find(a.infos, name) != nil {
			return nil, nil
		}
		info := &arrayInfo{name: name}
		err := withFile(ctx, f.path, func(s *stream) (err error) {
			info.npyHeader, err = readNPYHeader(s)
			return err
		})
		if err != nil {
			return nil, err
		}
		a.infos, a.paths[info] = append(a.infos, info), f.path
	}
	pairs := 0
	for _, r := range bundleRoles {
		values, labels := find(a.infos, r.values...), find(a.infos, r.labels...)
		if labels == nil {
			continue
		}
		if pairs++; values == nil || len(values.shape) == 0 || product(labels.shape) != values.shape[0] {
			return nil, nil
		}
	}
	if pairs == 0 {
		return nil, nil
	}
	return a, nil
}

// source reads the arrays as those of an archive.
func (a *arrayFolder) source(ctx context.Context, how *Reading, ignored []string) (*Source, error) {
	src, err := readBundle(ctx, a, how)
	if err != nil {
		return nil, err
	}
	line := a.dir + ": files of NPY, by their names arrays of one archive"
	if ignored != nil {
		line += "; left out: " + some(ignored)
	}
	src.Found = append([]string{line}, src.Found...)
	return src, nil
}
