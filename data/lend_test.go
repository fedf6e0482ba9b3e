//go:build linux

package data

import (
	"context"
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
