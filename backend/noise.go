package backend

import (
	"math"
	"math/bits"
)

// The noise contract. Every random number is a pure function of
// (seed, stream, step, index) through Philox4x32-10 (Salmon et al., "Parallel
// random numbers: as easy as 1, 2, 3", SC 2011):
//
//	key     = (seed low, seed high)
//	counter = (index / 4, stream, step low, step high)
//	word    = output[index % 4]
//
// index is the element's position in the tensor that is drawn, so a stream
// holds 2^34 elements per step. Float operations below are each rounded to
// float32 on their own, never fused, so that every device draws the same bits.

// Philox is the four words of a block of Philox4x32-10.
func Philox(seed uint64, stream uint32, step uint64, block uint32) [4]uint32 {
	const (
		m0, m1 = 0xD2511F53, 0xCD9E8D57
		w0, w1 = 0x9E3779B9, 0xBB67AE85
	)
	c0, c1, c2, c3 := block, stream, uint32(step), uint32(step>>32)
	k0, k1 := uint32(seed), uint32(seed>>32)
	for range 10 {
		hi0, lo0 := bits.Mul32(m0, c0)
		hi1, lo1 := bits.Mul32(m1, c2)
		c0, c1, c2, c3 = hi1^c1^k0, lo1, hi0^c3^k1, lo0
		k0 += w0
		k1 += w1
	}
	return [4]uint32{c0, c1, c2, c3}
}

// Uniform maps a word to [0, 1): its top 24 bits times 2^-24.
func Uniform(word uint32) float32 { return float32(word>>8) * 0x1p-24 }

// Normals maps a block to four standard normals by Box and Muller (1958):
// words (0, 1) give normals 0 and 1, words (2, 3) give 2 and 3.
func Normals(w [4]uint32) [4]float32 {
	n0, n1 := boxMuller(w[0], w[1])
	n2, n3 := boxMuller(w[2], w[3])
	return [4]float32{n0, n1, n2, n3}
}

// boxMuller is r (cos t, sin t) with r = sqrt(-2 ln u), u in (0, 1] from the top
// 24 bits of a, and t = 2 pi b / 2^32: the top two bits of b choose the quadrant,
// the next 24 the fraction f of it.
func boxMuller(a, b uint32) (float32, float32) {
	u := float32(a>>8+1) * 0x1p-24
	r := float32(math.Sqrt(float64(float32(-2 * logUnit(u)))))
	f := float32(b<<2>>8) * 0x1p-24
	s, c := sinQuarter(f), sinQuarter(1-f)
	switch b >> 30 {
	case 1:
		s, c = c, -s
	case 2:
		s, c = -s, -c
	case 3:
		s, c = -c, s
	}
	return float32(r * c), float32(r * s)
}

// sinQuarter is sin(pi f / 2) for f in [0, 1]: the Taylor series to f^11, whose
// remainder (pi/2)^13/13! is 6e-8.
func sinQuarter(f float32) float32 {
	z := float32(f * f)
	p := float32(-3.5988432e-6)
	p = float32(p*z) + 1.6044118e-4
	p = float32(p*z) + -4.6817541e-3
	p = float32(p*z) + 7.9692626e-2
	p = float32(p*z) + -6.4596410e-1
	p = float32(p*z) + 1.5707963
	return float32(p * f)
}

// logUnit is ln u for a normal float32 u in (0, 1], by the polynomial of Cephes'
// logf (Moshier) on [sqrt(1/2), sqrt(2)).
func logUnit(u float32) float32 {
	b := math.Float32bits(u)
	e := float32(int32(b>>23) - 127)
	m := math.Float32frombits(b&0x7FFFFF | 0x3F800000)
	if m > 1.41421356 {
		m = float32(m * 0.5)
		e++
	}
	x := m - 1
	z := float32(x * x)
	p := float32(7.0376836292e-2)
	p = float32(p*x) + -1.1514610310e-1
	p = float32(p*x) + 1.1676998740e-1
	p = float32(p*x) + -1.2420140846e-1
	p = float32(p*x) + 1.4249322787e-1
	p = float32(p*x) + -1.6668057665e-1
	p = float32(p*x) + 2.0000714765e-1
	p = float32(p*x) + -2.4999993993e-1
	p = float32(p*x) + 3.3333331174e-1
	y := float32(float32(p*x) * z)
	y += float32(e * -2.12194440e-4)
	y += float32(-0.5 * z)
	return float32(x+y) + float32(e*0.693359375)
}

// Streams name the independent uses of noise in a step. A layer adds its
// number to the stream's base.
const (
	StreamShuffle  uint32 = 0x100 // epoch's permutation of the examples (step = epoch)
	StreamBinarise uint32 = 0x200 // grey value to a Bernoulli draw
	StreamCorrupt  uint32 = 0x300 // corruption of the input
	StreamCode     uint32 = 0x400 // reparameterised code
	StreamProbe    uint32 = 0x500 // Jacobian probes
	StreamDropout  uint32 = 0x600 // + layer
	StreamInit     uint32 = 0x700 // + parameter tensor (step = 0)
	StreamSample   uint32 = 0x900 // codes drawn from the prior
	StreamLevel    uint32 = 0xa00 // levels of the condition that go with them
)

// Permutation is a keyed bijection of [0, n): the shuffle of an epoch without
// storing one. A 12-round Feistel network over the smallest power of two that
// holds n, walked in cycles until it lands inside [0, n) (Black and Rogaway 2002;
// Mitchell et al., "Bandwidth-optimal random shuffling for GPUs", 2022).
type Permutation struct {
	N           uint64
	left, right uint32 // bits of the two halves
	Keys        [12]uint32
}

// NewPermutation is the permutation of [0, n) for that seed and epoch.
func NewPermutation(n, seed, epoch uint64) Permutation {
	width := uint32(max(2, bits.Len64(n-1)))
	p := Permutation{N: n, left: width / 2, right: width - width/2}
	for block := range uint32(3) {
		w := Philox(seed, StreamShuffle, epoch, block)
		copy(p.Keys[4*block:], w[:])
	}
	return p
}

// At is the image of i.
func (p *Permutation) At(i uint64) uint64 {
	lm, rm := uint32(1<<p.left-1), uint32(1<<p.right-1)
	for {
		l, r := uint32(i>>p.right), uint32(i)&rm
		for k := 0; k < len(p.Keys); k += 2 {
			l ^= mix(r+p.Keys[k]) & lm
			r ^= mix(l+p.Keys[k+1]) & rm
		}
		if i = uint64(l)<<p.right | uint64(r); i < p.N {
			return i
		}
	}
}

// mix is MurmurHash3's 32-bit finaliser (Appleby).
func mix(h uint32) uint32 {
	h ^= h >> 16
	h *= 0x85EBCA6B
	h ^= h >> 13
	h *= 0xC2B2AE35
	return h ^ h>>16
}
