package data

import (
	"fmt"
	"testing"
)

func TestFingerprint(t *testing.T) {
	fresh := func() *Set {
		return &Set{Name: "a", Rows: 2, Cols: 2, F32: []float32{1, 2, 3, 4}, Labels: []int32{0, 1}, Classes: []string{"x", "y"},
			Columns: []Column{{Name: "p"}, {Name: "q", Kind: Category, Levels: []string{"r", "s"}}}, IDs: []string{"1", "2"}}
	}
	want := Fingerprint(fresh(), nil)
	if len(want) != 64 {
		t.Fatalf("%q", want)
	}
	for name, change := range map[string]func(*Set){
		"a value": func(s *Set) { s.F32[3] = 5 }, "the order": func(s *Set) { s.F32 = []float32{3, 4, 1, 2} },
		"a label": func(s *Set) { s.Labels[0] = 1 }, "a class": func(s *Set) { s.Classes[0] = "z" }, "no labels": func(s *Set) { s.Labels = nil },
		"a column": func(s *Set) { s.Columns[0].Name = "z" }, "a level": func(s *Set) { s.Columns[1].Levels[0] = "z" },
		"the shape": func(s *Set) { s.Rows, s.Cols = 1, 4 }, "as images": func(s *Set) { s.Height, s.Width, s.Channels = 1, 2, 1 },
		"as float64": func(s *Set) { s.F32, s.F64 = nil, []float64{1, 2, 3, 4} },
	} {
		s := fresh()
		if change(s); Fingerprint(s, nil) == want {
			t.Errorf("%s changed, the fingerprint did not", name)
		}
	}
	s := fresh()
	s.Name, s.IDs = "b", nil
	if Fingerprint(s, nil) != want {
		t.Error("the fingerprint depends on names")
	}
	if Fingerprint(nil, s) == want || Fingerprint(s) == want {
		t.Error("the fingerprint does not depend on the parts")
	}
}

// Numbers that look like counts among columns that are none have the digest that they had before this was looked at.
func TestFingerprintTakesGuessedCountsAsReal(t *testing.T) {
	text := "size,visits\n"
	for i := range 40 {
		text += fmt.Sprintf("%g,%d\n", float64(i)+0.5, i%4)
	}
	path := file(t, "visits.csv", text)
	guessed := mustRead(t, path, Reading{}).Train
	if guessed.Columns[1].Kind != Count {
		t.Fatalf("%+v", guessed.Columns)
	}
	if Fingerprint(guessed) != Fingerprint(mustRead(t, path, Reading{Types: []string{"visits=real"}}).Train) {
		t.Error("another fingerprint than of real numbers")
	}
	if Fingerprint(guessed) == Fingerprint(mustRead(t, path, Reading{Types: []string{"visits=count"}}).Train) {
		t.Error("counts that are asked for have the fingerprint of real numbers")
	}
}

func BenchmarkFingerprint(b *testing.B) {
	s := &Set{Rows: 10000, Cols: 784, F32: make([]float32, 7840000)}
	b.SetBytes(4 * 7840000)
	for b.Loop() {
		Fingerprint(s)
	}
}
