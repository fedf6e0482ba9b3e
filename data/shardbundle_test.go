package data

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// numbersNPY is an NPY file of so many rows, flat or of two columns.
func numbersNPY(t *testing.T, rows, cols int) string {
	t.Helper()
	s := &Set{Name: "a", Rows: rows, Cols: cols}
	for i := range rows * cols {
		s.F32 = append(s.F32, float32(i%3))
	}
	path := filepath.Join(t.TempDir(), "a.npy")
	if err := Write(path, s); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Files that are named as the arrays of an archive are read as such where labels go with values; others as shards.
func TestFolderOfArraysWithLabels(t *testing.T) {
	two, one := numbersNPY(t, 6, 2), numbersNPY(t, 6, 1)
	for name, c := range map[string]struct {
		files      map[string]string
		how        Reading
		rows, test int
		classes    int
		said       string
	}{
		"pair":      {map[string]string{"X.npy": two, "y.npy": one, "README.md": ""}, Reading{}, 6, 0, 3, "arrays of one archive; left out: README.md"},
		"packed":    {map[string]string{"data.npy.gz": gzipped(t, two), "labels.npy": one}, Reading{}, 6, 0, 3, `labels "labels"`},
		"parts":     {map[string]string{"X_train.npy": two, "y_train.npy": one, "X_test.npy": two, "y_test.npy": one}, Reading{}, 6, 6, 3, "test part"},
		"none":      {map[string]string{"X.npy": two, "y.npy": one}, Reading{Label: "none"}, 6, 0, 0, "left out: \"y\""},
		"chosen":    {map[string]string{"X.npy": two, "y.npy": one}, Reading{Array: "y"}, 6, 0, 0, "array \"y\""},
		"shards":    {map[string]string{"a.npy": two, "b.npy": two}, Reading{}, 12, 0, 0, "2 files of NPY read as one"},
		"no labels": {map[string]string{"data.npy": two, "x.npy": two}, Reading{}, 12, 0, 0, "2 files of NPY read as one"},
	} {
		src, err := Read(t.Context(), shardFolder(t, c.files), c.how)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		test := 0
		if src.Test != nil {
			test = src.Test.Rows
		}
		if s := src.Train; s.Rows != c.rows || test != c.test || s.ClassesPresent() != c.classes || !strings.Contains(strings.Join(src.Found, "\n"), c.said) {
			t.Errorf("%s: %d and %d rows, %d classes, %q", name, s.Rows, test, s.ClassesPresent(), src.Found)
		}
	}
	_, err := Open(t.Context(), shardFolder(t, map[string]string{"X.npy": two, "y.npy": numbersNPY(t, 5, 1)}))
	wantError(t, err, "y.npy: 1 columns: expected 2 as in X.npy")
}
