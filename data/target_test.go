package data

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// targetTable writes a table whose column z is twice its column x, and a category.
func targetTable(t *testing.T, header bool) string {
	var b strings.Builder
	if header {
		b.WriteString("x,y,z,colour,name\n")
	}
	for i := range 40 {
		fmt.Fprintf(&b, "%g,%g,%g,%s,row%d\n", float64(i)+.5, float64(i%7)+.25, 2*(float64(i)+.5), []string{"red", "blue"}[i%2], i)
	}
	path := filepath.Join(t.TempDir(), "t.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// Columns that are targets are no inputs, keep their kinds, and stay beside their rows whatever becomes of these.
func TestTargetsOfATable(t *testing.T) {
	src, err := Read(t.Context(), targetTable(t, true), Reading{Target: []string{"z", "colour"}, ID: "name"})
	if err != nil {
		t.Fatal(err)
	}
	s := src.Train
	if !slices.Equal(namesOf(s.Columns), []string{"x", "y"}) || !slices.Equal(namesOf(s.Target.Columns), []string{"z", "colour"}) || s.Target.Columns[1].Kind != Category {
		t.Fatalf("inputs %v, targets %v", s.Columns, s.Target.Columns)
	}
	paired := func(what string, s *Set) {
		t.Helper()
		if err := s.Validate(); err != nil {
			t.Fatal(what, err)
		}
		for i := range s.Rows {
			if s.Target.At(i, 0) != 2*s.At(i, 0) {
				t.Fatalf("%s: the target of %g is %g", what, s.At(i, 0), s.Target.At(i, 0))
			}
		}
	}
	paired("whole", s)
	paired("head", s.Head(7))
	paired("part", s.Part(5, 9))
	paired("subset", s.Subset([]int{30, 2, 2, 11}))
	rest, held := Split(s, 3, 0.3)
	paired("rest", rest)
	paired("held", held)
	other, err := Read(t.Context(), targetTable(t, true), Reading{Target: []string{"z"}, ID: "name"})
	if err != nil || Fingerprint(other.Train) == Fingerprint(s) {
		t.Errorf("%v; other targets have the same fingerprint", err)
	}
	plain, err := Read(t.Context(), targetTable(t, false), Reading{Target: []string{"3"}, ID: "5", Drop: []string{"4"}})
	if err != nil {
		t.Fatal(err)
	}
	paired("without a header", plain.Train)
}

// Targets that there are none of, or that are something else too, are refused.
func TestTargetsThatAreNone(t *testing.T) {
	table := targetTable(t, true)
	dir := t.TempDir()
	array, short := filepath.Join(dir, "x.npy"), filepath.Join(dir, "y.npy")
	for path, rows := range map[string]int{array: 6, short: 5} {
		if err := Write(path, &Set{Rows: rows, Cols: 2, F32: make([]float32, 2*rows)}); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.SplitAfter(textOf(t, table), "\n")
	slices.Reverse(lines[1:])
	turned := filepath.Join(dir, "turned.csv")
	if err := os.WriteFile(turned, []byte(strings.Join(lines, "")), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		data string
		how  Reading
		want string
	}{
		{table, Reading{Target: []string{"gone"}}, `no column "gone"`},
		{table, Reading{Target: []string{"z"}, Columns: []string{"x", "3"}}, `z is a target and among the columns to train on`},
		{table, Reading{Target: []string{"z"}, Drop: []string{"3"}}, "z is a target and dropped"},
		{table, Reading{Target: []string{"z", "z"}}, `names "z" twice`},
		{table, Reading{Target: []string{"z", "name"}}, "it cannot be a target: text"},
		{table, Reading{Target: []string{filepath.Join(dir, "gone.csv")}}, "gone.csv: no such file"},
		{table, Reading{Target: []string{turned}}, `row 1: the target of "row39" beside the row "row0"`},
		{table, Reading{Target: []string{"z"}, Label: "z"}, `z is a target and asked for as something else`},
		{table, Reading{Target: []string{"name"}, ID: "name"}, `name is a target and asked for as something else`},
		{table, Reading{Target: []string{"x", "y", "z", "colour"}, ID: "name"}, "columns of use found: expected at least one of each"},
		{array, Reading{Target: []string{short}}, "5 targets: expected one for each of 6 rows"},
		{array, Reading{Target: []string{"y"}}, "has neither columns nor arrays of a name"},
		{array, Reading{Target: []string{array, short}}, "names 2 arrays or files: expected one"},
		{array, Reading{Target: []string{short}, TestData: array}, "is a file, and there are data for the test"},
		{StandardInput, Reading{Target: []string{"z"}}, "standard input, which comes once"},
	} {
		_, err := Read(WithInput(t.Context(), strings.NewReader("x,z\n1,2\n")), c.data, c.how)
		var bad *Error
		var wrong *ReadingError
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.As(err, &bad) && !errors.As(err, &wrong) {
			t.Errorf("%+v: %v: expected %q", c.how, err, c.want)
		}
	}
}

func textOf(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Targets of an archive with parts of its own are those of each part.
func TestTargetsOfParts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parts.npz")
	var members []string
	for name, rows := range map[string]int{"x_train": 5, "y_train": 5, "x_test": 3, "y_test": 3} {
		file := filepath.Join(t.TempDir(), "a.npy")
		if err := Write(file, &Set{Rows: rows, Cols: 2, F32: make([]float32, 2*rows)}); err != nil {
			t.Fatal(err)
		}
		members = append(members, name, textOf(t, file))
	}
	if err := os.WriteFile(path, npzOf(t, members...), 0o666); err != nil {
		t.Fatal(err)
	}
	src, err := Read(t.Context(), path, Reading{Target: []string{"y_train"}})
	if err != nil {
		t.Fatal(err)
	}
	if src.Train.Rows != 5 || src.Train.Target.Rows != 5 || src.Test.Rows != 3 || src.Test.Target == nil || src.Test.Target.Rows != 3 {
		t.Errorf("%+v, %+v", src.Train, src.Test)
	}
}
