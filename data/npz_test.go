package data

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sbinet/npyio/npz"
)

func TestNPZArrays(t *testing.T) {
	write := func(arrays map[string]any) string {
		path := filepath.Join(t.TempDir(), "a.npz")
		w, err := npz.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range arrays {
			if err := w.Write(name, v); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	s := open(t, write(map[string]any{"X.npy": []float64{1, 2, 3}, "y.npy": []float64{-1, 1, -1}}))
	if !slices.Equal(s.Labels, []int32{0, 1, 0}) || !slices.Equal(s.Classes, []string{"-1", "1"}) {
		t.Errorf("labels %v of %v", s.Labels, s.Classes)
	}
	if s := open(t, write(map[string]any{"codes.npy": []float64{1, 2, 3}})); s.Rows != 3 || s.Labels != nil {
		t.Errorf("one array: %+v", s)
	}
	src, err := Open(context.Background(), write(map[string]any{"x_train.npy": []uint8{1, 2, 3}, "y_train.npy": []int64{0, 1, 5},
		"x_test.npy": []uint8{4, 5}, "y_test.npy": []int64{2, 0}}))
	if err != nil {
		t.Fatal(err)
	}
	if src.Test == nil || src.Test.Rows != 2 || !slices.Equal(src.Test.Labels, []int32{2, 0}) || len(src.Train.Classes) != 6 {
		t.Errorf("two parts: %+v, %+v", src.Train, src.Test)
	}
	for _, c := range []struct {
		arrays map[string]any
		words  []string
	}{
		{map[string]any{"a.npy": []int8{1}, "b.npy": []int8{1}}, []string{"no array named X", "--array", `"a" (int8 1)`}},
		{map[string]any{"X.npy": []int8{1}, "y.npy": []int8{1, 2}}, []string{"a.npz/y", "2 labels: expected 1"}},
		{map[string]any{"X.npy": []int8{1}, "y.npy": []float64{math.NaN()}}, []string{"a.npz/y", "row 1", "NaN"}},
		{map[string]any{"X.npy": []float64{math.Inf(1)}}, []string{"a.npz/X", "row 1", "infinite"}},
	} {
		_, err := Open(context.Background(), write(c.arrays))
		wantError(t, err, c.words...)
	}
}

func TestNPZRefusesDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npz")
	if err := Write(path, counted(2000)); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range map[string]string{
		"text": "hello", "empty": "", "cut": string(whole[:len(whole)/2]), "changed": flip(string(whole), len(whole)/2),
	} {
		_, err := Open(context.Background(), file(t, "a.npz", content))
		wantError(t, err, "a.npz", "expected")
	}
}
