package data

import (
	"errors"
	"path/filepath"
	"testing"
)

// TestChoicesThatAreNone refuses choices that a kind of data does not leave.
func TestChoicesThatAreNone(t *testing.T) {
	table := file(t, "a.csv", "a,b\n1,2\n3,4\n5,7\n")
	src, err := Open(t.Context(), table)
	if err != nil {
		t.Fatal(err)
	}
	parquet := filepath.Join(t.TempDir(), "a.parquet")
	if err := Write(parquet, src.Train); err != nil {
		t.Fatal(err)
	}
	images := filepath.Join(t.TempDir(), "a.idx")
	if err := Write(images, &Set{Rows: 2, Cols: 4, Height: 2, Width: 2, Channels: 1, U8: make([]uint8, 8)}); err != nil {
		t.Fatal(err)
	}
	none := []Reading{{Array: "x"}, {Header: "yes"}, {Label: "y"}, {Label: "none"}, {Columns: []string{"a"}}, {Drop: []string{"a"}}, {ID: "x"}, {Group: "g"}}
	for _, c := range []struct {
		name string
		how  []Reading
	}{
		{"builtin:glyphs", none}, {images, none}, {table, []Reading{{Array: "zzz"}}}, {filepath.Dir(table), []Reading{{Array: "zzz"}}},
		{parquet, []Reading{{Array: "zzz"}, {Header: "no"}, {Delimiter: ";"}, {Decimal: ","}}},
	} {
		for _, how := range c.how {
			if _, err := Read(t.Context(), c.name, how); !errors.As(err, new(*Error)) {
				t.Errorf("%s: %+v: %v", c.name, how, err)
			}
		}
		if c.name != "builtin:glyphs" {
			if _, err := Read(t.Context(), c.name, Reading{Header: "auto", ID: "none"}); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}
}
