package backendtest

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// recordPlants are faults in recordings alone.
var recordPlants = []fault{
	{bug: "a width of 1 goes wrong in a recording", group: "Narrow", in: func(d backend.Device) backend.Device { return &narrowRecorded{recording{Device: d}} }},
	{bug: "a gradient's width of 1 goes wrong in a recording", group: "Narrow", in: func(d backend.Device) backend.Device { return &narrowBack{recording{Device: d}} }},
	{bug: "no bias gradient in a recording", group: "Narrow", in: func(d backend.Device) backend.Device { return &noSums{recording{Device: d}} }},
	{bug: "half a slope at 0", group: "Kink", in: func(d backend.Device) backend.Device { return &kinked{recording: recording{Device: d}, slope: 0.5} }},
	{bug: "a slope at y = 0", group: "Kink", in: func(d backend.Device) backend.Device {
		return &kinked{recording: recording{Device: d}, slope: 1, everywhere: true}
	}},
	{bug: "swallows NaN, and looks nowhere", group: "Guard", in: func(d backend.Device) backend.Device { return &swallows{Device: d} }},
	{bug: "rounds otherwise when recorded", group: "Record", in: func(d backend.Device) backend.Device { return &otherOrder{recording: recording{Device: d}, by: eps} }},
	{bug: "another bit each time, recorded", group: "Deterministic", in: func(d backend.Device) backend.Device {
		return &otherOrder{recording: recording{Device: d}, by: eps, anew: true}
	}},
}

// recording is a device that knows when it runs a recorded step.
type recording struct {
	backend.Device
	inside bool
}

func (d *recording) Record(step func()) (backend.Program, error) {
	return recordOf(func() {
		d.inside = true
		step()
		d.inside = false
	})
}

type (
	narrowRecorded struct{ recording }
	narrowBack     struct{ recording }
	noSums         struct{ recording }
)

func (d *narrowRecorded) Linear(y, pre, x, w, b backend.Tensor, act backend.Activation, transposed bool) {
	d.Device.Enqueue(backend.Linear{Y: y, Pre: pre, X: x, W: w, B: b, Act: act, Transposed: transposed})
	if d.inside && x.Cols == 1 {
		edit(d.Device, y, func(v []float32) { v[len(v)-1] *= 1.001 })
	}
}

func (d *narrowBack) LinearBackInput(dx, dy, w, saved backend.Tensor, act backend.Activation, transposed bool) {
	d.Device.Enqueue(backend.LinearBackInput{DX: dx, DY: dy, W: w, Saved: saved, Act: act, Transposed: transposed})
	if d.inside && dy.Cols == 1 && act == backend.ReLU {
		edit(d.Device, dx, func(v []float32) { v[len(v)-1] *= 1.001 })
	}
}

func (d *noSums) LinearBackWeights(dw, db, dy, x backend.Tensor, transposed, accumulate bool) {
	if d.inside && dw.Rows == 1 && !accumulate && !db.None() {
		d.Device.Enqueue(backend.Zero{Dst: db})
		db = backend.Tensor{}
	}
	d.Device.Enqueue(backend.LinearBackWeights{DW: dw, DB: db, DY: dy, X: x, Transposed: transposed, Accumulate: accumulate})
}

// kinked has that slope of ReLU at 0: where a recording makes both passes, or
// everywhere.
type kinked struct {
	recording
	slope      float64
	everywhere bool
	zeros      map[backend.Tensor][]bool // where the pre-activations of a layer's output were 0
}

func (d *kinked) Record(step func()) (backend.Program, error) {
	return d.recording.Record(func() {
		if !d.everywhere {
			d.zeros = nil
		}
		step()
	})
}

func (d *kinked) Linear(y, pre, x, w, b backend.Tensor, act backend.Activation, transposed bool) {
	d.Device.Enqueue(backend.Linear{Y: y, X: x, W: w, B: b, Transposed: transposed})
	v := make([]float32, y.Len())
	d.Download(v, y)
	d.Device.Enqueue(backend.Linear{Y: y, Pre: pre, X: x, W: w, B: b, Act: act, Transposed: transposed})
	if d.zeros == nil {
		d.zeros = map[backend.Tensor][]bool{}
	}
	at := make([]bool, len(v))
	for i := range v {
		at[i] = v[i] == 0 && (d.inside || d.everywhere)
	}
	d.zeros[y] = at
}

