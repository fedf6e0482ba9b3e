package data

import (
	"fmt"
	"slices"
	"testing"
)

// A table without a header has its ids and labels where the training's had them, and later files may lack them.
func TestRolesByNumber(t *testing.T) {
	for _, ids := range []string{"u%d", "%d"} {
		row := func(i int, label string) string {
			return fmt.Sprintf(ids+",%d.5%s,%g", (i*7)%50+3, i*i, label, float64(i)/8)
		}
		path := file(t, "a.csv", rows("", 50, func(i int) string { return row(i, ","+[]string{"yes", "nope"}[i%2]) }))
		src := mustRead(t, path, Reading{ID: "1", Label: "3"})
		s := src.Train
		p, err := FitPreparation(s, PreparationOptions{})
		if err != nil {
			t.Fatal(err)
		}
		bare := file(t, "bare.csv", rows("", 50, func(i int) string { return row(i, "") }))
		inputs := file(t, "inputs.csv", rows("", 50, func(i int) string { return fmt.Sprintf("%d.5,%g", i*i, float64(i)/8) }))
		for _, c := range []struct {
			path    string
			how     Reading
			ids     bool
			classes int
		}{
			{path, Reading{}, true, 2}, {path, Reading{ID: "1", Label: "3"}, true, 2}, {path, Reading{ID: "none", Label: "none"}, false, 0},
			{bare, Reading{ID: "1"}, true, 0}, {inputs, Reading{}, false, 0},
		} {
			c.how.As = p
			again := mustRead(t, c.path, c.how).Train
			if !slices.Equal(again.F32, s.F32) || (again.IDs != nil) != c.ids || c.ids && !slices.Equal(again.IDs, s.IDs) || again.ClassesPresent() != c.classes {
				t.Errorf("%s, %+v: %d columns, ids %.3q, classes %q", c.path, c.how, again.Cols, again.IDs, again.Classes)
			}
		}
		if ids == "%d" {
			_, err = Read(t.Context(), bare, Reading{As: p})
			wantError(t, err, "3 columns: expected 2", "--id, --label and --drop say which are others", "bare.csv")
		}
		out := file(t, "out.csv", "")
		if err := Write(out, s); err != nil {
			t.Fatal(err)
		}
		if back := mustRead(t, out, Reading{}).Train; !slices.Equal(back.IDs, s.IDs) || back.LabelName != "label" || back.Cols != 2 {
			t.Errorf("written: %+v, ids %.3q", back.Columns, back.IDs)
		}
	}
}
