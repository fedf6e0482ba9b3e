package cpu

import (
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu/simd"
)

// gatherOps are the operations of this file: see [operations].
type gatherOps struct {
	gather gatherOp
}

// Gather fetches a batch and corrupts a copy of it.
func (d *Device) gather(op backend.Gather) {
	if !d.begin("Gather", op.Check()) {
		return
	}
	out := op.Clean
	if out.None() {
		out = op.Noisy
	}
	o := &d.ops.gather
	*o = gatherOp{clean: d.floats(op.Clean), noisy: d.floats(op.Noisy), cols: op.Data.Cols, spec: op.Batch}
	if m := d.block(op.Data.Mem); m != nil && op.Data.Bytes {
		o.bytes = view(d, m.bytes, op.Data.Off, op.Data.Rows*op.Data.Cols)
	} else if m != nil {
		o.data = view(d, m.floats, op.Data.Off, op.Data.Rows*op.Data.Cols)
	}
	k := d.clock(op.Batch.Clock)
	if !d.ready() {
		return
	}
	if k.Row > uint64(op.Data.Rows-out.Rows) {
		d.fail("rows %d to %d of data of %d", k.Row, k.Row+uint64(out.Rows), op.Data.Rows)
	}
	o.row = k.Row
	if op.Batch.Shuffle {
		o.perm = k.permutation(op.Data.Rows)
	}
	o.binarise, o.corrupt = k.draw(backend.StreamBinarise, op.Batch.First), k.draw(backend.StreamCorrupt, op.Batch.First)
	d.eachRow(o, out.Rows, out.Cols, heavy)
}

type gatherOp struct {
	clean, noisy      []float32
	data              []float32 // one of data and bytes
	bytes             []byte
	cols              int
	row               uint64
	perm              *backend.Permutation // nil for rows in order
	spec              backend.Batch
	binarise, corrupt simd.Draw
}

func (o *gatherOp) part(s *scratch, _, lo, hi int) {
	out := o.clean
	if out == nil {
		out = o.noisy
	}
	for b := lo; b < hi; b++ {
		o.fetch(s, out[b*o.cols:(b+1)*o.cols], o.row+uint64(b))
	}
	lo, hi = lo*o.cols, hi*o.cols
	out = out[lo:hi]
	if o.spec.Binarise {
		s.binarise(out, o.binarise, lo)
	}
	if o.noisy != nil {
		s.corrupt(o.noisy[lo:hi], out, o.spec, o.corrupt, lo)
	}
}

// fetch copies the example that comes row-th in the epoch.
func (o *gatherOp) fetch(s *scratch, dst []float32, row uint64) {
	if o.perm != nil {
		row = o.perm.At(row)
	}
	at := int(row) * o.cols
	if o.bytes == nil {
		copy(dst, o.data[at:])
		return
	}
	s.path.Dequantise(dst, o.bytes[at:at+len(dst)], 255)
}

// binarise is x = u < x ? 1 : 0. Element 0 of x draws the noise of element at.
func (s *scratch) binarise(x []float32, noise simd.Draw, at int) {
	for ; len(x) > 0; x, at = next(x), at+block {
		for i, word := range s.draw(noise, at, len(x)) {
			bit := uint32(0)
			if backend.Uniform(word) < x[i] {
				bit = 1
			}
			x[i] = float32(int32(bit))
		}
	}
}

// corrupt is dst = x, damaged. dst may be x.
func (s *scratch) corrupt(dst, x []float32, spec backend.Batch, noise simd.Draw, at int) {
	switch spec.Corrupt {
	case backend.NoCorruption:
		copy(dst, x)
	case backend.GaussianNoise:
		for ; len(x) > 0; dst, x, at = next(dst), next(x), at+block {
			eps := s.a[:min(block, len(x))]
			s.path.Normals(eps, noise, at)
			for i, e := range eps {
				dst[i] = x[i] + float32(spec.Level*e)
			}
		}
	case backend.Masking:
		s.saltAndPepper(dst, x, noise, at, below(spec.Level), 0, below(spec.Level), 0)
	case backend.SaltAndPepper:
		s.saltAndPepper(dst, x, noise, at, below(spec.Level/2), spec.Low, below(spec.Level), spec.High)
	}
}

// saltAndPepper is dst = u < p ? low : u < q ? high : x.
func (s *scratch) saltAndPepper(dst, x []float32, noise simd.Draw, at int, p int32, low float32, q int32, high float32) {
	lowBits, highBits := math.Float32bits(low), math.Float32bits(high)
	for ; len(x) > 0; dst, x, at = next(dst), next(x), at+block {
		for i, word := range s.draw(noise, at, len(x)) {
			isLow, changed := mask(word, p), mask(word, q)
			dst[i] = math.Float32frombits(lowBits&isLow | highBits&changed&^isLow | math.Float32bits(x[i])&^changed)
		}
	}
}
