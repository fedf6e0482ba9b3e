package backendtest

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// noisePlants are faults in noise, batches and codes.
var noisePlants = []fault{
	{bug: "noise index off by one", group: "Probes", in: func(d backend.Device) backend.Device { return &offByOne{Device: d} }},
	{bug: "noise of another stream", group: "Dropout", in: func(d backend.Device) backend.Device { return otherStream{d} }},
	{bug: "a normal rounded otherwise", group: "Reparam", in: func(d backend.Device) backend.Device { return lastBit{d} }},
	{bug: "the low half of the step only", group: "Reparam", in: func(d backend.Device) backend.Device { return shortStep{d} }},
	{bug: "no shuffle", group: "Shuffle", in: func(d backend.Device) backend.Device { return inOrder{d} }},
	{bug: "corrupts the clean batch", group: "Gather", in: func(d backend.Device) backend.Device { return bothNoisy{d} }},
	{bug: "ties go to the last", group: "TopK", in: func(d backend.Device) backend.Device { return lastTie{d} }},
	{bug: "ignores free bits", group: "Reparam", in: func(d backend.Device) backend.Device { return noFreeBits{d} }},
}

type (
	otherStream struct{ backend.Device }
	lastBit     struct{ backend.Device }
	shortStep   struct{ backend.Device }
	inOrder     struct{ backend.Device }
	bothNoisy   struct{ backend.Device }
	lastTie     struct{ backend.Device }
	noFreeBits  struct{ backend.Device }
)

// offByOne draws the noise of the next element.
type offByOne struct {
	backend.Device
	t backend.Time
}

func (d *offByOne) SetClock(c backend.Clock, t backend.Time, table []backend.Hyper) {
	d.t = t
	d.Device.SetClock(c, t, table)
}

func (d *offByOne) Probes(v backend.Tensor, batch int, noise backend.Noise, exact bool) {
	d.Device.Enqueue(backend.Probes{V: v, Batch: batch, Noise: noise, Exact: exact})
	if exact {
		return
	}
	edit(d, v, func(out []float32) {
		for i := range out {
			word := backend.Philox(d.t.Seed, noise.Stream, d.t.Step, uint32(i+1)/4)[(i+1)%4]
			out[i] = 1 - 2*float32(word>>31)
		}
	})
}

func (d otherStream) Dropout(y, x backend.Tensor, noise backend.Noise, p float32) {
	noise.Stream = backend.StreamDropout
	d.Device.Enqueue(backend.Dropout{Y: y, X: x, Noise: noise, P: p})
}

// lastBit draws normals that differ in their last bit.
func (d lastBit) Reparam(z, ml backend.Tensor, noise backend.Noise) {
	d.Device.Enqueue(backend.Reparam{Z: z, ML: ml, Noise: noise})
	edit(d, z, func(v []float32) { v[len(v)-1] = math.Nextafter32(v[len(v)-1], 9) })
}

func (d shortStep) SetClock(c backend.Clock, t backend.Time, table []backend.Hyper) {
	t.Step = uint64(uint32(t.Step))
	d.Device.SetClock(c, t, table)
}

func (d inOrder) Gather(clean, noisy backend.Tensor, data backend.Data, spec backend.Batch) {
	spec.Shuffle = false
	d.Device.Enqueue(backend.Gather{Clean: clean, Noisy: noisy, Data: data, Batch: spec})
}

func (d bothNoisy) Gather(clean, noisy backend.Tensor, data backend.Data, spec backend.Batch) {
	d.Device.Enqueue(backend.Gather{Clean: clean, Noisy: noisy, Data: data, Batch: spec})
	if !clean.None() && !noisy.None() {
		d.Device.Enqueue(backend.Copy{Dst: clean, Src: noisy})
	}
}

func (d lastTie) TopK(y, x backend.Tensor, k int) {
	in := make([]float32, x.Len())
	d.Download(in, x)
	d.Device.Enqueue(backend.TopK{Y: y, X: x, K: k})
	edit(d, y, func(v []float32) {
		for r := range x.Rows {
			row, from := v[r*x.Cols:(r+1)*x.Cols], in[r*x.Cols:(r+1)*x.Cols]
			for j := len(row) - 1; j > 0; j-- {
				if row[j] == 0 && row[j-1] == from[j] {
					row[j], row[j-1] = row[j-1], 0
				}
			}
		}
	})
}

func (d noFreeBits) ReparamBack(dml, dz, ml, kl backend.Tensor, noise backend.Noise, _, scale float32) {
	d.Device.Enqueue(backend.ReparamBack{DML: dml, DZ: dz, ML: ml, KL: kl, Noise: noise, FreeBits: -1, Scale: scale})
}
