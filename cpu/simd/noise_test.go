package simd

import (
	"math"
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// Bit for bit what package backend's contract says, for every beginning and length.
func TestNoiseContract(t *testing.T) {
	eachPath(t, func(t *testing.T, p Path) {
		d := Draw{Seed: 0x0123456789abcdef, Step: 0xfedcba9876543210, Stream: backend.StreamCode}
		for i, at := range []int{0, 1, 2, 3, 4, 63, 70, 4*(1<<32) - 100, 7} {
			d.First = []int{0, 4, 1<<31 + 8}[i%3]
			for n := 0; n <= 200; n++ {
				checkNoise(t, p, d, at, n)
			}
		}
		n := 1 << 18
		if testing.Short() {
			n = 1 << 12
		}
		for seed := range uint64(4) {
			checkNoise(t, p, Draw{Seed: seed << 40, Step: seed, Stream: 7}, 5, n)
		}
	})
}

func checkNoise(t *testing.T, p Path, d Draw, at, n int) {
	t.Helper()
	words, normals := newGuarded(n, 1), newGuarded(n, 3)
	p.Words(asWords(words.data), d, at)
	p.Normals(normals.data, d, at)
	words.check(t, "Words")
	normals.check(t, "Normals")
	var w [4]uint32
	var z [4]float32
	for i := range n {
		if e := d.First + at + i; i == 0 || e%4 == 0 {
			w = backend.Philox(d.Seed, d.Stream, d.Step, uint32(e/4))
			z = backend.Normals(w)
		}
		k := (at + i) % 4
		if got := math.Float32bits(words.data[i]); got != w[k] {
			t.Fatalf("%v: word %d of %d at %d is %#x, want %#x", p, i, n, at, got, w[k])
		}
		if got := normals.data[i]; math.Float32bits(got) != math.Float32bits(z[k]) {
			t.Fatalf("%v: normal %d of %d at %d is %v, want %v (words %#x)", p, i, n, at, got, z[k], w)
		}
	}
}
