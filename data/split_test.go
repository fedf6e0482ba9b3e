package data

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// counted is n rows that hold their own number.
func counted(n int) *Set {
	s := &Set{Name: "counted", Rows: n, Cols: 1, F32: make([]float32, n)}
	for i := range s.F32 {
		s.F32[i] = float32(i)
	}
	return s
}

// TestSip holds the hash to the numbers of appendix A of the paper, and to its reference code's (vectors_sip64).
func TestSip(t *testing.T) {
	const k0, k1 = 0x0706050403020100, 0x0f0e0d0c0b0a0908
	text := ""
	for i := range 64 {
		want := map[int]uint64{0: 0x726fdb47dd0e0e31, 8: 0x93f5f5799a932462, 15: 0xa129ca6149be45e5, 16: 0x3f2acc7f57c29bdb}
		if w, ok := want[i]; ok && sipText(k0, k1, text) != w {
			t.Errorf("%d bytes: %x, want %x", i, sipText(k0, k1, text), w)
		}
		text += string(rune(i))
	}
}

func TestSplitHoldsOutTheSameRowsEverywhere(t *testing.T) {
	_, held := Split(counted(20), 7, 0.25)
	if want := []float32{2, 5, 12, 15, 19}; !slices.Equal(held.F32, want) {
		t.Errorf("seed 7 holds out %v, want %v", held.F32, want)
	}
}

func TestSplitParts(t *testing.T) {
	for _, c := range []struct {
		rows     int
		fraction float64
		held     int
	}{
		{10, 0.1, 1}, {10, 0.25, 3}, {3, 1e-9, 1}, {3, 1, 2}, {3, 5, 2}, {2, 0.5, 1}, {1000, 0.1, 100}, {777, 0.5, 389},
		{1, 0.5, 0}, {0, 0.5, 0}, {10, 0, 0}, {10, -1, 0}, {10, math.NaN(), 0},
	} {
		s := counted(c.rows)
		rest, held := Split(s, 3, c.fraction)
		if c.held == 0 {
			if rest != s || held != nil {
				t.Errorf("%d rows, %v: something was held out", c.rows, c.fraction)
			}
			continue
		}
		if held.Rows != c.held || !slices.IsSorted(held.F32) || !slices.IsSorted(rest.F32) {
			t.Errorf("%d rows, %v: held %v", c.rows, c.fraction, held.F32)
		}
		all := slices.Sorted(slices.Values(append(slices.Clone(rest.F32), held.F32...)))
		if !slices.Equal(all, s.F32) {
			t.Errorf("%d rows, %v: rest %v and held %v are not the rows", c.rows, c.fraction, rest.F32, held.F32)
		}
	}
}

func TestSplitIsFair(t *testing.T) {
	var times [10]int
	both := 0
	for seed := range uint64(4000) {
		_, held := Split(counted(10), seed, 0.3)
		for _, v := range held.F32 {
			times[int(v)]++
		}
		_, other, _ := HoldOut(counted(10), ValidationPart, seed, 0.3)
		for _, v := range other.F32 {
			if slices.Contains(held.F32, v) {
				both++
			}
		}
	}
	for i, n := range times { // 1200 expected, deviation 29
		if n < 1200-150 || n > 1200+150 {
			t.Errorf("row %d was held out %d times of 4000 at fraction 0.3", i, n)
		}
	}
	if both < 3600-200 || both > 3600+200 { // drawn apart: 0.9 of 3 rows
		t.Errorf("%d rows of 12000 in both parts, want about 3600", both)
	}
}

// table is rows with a column of each kind, some equal, some of one group.
func digestTable(rows int) *Set {
	rng := rand.New(rand.NewPCG(3, 4))
	s := &Set{Name: "table", Rows: rows, Cols: 4, Columns: []Column{
		{Name: "weight"}, {Name: "colour", Kind: Category, Levels: []string{"blue", "green", "red"}}, {Name: "count", Kind: Count},
		{Name: "alive", Kind: YesNo, Levels: []string{"no", "yes"}}}}
	for i := range rows {
		s.F64 = append(s.F64, rng.NormFloat64(), float64(rng.IntN(3)), float64(rng.IntN(50)), float64(rng.IntN(2)))
		s.IDs = append(s.IDs, fmt.Sprint("row ", i))
	}
	return s
}

// heldIDs are the names of the rows held out, sorted.
func heldIDs(t *testing.T, s *Set, cut *Cut) []string {
	t.Helper()
	_, held, made := HoldOut(s, TestPart, 5, 0.2)
	if cut != nil {
		_, held = cut.Split(s)
	}
	if made == nil || held == nil {
		t.Fatal("nothing is held out")
	}
	return slices.Sorted(slices.Values(held.IDs))
}

