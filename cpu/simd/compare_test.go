package simd

import (
	"encoding/binary"
	"hash"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// near is the one comparison of numbers here: |got-want| <= abs + rel*|want|. NaN is near
// nothing, an infinity only itself.
func near(got, want, abs, rel float64) bool {
	if math.IsInf(want, 0) || math.IsInf(got, 0) {
		return got == want
	}
	return math.Abs(got-want) <= abs+rel*math.Abs(want)
}

func TestNear(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		got, want, abs, rel float64
		ok                  bool
	}{
		{got: 1, want: 1, ok: true}, {got: 1.1, want: 1, abs: 0.2, ok: true}, {got: 1.1, want: 1, rel: 0.05}, {got: -1, want: 1, abs: 0.5, rel: 0.5},
		{got: nan, want: 1, abs: inf, rel: 1}, {got: 1, want: nan, abs: inf, rel: 1}, {got: inf, want: inf, ok: true}, {got: inf, want: -inf},
		{got: 1, want: inf, abs: 1, rel: 1}, {got: inf, want: 1, abs: inf, rel: 1},
	} {
		if near(c.got, c.want, c.abs, c.rel) != c.ok {
			t.Errorf("near(%v, %v, %v, %v) is %v", c.got, c.want, c.abs, c.rel, !c.ok)
		}
	}
}

// guard is what surrounds a guarded buffer: a NaN no operation makes.
var guard = math.Float32frombits(0x7fa5a5a5)

const guardLen = 40

// guarded is a buffer with guard values on both sides, beginning offset floats after a cache line.
type guarded struct {
	all  []float32
	data []float32
}

func newGuarded(n, offset int) guarded {
	all := make([]float32, n+2*guardLen+32)
	skip := int(-uintptr(unsafe.Pointer(&all[guardLen]))%64/4) + offset
	for i := range all {
		all[i] = guard
	}
	at := guardLen + skip
	return guarded{all, all[at : at+n : at+n]}
}

func (g guarded) fill(r *rand.Rand) guarded {
	for i := range g.data {
		g.data[i] = float32(r.NormFloat64())
	}
	return g
}

// fractions fills g with multiples of 2^-23 in [-1, 1): unlike those of fill, they are the same on every machine.
func (g guarded) fractions(r *rand.Rand) guarded {
	for i := range g.data {
		g.data[i] = float32(int32(r.Uint32())>>8) * 0x1p-23
	}
	return g
}

// addTo adds g's bits to a hash. NaNs count as one: machines differ in the bits of a new one.
func (g guarded) addTo(h hash.Hash) {
	for _, x := range g.data {
		if x != x {
			x = guard
		}
		h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)))
	}
}

// check reports a write outside the buffer.
func (g guarded) check(t *testing.T, what string) {
	t.Helper()
	first := (uintptr(unsafe.Pointer(unsafe.SliceData(g.data))) - uintptr(unsafe.Pointer(&g.all[0]))) / 4
	for i, v := range g.all {
		if i >= int(first) && i < int(first)+len(g.data) {
			continue
		}
		if math.Float32bits(v) != math.Float32bits(guard) {
			t.Fatalf("%s: wrote outside its buffer of %d floats, at %d", what, len(g.data), i-int(first))
		}
	}
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

// eachPath runs a test on every path of this machine.
func eachPath(t *testing.T, f func(t *testing.T, p Path)) {
	for _, p := range Paths() {
		t.Run(p.String(), func(t *testing.T) { f(t, p) })
	}
}
