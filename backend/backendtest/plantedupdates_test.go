package backendtest

import (
	"github.com/aegpu/aegpu/backend"
)

// updatePlants are faults in updates and what they look at.
var updatePlants = []fault{
	{bug: "decays everything", group: "Update", in: func(d backend.Device) backend.Device { return decaysAll{d} }},
	{bug: "does not clip", group: "Update", in: func(d backend.Device) backend.Device { return noClip{d} }},
	{bug: "ignores the guard", group: "Update", in: func(d backend.Device) backend.Device { return unguarded{d} }},
	{bug: "one trust ratio for all tensors", group: "LAMB", in: func(d backend.Device) backend.Device { return oneTrust{d} }},
	{bug: "trusts the biases", group: "LAMB", in: func(d backend.Device) backend.Device { return trustsAll{d} }},
	{bug: "no trust ratio", group: "LAMB", in: func(d backend.Device) backend.Device { return noTrust{d} }},
	{bug: "lamb does not clip", group: "LAMB", in: func(d backend.Device) backend.Device { return lambNoClip{d} }},
	{bug: "lamb ignores the guard", group: "LAMB", in: func(d backend.Device) backend.Device { return lambUnguarded{d} }},
	{bug: "forgets the first bad step", group: "Check", in: func(d backend.Device) backend.Device { return forgets{d} }},
	{bug: "the row stands still", group: "Clock", in: func(d backend.Device) backend.Device { return stuckRow{d} }},
	{bug: "the table wraps around", group: "Clock", in: func(d backend.Device) backend.Device { return &wraps{Device: d} }},
}

type (
	decaysAll     struct{ backend.Device }
	noClip        struct{ backend.Device }
	unguarded     struct{ backend.Device }
	oneTrust      struct{ backend.Device }
	trustsAll     struct{ backend.Device }
	noTrust       struct{ backend.Device }
	lambNoClip    struct{ backend.Device }
	lambUnguarded struct{ backend.Device }
	forgets       struct{ backend.Device }
	stuckRow      struct{ backend.Device }
)

func (d decaysAll) Update(params, grads, m, v backend.Tensor, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	o.Decayed = params.Len()
	d.Device.Enqueue(backend.Update{Params: params, Grads: grads, M: m, V: v, Optimiser: o, Guard: guard, Clock: c})
}

func (d noClip) Update(params, grads, m, v backend.Tensor, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	o.Clip = 0
	d.Device.Enqueue(backend.Update{Params: params, Grads: grads, M: m, V: v, Optimiser: o, Guard: guard, Clock: c})
}

func (d unguarded) Update(params, grads, m, v backend.Tensor, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	d.Enqueue(backend.ZeroSums{Sums: backend.Sums{Mem: guard.Mem, Off: guard.Off, N: 1}})
	d.Device.Enqueue(backend.Update{Params: params, Grads: grads, M: m, V: v, Optimiser: o, Guard: guard, Clock: c})
}

// oneTrust takes the norms of all parameters together.
func (d oneTrust) UpdateLAMB(params, grads, m, v backend.Tensor, ends []int, trust backend.Sums, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	first := backend.Sums{Mem: trust.Mem, Off: trust.Off, N: 1}
	d.Device.Enqueue(backend.UpdateLAMB{Params: params, Grads: grads, M: m, V: v, Ends: ends[len(ends)-1:], Trust: first, Optimiser: o, Guard: backend.Sums{Mem: guard.Mem, Off: guard.Off, N: backend.GuardNorm + 1}, Clock: c})
}

// trustsAll gives every tensor a ratio, where that changes no decay.
func (d trustsAll) UpdateLAMB(params, grads, m, v backend.Tensor, ends []int, trust backend.Sums, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	if o.WeightDecay == 0 {
		o.Decayed = params.Len()
	}
	d.Device.Enqueue(backend.UpdateLAMB{Params: params, Grads: grads, M: m, V: v, Ends: ends, Trust: trust, Optimiser: o, Guard: guard, Clock: c})
}

// noTrust is a plain step along the direction, where that changes no decay.
func (d noTrust) UpdateLAMB(params, grads, m, v backend.Tensor, ends []int, trust backend.Sums, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	if o.WeightDecay == 0 {
		o.Decayed = 0
	}
	d.Device.Enqueue(backend.UpdateLAMB{Params: params, Grads: grads, M: m, V: v, Ends: ends, Trust: trust, Optimiser: o, Guard: guard, Clock: c})
}

func (d lambNoClip) UpdateLAMB(params, grads, m, v backend.Tensor, ends []int, trust backend.Sums, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	o.Clip = 0
	d.Device.Enqueue(backend.UpdateLAMB{Params: params, Grads: grads, M: m, V: v, Ends: ends, Trust: trust, Optimiser: o, Guard: guard, Clock: c})
}

func (d lambUnguarded) UpdateLAMB(params, grads, m, v backend.Tensor, ends []int, trust backend.Sums, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	d.Enqueue(backend.ZeroSums{Sums: backend.Sums{Mem: guard.Mem, Off: guard.Off, N: 1}})
	d.Device.Enqueue(backend.UpdateLAMB{Params: params, Grads: grads, M: m, V: v, Ends: ends, Trust: trust, Optimiser: o, Guard: guard, Clock: c})
}

func (d forgets) Check(guard backend.Sums, grads backend.Tensor, ends []int, rows backend.Tensor, c backend.Clock) {
	d.Enqueue(backend.ZeroSums{Sums: guard})
	d.Device.Enqueue(backend.Check{Guard: guard, Grads: grads, Ends: ends, Rows: rows, Clock: c})
}

func (d stuckRow) Tick(c backend.Clock, _ int) { d.Device.Enqueue(backend.Tick{Clock: c}) }

// wraps goes back to the start of the table after its last row.
type wraps struct {
	backend.Device
	t     backend.Time
	table []backend.Hyper
	row   int
}

func (d *wraps) SetClock(c backend.Clock, t backend.Time, table []backend.Hyper) {
	d.t, d.table, d.row = t, table, 0
	d.Device.SetClock(c, t, table)
}

func (d *wraps) Tick(c backend.Clock, rows int) {
	d.Device.Enqueue(backend.Tick{Clock: c, Rows: rows})
	d.t.Step++
	d.t.Row += uint64(rows)
	if d.row++; len(d.table) > 0 && d.row == len(d.table) {
		d.row = 0
		d.Device.SetClock(c, d.t, d.table)
	}
}