func TestSplitGoesByContent(t *testing.T) {
	s := digestTable(203)
	want := heldIDs(t, s, nil)
	if len(want) != 41 {
		t.Fatalf("%d of 203 rows at a share of 0.2", len(want))
	}
	rows := rand.New(rand.NewPCG(1, 1)).Perm(s.Rows)
	single := *s
	single.F32, single.F64 = nil, nil
	for _, v := range s.F64 {
		single.F32 = append(single.F32, float32(v))
	}
	double := single
	double.F32, double.F64 = nil, nil
	for _, v := range single.F32 {
		double.F64 = append(double.F64, float64(v))
	}
	levels := *s
	levels.Columns, levels.F64 = slices.Clone(s.Columns), slices.Clone(s.F64)
	levels.Columns[1].Levels = []string{"red", "grey", "green", "blue"}
	for i := 1; i < len(levels.F64); i += 4 {
		levels.F64[i] = []float64{3, 2, 0}[int(s.F64[i])]
	}
	for name, other := range map[string]*Set{"shuffled": s.Subset(rows), "reversed columns": s.reordered([]int{3, 2, 1, 0}), "other levels": &levels} {
		if got := heldIDs(t, other, nil); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if a, b := heldIDs(t, &single, nil), heldIDs(t, &double, nil); !slices.Equal(a, b) {
		t.Errorf("float32: %v, the same as float64: %v", a, b)
	}
	zeros := &Set{Rows: 2, Cols: 1, F32: []float32{0, float32(math.Copysign(0, -1))}}
	if d := zeros.rowDigests(1); d[0] != d[1] {
		t.Error("0 and -0 are two rows")
	}
	s.F64[0]++
	if slices.Equal(s.rowDigests(5), digestTable(203).rowDigests(5)) {
		t.Error("a value has no say")
	}
}

// A file that has grown keeps its rows where they were, though the share of all of them is another.
func TestCutOfDataThatHaveGrown(t *testing.T) {
	grown := digestTable(1000)
	s := grown.Head(300)
	rest, held, cut := HoldOut(s, TestPart, 5, 0.1)
	text, err := json.Marshal(cut)
	if err != nil {
		t.Fatal(err)
	}
	var kept Cut
	if err := json.Unmarshal(text, &kept); err != nil || kept != *cut {
		t.Fatalf("%s: %v, %v", text, kept, err)
	}
	newRest, newHeld := kept.Split(grown)
	if newHeld.Rows < 60 || newHeld.Rows > 140 {
		t.Errorf("%d of 1000 rows", newHeld.Rows)
	}
	if !slices.Equal(newHeld.IDs[:held.Rows], held.IDs) || !slices.Equal(newRest.IDs[:rest.Rows], rest.IDs) {
		t.Error("a row of old changed sides")
	}
	if n := Common(newRest, newHeld); n != 0 {
		t.Errorf("%d rows on both sides", n)
	}
}

func TestSplitKeepsEqualRowsTogether(t *testing.T) {
	for seed := range uint64(40) {
		s := &Set{Name: "equal", Rows: 400, Cols: 2, U8: make([]uint8, 800)}
		for i := 100; i < 400; i++ { // a quarter of all is one row; the others come twice
			s.U8[2*i], s.U8[2*i+1] = uint8(i/2), 1
		}
		rest, held := Split(s, seed, 0.1)
		if n := Common(rest, held); n != 0 || held.Rows != 40 {
			t.Errorf("seed %d: %d held out, %d of them on both sides", seed, held.Rows, n)
		}
	}
	s := &Set{Name: "one", Rows: 9, Cols: 2, F32: make([]float32, 18)}
	if rest, held := Split(s, 1, 0.5); rest != s || held != nil {
		t.Error("equal rows were parted")
	}
}

func TestSplitKeepsGroupsTogether(t *testing.T) {
	s := counted(500)
	for i := range s.Rows {
		s.Groups = append(s.Groups, uint64(i*i%41))
	}
	rest, held := Split(s, 2, 0.2)
	for _, g := range held.Groups {
		if slices.Contains(rest.Groups, g) {
			t.Fatalf("group %d is on both sides", g)
		}
	}
	if held.Rows < 95 || held.Rows > 105 {
		t.Errorf("%d of 500 rows at a share of 0.2", held.Rows)
	}
}

func TestCommon(t *testing.T) {
	s := digestTable(20)
	if n := Common(s, s.Part(3, 4).reordered([]int{1, 0, 3, 2})); n != 4 {
		t.Errorf("%d rows, want 4", n)
	}
	if n := Common(s.Head(10), s.Part(10, 10)); n != 0 {
		t.Errorf("%d rows, want none", n)
	}
}

// Equal texts are one level wherever they stand, and a category is not its index.
func TestDigestOfLevels(t *testing.T) {
	as := func(levels string, v float32) uint64 {
		s := &Set{Rows: 1, Cols: 1, F32: []float32{v}, Columns: []Column{{Name: "c", Kind: Category, Levels: strings.Fields(levels)}}}
		return s.rowDigests(0)[0]
	}
	if as("a b", 1) != as("x b c", 1) || as("a b", 1) != as("b a", 0) || as("a b", 1) == as("b a", 1) || as("a b", 0) == as("a b", 1) {
		t.Error("levels do not go by their text")
	}
}

func BenchmarkHoldOut(b *testing.B) {
	for name, s := range map[string]*Set{
		"bytes": {Rows: 70000, Cols: 784, U8: make([]uint8, 70000*784)}, "float32": {Rows: 10000, Cols: 5000, F32: make([]float32, 5e7)},
		"long": {Rows: 1e6, Cols: 4, F64: make([]float64, 4e6)},
	} {
		rng := rand.New(rand.NewPCG(1, 1))
		for i := range s.Rows {
			switch j := i * s.Cols; {
			case s.U8 != nil:
				s.U8[j], s.U8[j+1], s.U8[j+2] = uint8(i), uint8(i>>8), uint8(i>>16)
			case s.F32 != nil:
				s.F32[j] = rng.Float32()
			default:
				s.F64[j] = rng.Float64()
			}
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s.unitCut()
			}
		})
	}
}

// unitCut is what HoldOut does before it copies.
func (s *Set) unitCut() *Cut { return cutOf(s.unitDigests(1), TestPart, 1, s.Rows/10) }