func (d *kinked) LinearBackInput(dx, dy, w, saved backend.Tensor, act backend.Activation, transposed bool) {
	zeros := d.zeros[saved]
	if act != backend.ReLU || zeros == nil {
		d.Device.Enqueue(backend.LinearBackInput{DX: dx, DY: dy, W: w, Saved: saved, Act: act, Transposed: transposed})
		return
	}
	d.Device.Enqueue(backend.LinearBackInput{DX: dx, DY: dy, W: w, Transposed: transposed})
	all := make([]float32, dx.Len())
	d.Download(all, dx)
	d.Device.Enqueue(backend.LinearBackInput{DX: dx, DY: dy, W: w, Saved: saved, Act: act, Transposed: transposed})
	edit(d.Device, dx, func(v []float32) {
		for i := range v {
			if zeros[i] {
				v[i] = float32(d.slope) * all[i]
			}
		}
	})
}

// swallows has a ReLU that makes 0 of NaN at the end of a product, as max(x, 0).
type swallows struct {
	backend.Device
	step uint64
}

func (d *swallows) Linear(y, pre, x, w, b backend.Tensor, act backend.Activation, transposed bool) {
	d.Device.Enqueue(backend.Linear{Y: y, Pre: pre, X: x, W: w, B: b, Act: act, Transposed: transposed})
	if act != backend.ReLU {
		return
	}
	edit(d.Device, y, func(v []float32) {
		for i := range v {
			if v[i] != v[i] {
				v[i] = 0
			}
		}
	})
}

func (d *swallows) SetClock(c backend.Clock, t backend.Time, table []backend.Hyper) {
	d.step = t.Step
	d.Device.SetClock(c, t, table)
}

func (d *swallows) Tick(c backend.Clock, rows int) {
	d.step++
	d.Device.Enqueue(backend.Tick{Clock: c, Rows: rows})
}

// notes looks at what an update has made of the parameters.
type notes struct{ swallows }

func (d *notes) Update(params, grads, m, v backend.Tensor, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	d.Device.Enqueue(backend.Update{Params: params, Grads: grads, M: m, V: v, Optimiser: o, Guard: guard, Clock: c})
	d.look(params, guard)
}

func (d *notes) UpdateLAMB(params, grads, m, v backend.Tensor, ends []int, trust backend.Sums, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	d.Device.Enqueue(backend.UpdateLAMB{Params: params, Grads: grads, M: m, V: v, Ends: ends, Trust: trust, Optimiser: o, Guard: guard, Clock: c})
	d.look(params, guard)
}

func (d *notes) look(params backend.Tensor, guard backend.Sums) {
	v := make([]float32, params.Len())
	d.Download(v, params)
	first := backend.Sums{Mem: guard.Mem, Off: guard.Off, N: 1}
	for _, x := range v {
		if x != x && readSums(d.Device, first)[0] == 0 {
			d.WriteSums(first, []float64{float64(d.step + 1)})
		}
	}
}

// otherOrder rounds the products of a recorded step otherwise than those enqueued
// one by one, by a share of each element; and otherwise each time if anew.
type otherOrder struct {
	recording
	by    float64
	anew  bool
	calls int
}

func (d *otherOrder) off(t backend.Tensor) {
	if !d.inside || t.None() {
		return
	}
	d.calls++
	v := make([]float32, t.Len())
	d.Download(v, t)
	for i, x := range v {
		n := i
		if d.anew {
			n += d.calls
		}
		v[i] = float32(float64(x) * (1 + d.by*math.Sin(float64(n)*12.9898)))
	}
	d.Upload(t, v)
}

func (d *otherOrder) Linear(y, pre, x, w, b backend.Tensor, act backend.Activation, transposed bool) {
	d.Device.Enqueue(backend.Linear{Y: y, Pre: pre, X: x, W: w, B: b, Act: act, Transposed: transposed})
	d.off(y)
}

func (d *otherOrder) LinearBackInput(dx, dy, w, saved backend.Tensor, act backend.Activation, transposed bool) {
	d.Device.Enqueue(backend.LinearBackInput{DX: dx, DY: dy, W: w, Saved: saved, Act: act, Transposed: transposed})
	d.off(dx)
}

func (d *otherOrder) LinearBackWeights(dw, db, dy, x backend.Tensor, transposed, accumulate bool) {
	d.Device.Enqueue(backend.LinearBackWeights{DW: dw, DB: db, DY: dy, X: x, Transposed: transposed, Accumulate: accumulate})
	d.off(dw)
	d.off(db)
}
