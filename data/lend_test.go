//go:build linux

package data

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// What is lent is there for who has borrowed it when the lender is gone, and for nobody who comes later.
func TestLend(t *testing.T) {
	text := "id,kind,colour,height,visits\n"
	for range 20 {
		text += "a,calm,red,1.5,3\nb,wild,,0.1,4\nc,calm,green,-2,0\n"
	}
	path := file(t, "table.csv", text)
	for _, memory := range []int64{0, 1 << 30} {
		mine, theirs := NewDisk(memory, t.TempDir()), NewDisk(memory, t.TempDir())
		defer theirs.Close()
		ctx := WithDisk(context.Background(), mine)
		src, err := Read(ctx, path, Reading{Label: "kind", Target: []string{"height"}})
		if err != nil {
			t.Fatal(err)
		}
		want := Fingerprint(src.Train)
		outline, err := src.Outline()
		if err != nil {
			t.Fatal(err)
		}
		loan, err := src.Lend(ctx)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Borrow(WithDisk(context.Background(), theirs), outline, loan.Lent)
		if err != nil {
			t.Fatal(err)
		}
		for change, lent := range map[string][]Lent{"another file": loan.Lent, "fewer rows": loan.Lent, "one set": loan.Lent[:1]} {
			other := append([]Lent{}, lent...)
			switch change {
			case "another file":
				other[1].Name += " of another"
			case "fewer rows":
				other[0].Bytes -= 8
			}
			if _, err := Borrow(WithDisk(context.Background(), theirs), outline, other); err == nil {
				t.Errorf("%s is borrowed", change)
			}
		}
		loan.Close()
		mine.Close()
		if now := Fingerprint(got.Train); now != want || !got.Train.OnDisk() || got.Val != nil || got.Test != nil {
			t.Errorf("with %d bytes of memory the rows that are borrowed are others", memory)
		}
		if _, err := Borrow(WithDisk(context.Background(), theirs), outline, loan.Lent); err == nil {
			t.Error("what is lent no more is borrowed")
		}
	}
}

// Data are decoded but where their numbers can be mapped as they lie.
func TestDecoded(t *testing.T) {
	numbers := &Set{Rows: 3, Cols: 4, F32: make([]float32, 12)}
	wide := &Set{Rows: 3, Cols: 1, F64: []float64{0.1, 0.2, 0.3}}
	pictures := &Set{Rows: 3, Cols: 64, Height: 8, Width: 8, Channels: 1, U8: make([]uint8, 3*64)}
	for _, c := range []struct {
		name string
		set  *Set
		want bool
	}{{"a.npy", numbers, false}, {"a.npy", wide, false}, {"a.npy", pictures, false}, {"a.idx", pictures, false}, {"a.idx", numbers, true},
		{"a.npy.gz", numbers, true}, {"a.idx.gz", pictures, true}, {"a.csv", numbers, true}, {"a.parquet", numbers, true}, {"a.npz", numbers, true}} {
		path := filepath.Join(t.TempDir(), c.name)
		if err := Write(path, c.set); err != nil {
			t.Fatal(err)
		}
		if got := Decoded(t.Context(), path); got != c.want {
			t.Errorf("%s of %d columns: decoded %v, want %v", c.name, c.set.Cols, got, c.want)
		}
		d := NewDisk(1<<30, t.TempDir()) // and then, and only then, are they mapped by who does not look at them
		defer d.Close()
		src, err := Read(WithDisk(context.Background(), d), path, Reading{Seen: true})
		if err != nil {
			t.Fatal(err)
		}
		if src.Train.OnDisk() == c.want {
			t.Errorf("%s of %d columns: on disk %v", c.name, c.set.Cols, src.Train.OnDisk())
		}
	}
	for name, descr := range map[string]string{"whole.npy": "<i8", "other-order.npy": ">f8"} {
		header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (2, 3), }", descr)
		header += strings.Repeat(" ", 117-len(header)) + "\n"
		path := file(t, name, "\x93NUMPY\x01\x00\x76\x00"+header+strings.Repeat("\x00", 48))
		if src, err := Open(t.Context(), path); err != nil || src.Train.Cols != 3 || !Decoded(t.Context(), path) {
			t.Errorf("%s is not decoded (%v)", name, err)
		}
	}
	if dir := t.TempDir(); !Decoded(t.Context(), dir) || !Decoded(t.Context(), "builtin:glyphs") {
		t.Error("folders and what is built in are not decoded")
	}
}
