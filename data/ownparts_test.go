package data

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Rows of a part with data of its own are rows of the training part: columns by name, levels and classes counted as there.
func TestPartsOfTheirOwn(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	train := file("train.csv", "size,colour,label\n"+strings.Repeat("1.5,red,cat\n2.5,blue,dog\n0.5,green,emu\n", 10))
	test := file("test.csv", "label,colour,size\nemu,red,7.5\ndog,green,8.5\n")
	src, err := Read(t.Context(), train, Reading{TestData: test, ValData: test})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Set{src.Test, src.Val} {
		if s.Rows != 2 || !slices.Equal(s.Labels, []int32{2, 1}) || !slices.Equal(s.Classes, src.Train.Classes) || s.At(0, 0) != 7.5 || s.At(1, 0) != 8.5 {
			t.Fatalf("%+v", s)
		}
		if level := s.Columns[1].Levels[int(s.At(0, 1))]; level != "red" || !slices.Equal(s.Columns[1].Levels, src.Train.Columns[1].Levels) {
			t.Errorf("%q of %q", level, s.Columns[1].Levels)
		}
	}
	if !slices.ContainsFunc(src.Found, func(l string) bool { return strings.Contains(l, test+": the test part, 2 rows") }) {
		t.Errorf("found %q", src.Found)
	}
	for text, want := range map[string]string{
		"label,colour,size\nemu,red,7.5\nyak,green,8.5\n":   `row 2: class "yak" is none of the training rows': expected one of "cat" "dog" "emu"`,
		"label,colour,weight\nemu,red,7.5\ndog,green,8.5\n": `lacks 1 of the 2 columns that the model was trained on: "size"; it has "colour" "weight"`,
	} {
		_, err := Read(t.Context(), train, Reading{TestData: file("other.csv", text)})
		var bad *Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	// Rows without names are matched by their number.
	npz := filepath.Join(dir, "both.npz")
	both := &Set{Name: "both", Rows: 4, Cols: 2, F32: []float32{1, 2, 3, 4, 5, 6, 7, 8}}
	if err := Write(npz, both); err != nil {
		t.Fatal(err)
	}
	src, err = Read(t.Context(), npz, Reading{TestData: npz})
	if err != nil || src.Test.Rows != 4 || Common(src.Train, src.Test) != 4 {
		t.Errorf("%v, %+v", err, src)
	}
}

// A part may have levels that the training part does not: what they are taken for is decided later.
func TestAPartOfItsOwnMayHaveNewLevels(t *testing.T) {
	train := file(t, "train.csv", "city,n\n"+strings.Repeat("Oslo,1.5\nLyon,2.5\n", 8))
	for name, text := range map[string]string{"in its order": "city,n\nLyon,1\nGraz,2\n,3\nOslo,4\n", "swapped": "n,city\n1,Lyon\n2,Graz\n3,\n4,Oslo\n"} {
		src := mustRead(t, train, Reading{TestData: file(t, "test.csv", text)})
		if want := []string{"Lyon", "Oslo", "Graz"}; !slices.Equal(src.Test.Columns[0].Levels, want) || len(src.Train.Columns[0].Levels) != 2 {
			t.Errorf("%s: levels %q", name, src.Test.Columns[0].Levels)
		}
		if src.Test.At(0, 0) != 0 || src.Test.At(1, 0) != 2 || src.Test.At(2, 0) == src.Test.At(2, 0) || src.Test.At(3, 0) != 1 || src.Test.At(3, 1) != 4 {
			t.Errorf("%s: %v", name, src.Test.F32)
		}
		p, _ := both(t, src.Train, ColumnOptions{})
		m, err := p.Match(src.Test)
		if err != nil || m.At(1, 0) != 2 || p.Columns[0].Levels[2] != "(other)" {
			t.Errorf("%s: %v", name, err)
		}
		_, err = fitted(t, src.Train, PreparationOptions{}).MatchGaps(src.Test)
		wantError(t, err, `level "Graz" was not there`)
	}
}
