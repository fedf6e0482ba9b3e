package cpu

import (
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu/simd"
)

// noiseOps are the operations of this file: see [operations].
type noiseOps struct {
	dropout dropoutOp
}

// noise is the stream that n names, at the clock's step.
func (d *Device) noise(n backend.Noise) simd.Draw {
	if k := d.clock(n.Clock); k != nil {
		return k.draw(n.Stream, n.First)
	}
	return simd.Draw{}
}

func (c *clock) draw(stream uint32, first int) simd.Draw {
	return simd.Draw{Seed: c.Seed, Step: c.Step, Stream: stream, First: first}
}

// draw is the words of elements at, at+1, ..., a block of them or n if that is less.
func (s *scratch) draw(noise simd.Draw, at, n int) []uint32 {
	w := s.words[:min(block, n)]
	s.path.Words(w, noise, at)
	return w
}

// below is the number that a word's top 24 bits are compared with to see whether
// its uniform is below p: u < p where word>>8 < below(p).
func below(p float32) int32 {
	return int32(math.Ceil(min(max(float64(p), 0), 1) * (1 << 24)))
}

// mask is all ones where the word's uniform is below, otherwise 0.
func mask(word uint32, below int32) uint32 { return uint32((int32(word>>8) - below) >> 31) }

// Dropout is y = x . m / (1-p).
func (d *Device) dropout(o backend.Dropout) {
	if d.begin("Dropout", o.Check()) {
		keep := math.Float32bits(float32(1 / (1 - float64(o.P))))
		d.ops.dropout = dropoutOp{y: d.floats(o.Y), x: d.floats(o.X), noise: d.noise(o.Noise), below: below(o.P), keep: keep}
		d.each(&d.ops.dropout, o.Y.Len(), heavy)
	}
}

type dropoutOp struct {
	y, x  []float32
	noise simd.Draw
	below int32
	keep  uint32 // bits of 1 / (1-p)
}

func (o *dropoutOp) part(s *scratch, _, lo, hi int) {
	for ; lo < hi; lo += block {
		w := s.draw(o.noise, lo, hi-lo)
		y, x := o.y[lo:][:len(w)], o.x[lo:][:len(w)]
		for i, word := range w {
			y[i] = x[i] * math.Float32frombits(o.keep&^mask(word, o.below))
		}
	}
}
