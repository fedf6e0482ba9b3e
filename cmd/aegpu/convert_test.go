package main

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/data"
)

// opened is the training part of what is written under a name.
func opened(t *testing.T, name string, how data.Reading) *data.Set {
	t.Helper()
	src, err := data.Read(t.Context(), name, how)
	if err != nil {
		t.Fatal(err)
	}
	return src.Train
}

// A table comes through every format and back: names, classes, kinds and cells, as far as the format has them.
func TestConvertTable(t *testing.T) {
	table, out := mixedTable(t), t.TempDir()
	for _, f := range tableFormats {
		file := filepath.Join(out, "rows"+f)
		o := must(t, "data", "convert", table, file, "--label", "grade", "--types", "visits=count")
		if lines := strings.Count(o.err, "wrote "); lines != 1 || o.out != "" || !strings.Contains(o.err, "read "+table+" (train): 80 rows of 4 numbers, float64; wrote "+file) {
			t.Errorf("%s: said %q %q", f, o.out, o.err)
		}
		sameTable(t, table, file)
		if strings.Contains(f, "np") || f == ".safetensors" { // which say so, or keep it in ways of their own
			continue
		}
		back := filepath.Join(t.TempDir(), "back.csv")
		must(t, "data", "convert", file, back, "--label", "grade", "--types", "visits=count", "-q")
		if got, want := string(contents(t, back)), string(contents(t, out, "rows.csv")); got != want {
			t.Errorf("%s: %.200s, want %.200s", f, got, want)
		}
	}
	readByPython(t, out)
}

// Missing cells stay missing, numbers that float32 would blur stay as they are, and dates that are asked for are dates.
func TestConvertCells(t *testing.T) {
	text := "id,v,city,day\na,1700000001.25,Bern,2024-01-01\nb,,Oslo,2024-02-01\nc,0.1,,2024-03-01\nd,3,Oslo,\ne,5,Bern,2024-01-01\nf,7,Bern,2024-01-01\n"
	table, out := written(t, "cells.csv", text), t.TempDir()
	for _, f := range []string{".tsv", ".csv.gz", ".csv.zst", ".parquet", ".feather"} {
		file, back := filepath.Join(out, "cells"+f), filepath.Join(out, "back.csv")
		must(t, "data", "convert", table, file, "--types", "day=date", "-q")
		must(t, "data", "convert", file, back, "--types", "day=date", "-q")
		if got := string(contents(t, back)); got != text {
			t.Errorf("%s: %s", f, got)
		}
	}
	for _, f := range []string{".npy", ".npz", ".safetensors"} {
		file := filepath.Join(out, "cells"+f)
		v := must(t, "data", "convert", table, file, "--columns", "v", "--json").object(t)
		if lost := fmt.Sprint(v["lost"]); !strings.Contains(lost, "which cells are missing (they are NaN)") || v["type"] != "float64" || number64(t, v, "columns") != 1 {
			t.Errorf("%s: %v", f, v)
		}
		if b := contents(t, file); f != ".npz" { // packed; the others end with the six numbers
			var got [6]float64
			if _, err := binary.Decode(b[len(b)-48:], binary.LittleEndian, &got); err != nil || got[0] != 1700000001.25 || got[1] == got[1] || got[2] != 0.1 || got[5] != 7 {
				t.Errorf("%s: %v %v", f, got, err)
			}
		}
	}
}

