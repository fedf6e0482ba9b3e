package model

import (
	"math"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"gorgonia.org/tensor"
)

// everyKind is a set of each way to store rows and to prepare them.
func everyKind(t *testing.T) map[string]*data.Set {
	t.Helper()
	const rows, cols = 70, 5
	wave := func(i int) float64 { return math.Sin(float64(i*i%101) + float64(i%7)) }
	grey := &data.Set{Name: "grey", Rows: rows, Cols: cols}
	unit := &data.Set{Name: "unit", Rows: rows, Cols: cols}
	wide := &data.Set{Name: "wide", Rows: rows, Cols: cols}
	for i := range rows * cols {
		grey.U8 = append(grey.U8, byte(127+127*wave(i)))
		unit.F32 = append(unit.F32, float32(0.5+0.5*wave(i)))
		wide.F64 = append(wide.F64, 1.7e12+math.Round(8*wave(i)))
	}
	real, visits, texts, member := make([]float64, rows), make([]float64, rows), make([]string, rows), make([]bool, rows)
	for i := range rows {
		real[i], visits[i], texts[i], member[i] = 100*wave(3*i), math.Round(4+4*wave(i)), []string{"red", "green", "blue"}[i%3], i%2 == 0
	}
	table, err := data.NewTable("table", data.Numbers("height", real), data.Texts("colour", texts), data.Counts("visits", visits), data.YesNos("member", member))
	if err != nil {
		t.Fatal(err)
	}
	far := &data.Set{Name: "far", Rows: rows, Cols: cols} // float64 that float32 does not blur
	for i := range rows * cols {
		far.F64 = append(far.F64, 1e6+1000*wave(i))
	}
	return map[string]*data.Set{"bytes": grey, "within 0 and 1": unit, "wide": wide, "far": far, "table": table}
}

// TestARowHasOneCode demands the same bits of a row's code and reconstruction however it
// comes to the model: among others, alone, or from a resident set as in an evaluation.
func TestARowHasOneCode(t *testing.T) {
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	for name, s := range everyKind(t) {
		for _, likelihood := range []Likelihood{Squared{}, Bernoulli{}} {
			p, err := data.FitPreparation(s.Head(60), data.PreparationOptions{Unit: likelihood.Unit()})
			if err != nil {
				t.Fatal(err)
			}
			for _, code := range []Code{Deterministic{}, Gaussian{}, TopK{K: 2}} {
				spec := Spec{Inputs: p.Inputs(), Hidden: []int{37}, Latent: 3, Activation: backend.GELU, Code: code, Likelihood: likelihood}
				t.Run(name+"/"+spec.String(), func(t *testing.T) {
					m, err := New(dev, spec, 1)
					if err != nil {
						t.Fatal(err)
					}
					defer m.Close()
					if err := m.SetPreparation(p); err != nil {
						t.Fatal(err)
					}
					checkOneCode(t, m, s)
				})
			}
		}
	}
}

func checkOneCode(t *testing.T, m *Model, s *data.Set) {
	t.Helper()
	codes := encode(t, m, s)
	back, err := m.Reconstruct(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	resident := residentCodes(t, m, s)
	l := m.Spec.Latent
	for i := range s.Rows {
		one := alone(t, s, i)
		want := encode(t, m, one)
		if got := codes[i*l : (i+1)*l]; !slices.Equal(got, want) {
			t.Fatalf("row %d: %v among others, %v alone", i, got, want)
		}
		if got := resident[i*l : (i+1)*l]; !slices.Equal(got, want) {
			t.Fatalf("row %d: %v in an evaluation, %v alone", i, got, want)
		}
		alone, err := m.Reconstruct(t.Context(), one)
		if err != nil {
			t.Fatal(err)
		}
		a, b := back.Subset([]int{i}), alone
		if !slices.Equal(a.F32, b.F32) || !slices.Equal(a.F64, b.F64) {
			t.Fatalf("row %d comes out otherwise alone", i)
		}
	}
}

// alone is row i of s as it comes from a table, or an array, of one row.
func alone(t *testing.T, s *data.Set, i int) *data.Set {
	t.Helper()
	if s.U8 != nil {
		return s.Subset([]int{i})
	}
	if s.Columns == nil {
		row := make([]float64, s.Cols)
		for j := range row {
			row[j] = s.At(i, j)
		}
		one, err := data.FromDense(tensor.New(tensor.WithShape(1, s.Cols), tensor.WithBacking(row)))
		if err != nil {
			t.Fatal(err)
		}
		return one
	}
	var columns []data.Values
	for j, c := range s.Columns {
		v := s.At(i, j)
		switch c.Kind {
		case data.Category:
			columns = append(columns, data.Texts(c.Name, []string{c.Levels[int(v)]}))
		case data.YesNo:
			columns = append(columns, data.YesNos(c.Name, []bool{v == 1}))
		case data.Count:
			columns = append(columns, data.Counts(c.Name, []float64{v}))
		default:
			columns = append(columns, data.Numbers(c.Name, []float64{v}))
		}
	}
	one, err := data.NewTable("one row", columns...)
	if err != nil {
		t.Fatal(err)
	}
	return one
}

// residentCodes are the codes as an evaluation makes them.
func residentCodes(t *testing.T, m *Model, s *data.Set) []float32 {
	t.Helper()
	prepared, err := m.Preparation().Apply(s)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := Upload(m.dev, prepared)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Mem.Free()
	e, err := m.NewEvaluator(16)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	m.dev.SetClock(e.clock, backend.Time{}, nil)
	codes := make([]float32, s.Rows*m.Spec.Latent)
	for at := 0; at < s.Rows; at += e.batch {
		n := min(e.batch, s.Rows-at)
		e.gather(Resident{Rows: rows}, false, n)
		m.dev.Download(codes[at*m.Spec.Latent:(at+n)*m.Spec.Latent], e.meanCode(e.input(), n))
		m.dev.Enqueue(backend.Tick{Clock: e.clock, Rows: n})
	}
	if err := m.dev.Sync(); err != nil {
		t.Fatal(err)
	}
	return codes
}
