package data

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
)

// mixed is a table with a column of every kind.
func mixed(t testing.TB) *Set {
	t.Helper()
	s, err := NewTable("mixed",
		RowIDs("id", []string{"r1", "r2", "r3", "r4"}),
		Numbers("height", []float64{1.5, 1.75, 1.8125, 2}),
		Texts("colour", []string{"red", "green", "red", "blue"}),
		Counts("visits", []float64{0, 3, 7, 12}),
		YesNos("member", []bool{true, false, false, true}),
	)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func fitted(t testing.TB, s *Set, o PreparationOptions) *Preparation {
	t.Helper()
	p, err := FitPreparation(s, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	return p
}

func applied(t testing.TB, p *Preparation, s *Set) *Set {
	t.Helper()
	out, err := p.Apply(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Validate(); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEveryKindGoesInAndComesBack(t *testing.T) {
	for _, scaling := range []Scaling{ScaleNone, ScaleMinMax, ScaleStandard} {
		s := mixed(t)
		p := fitted(t, s, PreparationOptions{Scaling: scaling})
		if p.Width() != 4 || p.Inputs() != 6 || p.Identity() {
			t.Errorf("%s: width %d, inputs %d, identity %v", scaling, p.Width(), p.Inputs(), p.Identity())
		}
		x := applied(t, p, s)
		if want := []float32{0, 0, 1}; !slices.Equal(x.F32[3*6+1:3*6+4], want) {
			t.Errorf("%s: blue is %v, want %v", scaling, x.F32[3*6+1:3*6+4], want)
		}
		if want := []string{"height", "colour=red", "colour=green", "colour=blue", "visits", "member"}; !slices.Equal(namesOf(x.Columns), want) {
			t.Errorf("%s: inputs %q, want %q", scaling, namesOf(x.Columns), want)
		}
		if !slices.Equal(x.IDs, s.IDs) || x.Name != s.Name {
			t.Errorf("%s: %+v lost its names", scaling, x)
		}
		back, err := p.Undo(x.F32)
		if err != nil {
			t.Fatal(err)
		}
		if err := back.Validate(); err != nil {
			t.Error(err)
		}
		for i, want := range s.F32 {
			if off := math.Abs(float64(back.F32[i] - want)); off > 1e-6 || i%4 != 0 && off != 0 {
				t.Errorf("%s: value %d came back as %v, want %v", scaling, i, back.F32[i], want)
			}
		}
		if !slices.EqualFunc(back.Columns, s.Columns, func(a, b Column) bool {
			return a.Name == b.Name && a.Kind == b.Kind && slices.Equal(a.Levels, b.Levels)
		}) {
			t.Errorf("%s: columns came back as %+v", scaling, back.Columns)
		}
	}
}

func TestUndoRoundsWhatKindsCannotBe(t *testing.T) {
	p := fitted(t, mixed(t), PreparationOptions{Scaling: ScaleNone})
	nan := float32(math.NaN())
	got, err := p.Undo([]float32{
		1.6, 0.2, 0.5, 0.3, 2.5, 0.5,
		-1, 0.3, 0.3, 0.3, -4, 0.49,
		nan, 0, nan, 0, nan, nan,
		float32(math.Inf(1)), -3, -2, -2, 2.4, 7})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float32{1.6, 1, 3, 1, -1, 0, 0, 0, nan, nan, nan, nan, math.MaxFloat32, 1, 2, 1} {
		if have := got.F32[i]; have != want && (have == have || want == want) {
			t.Errorf("value %d is %v, want %v", i, have, want)
		}
	}
	row := make([]float32, 4)
	if p.UndoRow(row, []float32{1.6, 0.2, 0.5, 0.3, 2.5, 0.5}); !slices.Equal(row, got.F32[:4]) {
		t.Errorf("one row is %v, in a batch %v", row, got.F32[:4])
	}
	_, err = p.Undo(make([]float32, 7))
	wantError(t, err, "7 values: expected rows of 6")
}

// stores is the same numbers as float32 and as float64, and bytes.
func stores() []*Set {
	rng := rand.New(rand.NewPCG(1, 2))
	f32 := &Set{Name: "float32", Rows: 50, Cols: 7, F32: make([]float32, 350)}
	f64 := &Set{Name: "float64", Rows: 50, Cols: 7, F64: make([]float64, 350)}
	u8 := &Set{Name: "bytes", Rows: 50, Cols: 7, U8: make([]uint8, 350)}
	for i := range 350 {
		v := rng.NormFloat64()*math.Pow(10, float64(i%7-3)) + float64(i%3)
		f32.F32[i], f64.F64[i], u8.U8[i] = float32(v), v, uint8(rng.Uint32())
	}
	return []*Set{f32, f64, u8}
}

func TestARowHasTheSameBitsHoweverItIsPrepared(t *testing.T) {
	for _, s := range append(stores(), mixed(t)) {
		for _, o := range []PreparationOptions{{}, {Unit: true}, {Scaling: ScaleNone}, {Scaling: ScaleMinMax}, {Scaling: ScaleStandard}} {
			p := fitted(t, s, o)
			a, b := applied(t, p, s), applied(t, p, s)
			one, in := make([]float32, p.Inputs()), p.Inputs()
			all := make([]float32, in*s.Rows)
			p.Rows(all, s, 0, s.Rows)
			for i := range s.Rows {
				p.Rows(one, s, i, 1)
				x, y := make([]float32, in), make([]float32, in)
				a.Row(x, i)
				b.Row(y, i)
				if !slices.Equal(one, x) || !slices.Equal(x, y) || !slices.Equal(all[i*in:(i+1)*in], x) {
					t.Fatalf("%s, %+v: row %d is %v alone, %v and %v in the set, %v in a batch", s.Name, o, i, one, x, y, all[i*in:(i+1)*in])
				}
			}
		}
	}
}

// columns has a common column, one far from zero, and a constant one that no binary fraction holds.
func columns() *Set {
	return &Set{Name: "columns", Rows: 4, Cols: 3, F32: []float32{
		-1, 1000001, 0.1,
		0, 1000002, 0.1,
		2, 1000003, 0.1,
		5, 1000007, 0.1,
	}}
}

func TestScalingsDoWhatTheySay(t *testing.T) {
	s := columns()
	for _, scaling := range []Scaling{ScaleMinMax, ScaleStandard} {
		x := applied(t, fitted(t, s, PreparationOptions{Scaling: scaling}), s)
		for j := range 3 {
			var sum, squares float64
			lo, hi := math.Inf(1), math.Inf(-1)
			for i := range 4 {
				v := float64(x.F32[i*3+j])
				sum, squares, lo, hi = sum+v, squares+v*v, min(lo, v), max(hi, v)
			}
			switch {
			case j == 2 && (lo != 0 || hi != 0):
				t.Errorf("%s: the constant column goes from %v to %v, want 0", scaling, lo, hi)
			case j < 2 && scaling == ScaleMinMax && (lo != 0 || hi != 1):
				t.Errorf("minmax: column %d goes from %v to %v", j, lo, hi)
			case j < 2 && scaling == ScaleStandard && (math.Abs(sum) > 1e-6 || math.Abs(squares/4-1) > 1e-6):
				t.Errorf("standard: column %d has mean %v and mean square %v", j, sum/4, squares/4)
			}
		}
	}
	for _, c := range []struct {
		values []float32
		unit   bool
		want   Scaling
	}{
		{[]float32{0, 1}, false, ScaleNone}, {[]float32{0, 1}, true, ScaleNone}, {[]float32{0, 2}, true, ScaleMinMax},
		{[]float32{0, 2}, false, ScaleStandard}, {[]float32{-1, 1}, false, ScaleStandard},
	} {
		p := fitted(t, &Set{Rows: 2, Cols: 1, F32: c.values}, PreparationOptions{Unit: c.unit})
		if p.Scaling != c.want || p.Identity() != (c.want == ScaleNone) {
			t.Errorf("auto on %v, unit %v: %s, want %s", c.values, c.unit, p.Scaling, c.want)
		}
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 1000 { // no rounding takes a largest value beyond 1
		s := &Set{Rows: 2, Cols: 1, F64: []float64{rng.NormFloat64() * 1e9, rng.NormFloat64()}}
		p := fitted(t, s, PreparationOptions{Scaling: ScaleMinMax})
		if x := applied(t, p, s); max(x.F32[0], x.F32[1]) != 1 || min(x.F32[0], x.F32[1]) != 0 {
			t.Fatalf("%v is prepared as %v", s.F64, x.F32)
		}
	}
}

func TestFitPreparationRefuses(t *testing.T) {
	wide := &Set{Name: "wide", Rows: 2, Cols: 1, F32: []float32{-1, 3}}
	gap := &Set{Name: "gap", Rows: 2, Cols: 2, F32: []float32{1, 2, 3, float32(math.NaN())}, Gaps: true, Columns: columnsNamed([]string{"a", "b"})}
	for _, c := range []struct {
		s     *Set
		o     PreparationOptions
		words []string
	}{
		{wide, PreparationOptions{Scaling: ScaleNone, Unit: true}, []string{"wide", "bernoulli", "within [-1, 3]", "minmax"}},
		{wide, PreparationOptions{Scaling: ScaleStandard, Unit: true}, []string{"wide", "bernoulli", "standard"}},
		{wide, PreparationOptions{Scaling: 9}, []string{"scaling 9"}},
		{&Set{Name: "none", Cols: 2}, PreparationOptions{}, []string{"none", "0 rows"}},
		{&Set{Name: "short", Rows: 2, Cols: 2, F32: []float32{1}}, PreparationOptions{}, []string{"1 values: expected 4"}},
		{gap, PreparationOptions{}, []string{`gap: row 2: column 2 ("b"): missing: expected a value`}},
	} {
		_, err := FitPreparation(c.s, c.o)
		wantError(t, err, c.words...)
	}
	p := fitted(t, gap.Head(1), PreparationOptions{})
	_, err := p.Apply(gap)
	wantError(t, err, `row 2: column 2 ("b"): missing`)
}

func TestUnitClampsEverywhere(t *testing.T) {
	train := &Set{Rows: 2, Cols: 2, F32: []float32{-2, 0, 2, 1}}
	held := &Set{Rows: 2, Cols: 2, F32: []float32{-9, 0.5, 9, 7}, Height: 1, Width: 2, Channels: 1}
	p := fitted(t, train, PreparationOptions{Unit: true})
	if x := applied(t, p, held); !slices.Equal(x.F32, []float32{0, 0.5, 1, 1}) || x.Width != 2 {
		t.Errorf("%v", x.F32)
	}
	row := make([]float32, 2)
	if p.Rows(row, held, 1, 1); !slices.Equal(row, []float32{1, 1}) {
		t.Errorf("one row: %v", row)
	}
	p = fitted(t, &Set{Rows: 1, Cols: 2, F32: []float32{0, 1}}, PreparationOptions{Unit: true})
	_, err := p.Apply(held)
	wantError(t, err, "values within [-9, 9]: expected [0, 1]")
	held = &Set{Rows: 2, Cols: 2, F32: []float32{-0.5, 0.5, 1.5, 1}}
	if x := applied(t, p, held); !p.Identity() || !slices.Equal(x.F32, []float32{0, 0.5, 1, 1}) || held.F32[0] != -0.5 {
		t.Errorf("unscaled: %v of %v", x.F32, held.F32)
	}
}

func TestIdentitySharesWhatNeedsNoChange(t *testing.T) {
	p := IdentityPreparation(3)
	s := small()
	if x := applied(t, p, s); x != s {
		t.Error("bytes were copied")
	}
	f := &Set{Rows: 1, Cols: 3, F32: []float32{-5, 0, 5}}
	if x := applied(t, p, f); x != f {
		t.Error("float32 was copied")
	}
	d := &Set{Rows: 1, Cols: 3, F64: []float64{-5, 0.1, 5}}
	if x := applied(t, p, d); x.F64 != nil || !slices.Equal(x.F32, []float32{-5, 0.1, 5}) {
		t.Errorf("float64 became %+v", x)
	}
	p = PreparationOf([]float32{1, 2, 3}, []float32{2, 0.1, 1})
	if x := applied(t, p, f); !slices.Equal(x.F32, []float32{-3, float32(-2 / float64(float32(0.1))), 2}) {
		t.Errorf("of an old file: %v", x.F32)
	}
	b := fitted(t, s, PreparationOptions{Scaling: ScaleMinMax})
	if x := applied(t, b, s); x.U8 != nil || x.F32[0] != 0 || x.F32[9] != 1 {
		t.Errorf("scaled bytes: %v", x.F32)
	}
}

func TestJSONKeepsEveryBit(t *testing.T) {
	for _, s := range append(stores(), mixed(t), columns()) {
		for _, o := range []PreparationOptions{{}, {Unit: true}, {Scaling: ScaleNone}, {Scaling: ScaleStandard}} {
			p := fitted(t, s, o)
			text, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			var q Preparation
			if err := json.Unmarshal(text, &q); err != nil {
				t.Fatal(err)
			}
			if err := q.Validate(); err != nil {
				t.Fatal(err)
			}
			again, _ := json.Marshal(&q)
			if string(again) != string(text) || !slices.Equal(p.Shift, q.Shift) || !slices.Equal(p.Scale, q.Scale) {
				t.Errorf("%s: %s came back as %s", s.Name, text, again)
			}
			if !slices.Equal(applied(t, p, s).F32, applied(t, &q, s).F32) {
				t.Errorf("%s: other rows after JSON", s.Name)
			}
		}
	}
}

func TestUnixMillisecondsStayApart(t *testing.T) {
	s := open(t, filepath.Join("testdata", "unix-milliseconds.csv"))
	if s.F64 == nil {
		t.Fatal("times were read as float32")
	}
	for _, scaling := range []Scaling{ScaleAuto, ScaleMinMax, ScaleStandard} {
		p := fitted(t, s, PreparationOptions{Scaling: scaling})
		x := applied(t, p, s)
		seen := map[float32]bool{}
		for i := range x.Rows {
			seen[x.F32[i*x.Cols]] = true
		}
		if len(seen) != 17 {
			t.Errorf("%s: %d times are told apart, want 17", scaling, len(seen))
		}
		back, err := p.Undo(x.F32)
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.Rows {
			if off := back.F64[i*3] - s.F64[i*3]; math.Abs(off) > 1e-3 {
				t.Fatalf("%s: row %d is off by %v ms", scaling, i, off)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "a.csv")
	for _, name := range []string{"a.csv", "a.npy", "a.npz", "a.tsv.gz"} {
		path = filepath.Join(filepath.Dir(path), name)
		if err := Write(path, s); err != nil {
			t.Fatal(err)
		}
		if got := open(t, path); !slices.Equal(got.F64, s.F64) {
			t.Errorf("%s: other numbers", name)
		}
	}
}

func TestScalingAndKindAreText(t *testing.T) {
	for k, name := range scalingNames {
		var got Scaling
		text, err := Scaling(k).MarshalText()
		if err != nil || string(text) != name || got.UnmarshalText(text) != nil || got != Scaling(k) || got.String() != name {
			t.Errorf("scaling %d: %q, %v, %v", k, text, got, err)
		}
	}
	for k, name := range kindNames {
		var got Kind
		text, err := Kind(k).MarshalText()
		if err != nil || string(text) != name || got.UnmarshalText(text) != nil || got != Kind(k) || got.String() != name {
			t.Errorf("kind %d: %q, %v, %v", k, text, got, err)
		}
	}
	var s Scaling
	if err := s.UnmarshalText([]byte("cubic")); err == nil || err.Error() != `unknown scaling "cubic": expected auto, none, minmax, standard or robust` {
		t.Errorf("%v", err)
	}
	var k Kind
	wantError(t, k.UnmarshalText([]byte("days")), `unknown kind of column "days"`)
	_, err := Scaling(5).MarshalText()
	wantError(t, err, "unknown scaling 5")
	_, err = Kind(5).MarshalText()
	wantError(t, err, "unknown kind")
	if Scaling(5).String() != "Scaling(5)" || Kind(5).String() != "Kind(5)" {
		t.Error("numbers that are no scaling or kind")
	}
}