// Images of bytes stay bytes, in their shape, with their classes, through every format that has such; tables of pixels
// become images again.
func TestConvertImages(t *testing.T) {
	pictures, out := pictureFolder(t), t.TempDir()
	want := opened(t, pictures, data.Reading{})
	before, was := pictures, "red/00.png"
	for _, f := range []string{"a.npz", "b.safetensors", "c/", "d.csv", "e.npz", "f.npy", "g.idx.gz", "h.parquet", "i.arrow", "j.npz"} {
		file := filepath.Join(out, f)
		args := []string{"data", "convert", before, file}
		if strings.HasSuffix(f, "/") {
			args[3] += "/"
		}
		how := data.Reading{}
		if f == "e.npz" || f == "i.arrow" || f == "j.npz" {
			args = append(args, "--layout", "8x10x3")
		}
		if f == "d.csv" || f == "h.parquet" || f == "i.arrow" {
			how.Layout = "8x10x3"
		}
		o := must(t, args...)
		got := opened(t, file, how)
		for i := range want.Rows * want.Cols {
			v := got.At(i/want.Cols, i%want.Cols)
			if got.U8 != nil {
				v *= 255
			}
			if d := v - float64(want.U8[i]); got.Cols != want.Cols || got.Height != 8 || d > 1e-3 || d < -1e-3 {
				t.Fatalf("%s: value %d: %g, want %d; height %d", f, i, v, want.U8[i], got.Height)
			}
		}
		if labels := f < "f"; labels && (!slices.Equal(got.Labels, want.Labels) || !slices.Equal(got.Classes, want.Classes) || got.IDs[20] != was) {
			t.Errorf("%s: classes %q, names of rows %q", f, got.Classes, got.IDs)
		}
		if lost := strings.Contains(o.err, "not kept: names of rows, labels"); lost != (f == "f.npy") {
			t.Errorf("%s said %s", f, o.err)
		}
		before = file
	}
	edge := written(t, "edge.csv", "p,q,r,s\n0,5,17,9\n1,7,250,3\n0,9,8,1\n") // a pixel that is 0 or 1 may be yes/no, and is none here
	must(t, "data", "convert", edge, filepath.Join(out, "edge.npy"), "--layout", "2x2")
	if s := opened(t, filepath.Join(out, "edge.npy"), data.Reading{}); s.Height != 2 || s.At(1, 0) != 1 || s.At(1, 2) != 250 {
		t.Error(s.Height, s.F32)
	}
	must(t, "data", "convert", pictures, filepath.Join(out, "grid.png"))
	if b := decoded(t, out, "grid.png").Bounds(); b.Dx() < 40 {
		t.Error(b)
	}
}

// Of data with parts of their own one is chosen; without names of rows the pictures are numbered within their classes.
func TestConvertPart(t *testing.T) {
	out := t.TempDir()
	dir := filepath.Join(out, "parts")
	put(t, filepath.Join(dir, "train.csv"), "a,b\n1,2\n3,4\n")
	put(t, filepath.Join(dir, "test.csv"), "a,b\n5,6\n")
	if o := command(t.Context(), "data", "convert", dir, filepath.Join(out, "x.npy")); o.code != 2 || !strings.Contains(o.err, "has the parts train, test, and a file holds one: choose it with --part") {
		t.Error(o)
	}
	must(t, "data", "convert", dir, filepath.Join(out, "x.tsv"), "--part", "test")
	if got := string(contents(t, out, "x.tsv")); got != "a\tb\n5\t6\n" {
		t.Errorf("%q", got)
	}
	must(t, "data", "convert", waves(t, "waves.npz", 12), filepath.Join(out, "new")+"/", "--layout", "4x4")
	if s := opened(t, filepath.Join(out, "new"), data.Reading{}); s.Rows != 12 || len(s.Classes) != 2 || !strings.Contains(strings.Join(s.IDs, " "), "1/09.png") {
		t.Error(s.IDs, s.Classes)
	}
}

// The data that are read are never written over, under whatever name.
func TestConvertOntoItself(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "in/a.csv", "x,y\n1,2\n")
	for to, want := range map[string]string{"in/a.csv": "is in/a.csv, which is read", "./in/../in/a.csv": "which is read"} {
		if o := command(t.Context(), "data", "convert", "in/a.csv", to); o.code != 2 || !strings.Contains(o.err, want) {
			t.Errorf("%s: %v", to, o)
		}
	}
	put(t, "in/deep/c.csv", "x,y\n1,2\n")
	for _, to := range []string{"in/b.csv", "in/b/", "in/deep/c.csv"} {
		if o := command(t.Context(), "data", "convert", "in", to); o.code != 2 || !strings.Contains(o.err, "is in in, which is read") {
			t.Errorf("%s: %v", to, o)
		}
	}
	if got := string(contents(t, "in/a.csv")); got != "x,y\n1,2\n" {
		t.Error(got)
	}
}
