package data

import "testing"

func BenchmarkPreparation(b *testing.B) {
	s := &Set{Name: "floats", Rows: 5000, Cols: 784, F32: make([]float32, 5000*784)}
	for i := range s.F32 {
		s.F32[i] = float32(i % 1009)
	}
	p, err := FitPreparation(s, PreparationOptions{})
	if err != nil {
		b.Fatal(err)
	}
	x, err := p.Apply(s)
	if err != nil {
		b.Fatal(err)
	}
	for name, f := range map[string]func() error{
		"fit":   func() error { _, err := FitPreparation(s, PreparationOptions{}); return err },
		"apply": func() error { _, err := p.Apply(s); return err },
		"undo":  func() error { _, err := p.Undo(x.F32); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(4 * len(s.F32)))
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The table of counts is as wide as one of single cells.
func BenchmarkFitColumns(b *testing.B) {
	s := &Set{Name: "counts", Rows: 559, Cols: 32786, F32: make([]float32, 559*32786)}
	counts := make([]bool, s.Cols)
	for j := range counts {
		counts[j] = true
	}
	for i := range s.F32 {
		if i%11 == 0 {
			s.F32[i] = float32(i % 53)
		}
	}
	rows, _, err := FitColumns(s, ColumnOptions{Counts: counts})
	if err != nil {
		b.Fatal(err)
	}
	for name, f := range map[string]func() error{
		"fit":   func() error { _, _, err := FitColumns(s, ColumnOptions{Counts: counts}); return err },
		"apply": func() error { _, err := rows.Apply(s); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(4 * len(s.F32)))
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
