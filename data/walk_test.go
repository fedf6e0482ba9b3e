//go:build unix

package data

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// several has tests run on several cores, however few there are.
func several(t *testing.T) {
	t.Helper()
	was := runtime.GOMAXPROCS(4)
	t.Cleanup(func() { runtime.GOMAXPROCS(was) })
}

// large is rows of more than a block, of numbers with a few decimals.
func large(rows, cols int, of func(r *rand.Rand) float32) *Set {
	r := rand.New(rand.NewPCG(1, 2))
	s := &Set{Rows: rows, Cols: cols, F32: make([]float32, rows*cols)}
	for i := range s.F32 {
		s.F32[i] = of(r)
	}
	return s
}

// readBoth reads a set that was written as a file of that name, from memory and from disk.
func readBoth(t *testing.T, name string, s *Set) (memory, disk *Set) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := Write(path, s); err != nil {
		t.Fatal(err)
	}
	memory = mustRead(t, path, Reading{}).Train
	disk, _ = readWith(t, path, 0)
	if memory.OnDisk() || !disk.OnDisk() {
		t.Fatalf("on disk %v and %v", memory.OnDisk(), disk.OnDisk())
	}
	return memory, disk
}

// What is found out on the way of a fingerprint is what is found out without it, on disk and in memory.
func TestKnownIsWhatIsFound(t *testing.T) {
	several(t)
	s := large(30000, 70, func(r *rand.Rand) float32 { return float32(r.NormFloat64()) * 3 })
	memory, disk := readBoth(t, "a.npy", s)
	var fitted []*Preparation
	for _, set := range []*Set{memory, disk} {
		h := NewRowHashes(7)
		whole := h.Fingerprint(set)
		rest, held, cut := h.HoldOut(set, TestPart, .1)
		rest, other, second := h.HoldOut(rest, ValidationPart, .1)
		wantRest, wantHeld, want := HoldOut(memory, TestPart, 7, .1)
		wantRest, wantOther, wantSecond := HoldOut(wantRest, ValidationPart, 7, .1)
		if *cut != *want || *second != *wantSecond || whole != Fingerprint(memory) {
			t.Errorf("cuts are %v and %v, want %v and %v", cut, second, want, wantSecond)
		}
		if Fingerprint(rest, other, held) != Fingerprint(wantRest, wantOther, wantHeld) {
			t.Error("the parts are others")
		}
		if n := h.Common(rest, rest.Head(9)); n != 9 || h.Common(rest, held) != 0 {
			t.Errorf("%d common rows, want 9", n)
		}
		if f := rest.facts(); set == disk && (f == nil || f.columns == nil || f.span == nil || !rest.knownFinite()) {
			t.Errorf("of rows on disk not all is known: %+v", f)
		}
		p, err := FitPreparation(rest, PreparationOptions{})
		if err != nil {
			t.Fatal(err)
		}
		fitted = append(fitted, p)
	}
	if !slices.Equal(fitted[0].Shift, fitted[1].Shift) || !slices.Equal(fitted[0].Scale, fitted[1].Scale) {
		t.Error("preparations are others on disk and in memory")
	}
}

// What is known of a set is not taken for what a changed copy of it is.
func TestKnownIsOfItsNumbers(t *testing.T) {
	_, disk := readBoth(t, "a.npy", &Set{Rows: 3, Cols: 2, F32: []float32{1, 2, 3, 4, 5, 6}})
	for name, change := range map[string]func(s Set) *Set{
		"others": func(s Set) *Set { s.F32 = []float32{1, 2, 3, 4, 5, 9}; return &s },
		"fewer":  func(s Set) *Set { return s.Head(2) },
		"picked": func(s Set) *Set { return s.Subset([]int{0, 2}) },
		"part":   func(s Set) *Set { return s.Part(1, 1) },
	} {
		s := change(*disk)
		lo, hi := s.Range()
		if l, h, _ := extent(s.Part(0, s.Rows).F32); l != lo || h != hi {
			t.Errorf("%s: range [%g, %g], want [%g, %g]", name, lo, hi, l, h)
		}
	}
	if lo, hi := disk.Range(); lo != 1 || hi != 6 {
		t.Errorf("range [%g, %g]", lo, hi)
	}
}

// A set on disk is matched on disk, and comes to what it comes to in memory.
func TestMatchOnDisk(t *testing.T) {
	several(t)
	const rows = 3000
	pixels := large(rows, 64, func(r *rand.Rand) float32 { return float32(r.IntN(256)) })
	pixels.Height, pixels.Width, pixels.Channels = 8, 8, 1
	halves := *pixels
	halves.F32 = slices.Clone(pixels.F32)
	halves.F32[77] = 7.5
	bytes := *pixels
	bytes.F32, bytes.U8 = nil, make([]uint8, len(pixels.F32))
	for i, v := range pixels.F32 {
		bytes.U8[i] = uint8(v)
	}
	table := func(names, levels string) string {
		words, cells := strings.Split(levels, ","), make([]string, rows)
		for i := range cells {
			number := strings.Repeat("2", 1+i%5) + ".5"
			if cells[i] = words[i%3] + "," + number; names == "y,x" {
				cells[i] = number + "," + words[i%3]
			}
		}
		return names + "\n" + strings.Join(cells, "\n") + "\n"
	}
	for name, c := range map[string]struct{ like, set *Set }{
		"bytes of numbers": {&bytes, pixels}, "no bytes": {&bytes, &halves}, "numbers of bytes": {pixels, &bytes},
		"other columns": {mustRead(t, file(t, "a.csv", table("x,y", "a,b,c")), Reading{}).Train, mustRead(t, file(t, "b.csv", table("y,x", "c,b,a")), Reading{}).Train},
	} {
		p, err := FitPreparation(c.like, PreparationOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ending := "a.npy"
		if c.set.Columns != nil {
			ending = "a.csv"
		}
		memory, disk := readBoth(t, ending, c.set)
		want, err := p.Match(memory)
		if err != nil {
			t.Fatal(err)
		}
		all := make([]int, disk.Rows)
		for i := range all {
			all[i] = i
		}
		for _, s := range []*Set{disk, disk.Subset(all)} {
			got, err := p.Match(s)
			if err != nil {
				t.Fatal(err)
			}
			if !got.OnDisk() || Fingerprint(got) != Fingerprint(want) {
				t.Errorf("%s: on disk %v, and as in memory %v", name, got.OnDisk(), Fingerprint(got) == Fingerprint(want))
			}
		}
	}
}

// A file that is cut short while it is looked at panics where a caller can stop it, on whatever core.
func TestWalkOfAFileCutShort(t *testing.T) {
	several(t)
	path := filepath.Join(t.TempDir(), "a.npy")
	if err := Write(path, large(20000, 100, (*rand.Rand).Float32)); err != nil {
		t.Fatal(err)
	}
	s, _ := readWith(t, path, 0)
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if _, ok := recover().(interface{ Addr() uintptr }); !ok {
			t.Error("no fault")
		}
	}()
	NewRowHashes(1).Fingerprint(s)
}
