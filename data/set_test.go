package data

import (
	"math"
	"slices"
	"testing"

	"gorgonia.org/tensor"
)

// small is a labelled set of bytes: 4 rows of 3.
func small() *Set {
	return &Set{Name: "small", Rows: 4, Cols: 3, U8: []uint8{0, 1, 2, 10, 11, 12, 20, 21, 22, 255, 254, 253},
		Labels: []int32{0, 1, 0, 1}, Classes: []string{"a", "b"}}
}

func TestSetRowsSubsetsAndRange(t *testing.T) {
	s := small()
	row := make([]float32, 3)
	s.Row(row, 3)
	if want := []float32{1, 254.0 / 255, 253.0 / 255}; !slices.Equal(row, want) {
		t.Errorf("row 3 is %v, want %v", row, want)
	}
	if lo, hi := s.Range(); lo != 0 || hi != 1 {
		t.Errorf("range %v to %v", lo, hi)
	}
	sub := s.Subset([]int{2, 0, 2})
	if !slices.Equal(sub.U8, []uint8{20, 21, 22, 0, 1, 2, 20, 21, 22}) || !slices.Equal(sub.Labels, []int32{0, 0, 0}) || sub.Rows != 3 {
		t.Errorf("subset %+v", sub)
	}
	head := s.Head(2)
	if head.Rows != 2 || len(head.U8) != 6 || &head.U8[0] != &s.U8[0] || len(head.Labels) != 2 {
		t.Errorf("head %+v", head)
	}
	if s.Head(99).Rows != 4 || s.Head(-1).Rows != 0 {
		t.Error("Head does not keep to the rows that are there")
	}
	f := &Set{Rows: 2, Cols: 2, F32: []float32{-3, 1, 2, 0.5}}
	if lo, hi := f.Range(); lo != -3 || hi != 2 {
		t.Errorf("range %v to %v", lo, hi)
	}
	if h := f.Head(1).Subset([]int{0, 0}); !slices.Equal(h.F32, []float32{-3, 1, -3, 1}) {
		t.Errorf("subset of head %v", h.F32)
	}
	if lo, hi := new(Set).Range(); lo != 0 || hi != 0 {
		t.Errorf("range of nothing %v to %v", lo, hi)
	}
}

func TestValidateFindsWhatIsInconsistent(t *testing.T) {
	if err := small().Validate(); err != nil {
		t.Error(err)
	}
	for word, spoil := range map[string]func(*Set){
		"negative":         func(s *Set) { s.Rows = -1 },
		"one of them":      func(s *Set) { s.F32 = make([]float32, 12) },
		"12 values":        func(s *Set) { s.Cols = 4 },
		"images":           func(s *Set) { s.Height, s.Width, s.Channels = 2, 2, 1 },
		"3 labels":         func(s *Set) { s.Labels = s.Labels[:3] },
		"column names":     func(s *Set) { s.Columns = []Column{{Name: "x"}} },
		"classes":          func(s *Set) { s.Labels[2] = 2 },
		"1 names of rows":  func(s *Set) { s.IDs = []string{"a"} },
		"bytes with kinds": func(s *Set) { s.Columns = []Column{{}, {Kind: Count}, {}} },
		`row 2: column 1 ("n"): 0.5: expected a count`: func(s *Set) {
			s.U8, s.F64, s.Columns = nil, make([]float64, 12), []Column{{Name: "n", Kind: Count}, {}, {}}
			s.F64[3] = 0.5
		},
		"row 4: column 3: infinite": func(s *Set) {
			s.U8, s.F64, s.Gaps = nil, make([]float64, 12), true
			s.F64[0], s.F64[11] = math.NaN(), 1e39
		},
		`column 2 ("c"): 1 levels: expected none`: func(s *Set) { s.Columns = []Column{{}, {Name: "c", Levels: []string{"a"}}, {}} },
		"column 1: unknown kind": func(s *Set) {
			s.U8, s.F32, s.Columns = nil, make([]float32, 12), []Column{{Kind: 9}, {}, {}}
		},
		"row 2: column 1: NaN": func(s *Set) {
			s.U8, s.F32 = nil, make([]float32, 12)
			s.F32[3] = float32(math.NaN())
		},
	} {
		s := small()
		spoil(s)
		wantError(t, s.Validate(), word)
	}
}

func TestDenseRoundTrip(t *testing.T) {
	s := small()
	back, err := FromDense(s.Dense())
	if err != nil {
		t.Fatal(err)
	}
	want := make([]float32, 12)
	for i := range 4 {
		s.Row(want[i*3:i*3+3], i)
	}
	if back.Rows != 4 || back.Cols != 3 || !slices.Equal(back.F32, want) {
		t.Errorf("got %v, want %v", back.F32, want)
	}
}

func TestFromDenseReadsEveryLayout(t *testing.T) {
	six := []float64{0, 1, 2, 3, 4, 5}
	turned := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking(slices.Clone(six)))
	if err := turned.T(); err != nil {
		t.Fatal(err)
	}
	whole := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking(slices.Clone(six)))
	part, err := whole.Slice(nil, tensor.S(1, 3))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name       string
		d          *tensor.Dense
		rows, cols int
		want       []float32
	}{
		{name: "rows", d: whole, rows: 2, cols: 3, want: []float32{0, 1, 2, 3, 4, 5}},
		{name: "transposed", d: turned, rows: 3, cols: 2, want: []float32{0, 3, 1, 4, 2, 5}},
		{name: "columns of", d: part.(*tensor.Dense), rows: 2, cols: 2, want: []float32{1, 2, 4, 5}},
		{name: "column-major", d: tensor.New(tensor.WithShape(2, 3), tensor.AsFortran(slices.Clone(six))), rows: 2, cols: 3, want: []float32{0, 1, 2, 3, 4, 5}},
		{name: "one dimension", d: tensor.New(tensor.WithShape(6), tensor.WithBacking(slices.Clone(six))), rows: 6, cols: 1, want: []float32{0, 1, 2, 3, 4, 5}},
		{name: "one value", d: tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float64{7})), rows: 1, cols: 1, want: []float32{7}},
	} {
		got, err := FromDense(c.d)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got.Rows != c.rows || got.Cols != c.cols || !slices.Equal(got.F32, c.want) {
			t.Errorf("%s: %d x %d %v, want %d x %d %v", c.name, got.Rows, got.Cols, got.F32, c.rows, c.cols, c.want)
		}
	}
	images, err := FromDense(tensor.New(tensor.WithShape(2, 2, 3), tensor.WithBacking(make([]uint8, 12))))
	if err != nil || images.U8 == nil || images.Height != 2 || images.Width != 3 || images.Channels != 1 {
		t.Errorf("images: %+v, %v", images, err)
	}
	_, err = FromDense(tensor.New(tensor.WithShape(2, 1), tensor.WithBacking([]float64{0, 1e300})))
	wantError(t, err, "row 2: column 1", "too large for float32")
	_, err = FromDense(tensor.New(tensor.WithShape(2, 1), tensor.WithBacking([]int{0, 1})))
	wantError(t, err, "float32, float64 or uint8")
}
