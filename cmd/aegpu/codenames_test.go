package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/data"
)

// picked is a table of some columns of another, in that order, under those names.
func picked(s *data.Set, columns []int, names ...string) *data.Set {
	t := &data.Set{Name: "picked", Rows: s.Rows, Cols: len(columns)}
	t.NameRows(s)
	for _, n := range names {
		t.Columns = append(t.Columns, data.Column{Name: n})
	}
	for i := range s.Rows {
		for _, j := range columns {
			t.F32 = append(t.F32, float32(s.At(i, j)))
		}
	}
	return t
}

// Codes are decoded by the names of their columns, in any order, among others and in every format that keeps names; what
// has other names is taken in its order and said.
func TestDecodeByName(t *testing.T) {
	table := mixedTable(t)
	dir := trainTiny(t, table, "--label", "grade")
	at := t.TempDir()
	file := func(name string) string { return filepath.Join(at, name) }
	encode := func(name string) string {
		must(t, "encode", dir, table, "-o", file(name), "-q")
		return file(name)
	}
	const inOrder = "taken in this order"
	want := ""
	decoded := func(codes, says string) {
		t.Helper()
		o := must(t, "decode", dir, codes, "-o", file("x.csv"), "--device", "cpu")
		_, got, _ := strings.Cut(string(contents(t, file("x.csv"))), "\n") // arrays call names of rows and labels otherwise
		if want == "" {
			want = got
		}
		if got != want || !strings.Contains(o.err, says) || strings.Contains(o.err, inOrder) != (says == inOrder) {
			t.Errorf("%s: said %swrote %.200s\nwant %.200s", codes, o.err, got, want)
		}
	}
	for _, ending := range []string{".csv", ".tsv", ".parquet", ".arrow", ".npz", ".safetensors"} {
		codes := encode("codes" + ending)
		decoded(codes, "")
		s := open(t, encode("plain.npz"))
		if kept := filepath.Ext(codes) != ".npz" && filepath.Ext(codes) != ".safetensors"; kept {
			s.IDName, s.LabelName = "code", "grade"
		}
		for _, c := range []struct {
			name, says string
			set        *data.Set
		}{
			{"turned", "", picked(s, []int{2, 0, 1}, "code_2", "code_0", "code_1")},
			{"more", "left out: b, which the model does not know", picked(s, []int{2, 0, 0, 1}, "code_2", "code_0", "b", "code_1")},
			{"others", inOrder, picked(s, []int{0, 1, 2}, "z0", "z1", "z2")},
		} {
			if err := data.Write(file(c.name+ending), c.set); err != nil {
				t.Fatal(err)
			}
			decoded(file(c.name+ending), c.says)
		}
		for name, set := range map[string]*data.Set{"code_1": picked(s, []int{2, 0, 1}, "code_2", "code_0", "b"), "not codes": picked(s, []int{2, 0, 1}, "a", "visits", "b")} {
			if err := data.Write(file("wrong"+ending), set); err != nil {
				t.Fatal(err)
			}
			if o := command(t.Context(), "decode", dir, file("wrong"+ending), "-o", file("y.npy"), "-q"); o.code != 2 || !strings.Contains(o.err, name) {
				t.Errorf("%s%s: exit %d: %s", name, ending, o.code, o.err)
			}
		}
	}
	must(t, "decode", dir, encode("codes.npy"), "-o", file("x.npy"), "-q") // without names, in its order
	must(t, "decode", dir, file("codes.csv"), "-o", file("y.npy"), "-q")
	if !bytes.Equal(contents(t, file("x.npy")), contents(t, file("y.npy"))) {
		t.Error("codes.npy is decoded to other values")
	}
}

// Names of rows and labels that are called as columns of codes are do not stand in for them.
func TestDecodeBesideSuchNames(t *testing.T) {
	text := strings.Replace(string(contents(t, mixedTable(t))), "code,height,colour,member,visits,grade", "code_0,height,colour,member,visits,code_1", 1)
	table := filepath.Join(t.TempDir(), "t.csv")
	put(t, table, text)
	as := []string{"--id", "code_0", "--label", "code_1"}
	dir := trainTiny(t, append([]string{table}, as...)...)
	at := t.TempDir()
	for _, ending := range []string{".csv", ".parquet"} {
		codes, back := filepath.Join(at, "codes"+ending), filepath.Join(at, "back.csv")
		must(t, append([]string{"encode", dir, table, "-o", codes, "-q"}, as...)...)
		must(t, "decode", dir, codes, "-o", back, "-q")
		must(t, append([]string{"reconstruct", dir, table, "-o", filepath.Join(at, "once.csv"), "-q"}, as...)...)
		a, b := readTable(t, back), readTable(t, filepath.Join(at, "once.csv"))
		for i := range b[1:] {
			for j, cell := range b[i+1] {
				if a[i+1][j] != cell {
					t.Fatalf("%s: row %d: %v by way of the codes, %v at once", ending, i+1, a[i+1], b[i+1])
				}
			}
		}
	}
}

// Deviations stand behind the codes in every format, and decode finds the codes among them.
func TestDeviationsOfCodes(t *testing.T) {
	table := waves(t, "waves.csv", 60)
	dir := trainTiny(t, table, "--model", "vae", "--latent", "2")
	file := func(name string) string { return filepath.Join(t.TempDir(), name) }
	codes, both, array := file("codes.csv"), file("both.csv"), file("both.npy")
	must(t, "encode", dir, table, "-o", codes, "-q")
	for _, name := range []string{both, array} {
		if o := must(t, "encode", dir, table, "--deviation", "-o", name, "--json").object(t); o["columns"] != 4.0 {
			t.Errorf("%s: %v", name, o)
		}
	}
	a, b, bare := open(t, codes), open(t, both), open(t, array)
	for i := range a.Rows {
		for j := range 4 {
			v := float32(b.At(i, j)) // of the shortest text
			if j < 2 && v != float32(a.At(i, j)) || j >= 2 && !(v > 0 && v < 10) || v != float32(bare.At(i, j)) {
				t.Fatalf("row %d, column %d: %g, as an array %g", i, j, v, bare.At(i, j))
			}
		}
	}
	if head, _, _ := strings.Cut(string(contents(t, both)), "\n"); !strings.Contains(head, "code_0,code_1,deviation_0,deviation_1") {
		t.Errorf("columns %s", head)
	}
	once, again := file("once.csv"), file("again.csv")
	must(t, "decode", dir, codes, "-o", once, "-q")
	must(t, "decode", dir, both, "-o", again, "-q")
	if !bytes.Equal(contents(t, once), contents(t, again)) {
		t.Error("codes among deviations are decoded to other values")
	}
	if o := command(t.Context(), "decode", dir, array, "-o", file("x.csv")); o.code != 2 {
		t.Errorf("rows of four numbers are decoded as codes of two: exit %d", o.code)
	}
}
