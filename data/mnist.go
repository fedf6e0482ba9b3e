package data

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mnistNames are the spellings in use of the four files of MNIST and the sets that follow its layout.
var mnistNames = [][2]string{
	{"-images-idx3-ubyte", "-labels-idx1-ubyte"},
	{"-images.idx3-ubyte", "-labels.idx1-ubyte"},
}

// isMNIST says whether a folder has the first file of MNIST's layout.
func isMNIST(dir string) bool {
	return slices.ContainsFunc(mnistNames, func(n [2]string) bool { return packedOrNot(filepath.Join(dir, "train"+n[0])) != "" })
}

// openMNIST reads a folder in MNIST's layout: train-images-idx3-ubyte and, where they are there,
// train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, each with or without .gz.
func openMNIST(ctx context.Context, dir string) (*Source, error) {
	var images []string
	for _, part := range []string{"train", "t10k"} {
		for _, n := range mnistNames {
			if p := packedOrNot(filepath.Join(dir, part+n[0])); p != "" {
				images = append(images, p)
				break
			}
		}
	}
	sets, err := openImages(ctx, images)
	if err != nil {
		return nil, err
	}
	src := &Source{Train: sets[0]}
	if len(sets) == 2 {
		src.Test = sets[1]
		if src.Test.Cols != src.Train.Cols {
			return nil, wrong(images[1], "%d columns: expected %d as in %s", src.Test.Cols, src.Train.Cols, images[0])
		}
	}
	return src, nil
}

// openImages reads IDX files of examples, each with the labels that lie beside it, if any. A class means the same in
// all of them.
func openImages(ctx context.Context, images []string) ([]*Set, error) {
	var sets, labelled []*Set
	var paths []string
	var values [][]float64
	for _, p := range images {
		s, err := openIDX(ctx, p)
		if err != nil {
			return nil, err
		}
		sets = append(sets, s)
		if l := labelsBeside(p); l != "" {
			v, err := openIDXLabels(ctx, l)
			if err != nil {
				return nil, err
			}
			labelled, paths, values = append(labelled, s), append(paths, l), append(values, v)
		}
	}
	return sets, attach(labelled, paths, values)
}

// labelsBeside returns the file of labels that MNIST's naming puts beside a file of images, "" where there is none.
func labelsBeside(images string) string {
	dir, base := filepath.Split(images)
	for _, n := range mnistNames {
		if stem, ok := strings.CutSuffix(strings.TrimSuffix(base, ".gz"), n[0]); ok {
			return packedOrNot(filepath.Join(dir, stem+n[1]))
		}
	}
	return ""
}

// isLabelsName says whether a file is named as MNIST names its labels.
func isLabelsName(path string) bool {
	return slices.ContainsFunc(mnistNames, func(n [2]string) bool { return strings.HasSuffix(strings.TrimSuffix(path, ".gz"), n[1]) })
}

// packedOrNot returns path or path.gz, whichever is there, "" where neither is.
func packedOrNot(path string) string {
	for _, p := range []string{path, path + ".gz"} {
		if info, err := os.Stat(p); err == nil && !info.IsDir() {
			return p
		}
	}
	return ""
}
