//go:build cuda

package gpu

import (
	"slices"

	"github.com/aegpu/aegpu/backend"
)

// The operations of a recorded step are kept until the step is whole, and only
// then planned: so each knows who reads what it makes, and leaves its results in
// the form that is read, and in no other. What a plan leaves is launches, and only
// they are captured: algorithms were chosen and have run, memory is there, tables
// are copied.

// operation is one of a recorded step.
type operation struct {
	access
	name    string
	enqueue func() error

	// What spares a launch: what it does can be left to another operation, or it can
	// do another's work on what it writes to writes[0].
	adds   *addition // all that it does, of reads[0]
	slopes *slope    // all that it does, to writes[0] in its place
	sloped func(slope) error
	added  func(addition) error
	ended  func(rows int) error // for an end of the step of clock, none if rows is negative
	clock  backend.Clock
}

// slope is a factor s'(saved): of the identity, which saves nothing, 1.
type slope struct {
	saved backend.Tensor
	act   backend.Activation
}

// runSloped is run of an operation that can multiply by a slope what it writes.
func (d *Device) runSloped(op string, enqueue func(slope) error) {
	d.run(op, func() error { return enqueue(slope{}) })
	if o := d.recorded.last(); o != nil {
		o.sloped = enqueue
	}
}

// runAdded is run of an operation that can add up what it writes.
func (d *Device) runAdded(op string, enqueue func(addition) error) {
	d.run(op, func() error { return enqueue(noAddition) })
	if o := d.recorded.last(); o != nil {
		o.added = enqueue
	}
}

// runEnded is run of an operation that can end a step of c when it is done.
func (d *Device) runEnded(op string, c backend.Clock, enqueue func(rows int) error) {
	d.run(op, func() error { return enqueue(-1) })
	if o := d.recorded.last(); o != nil {
		o.ended, o.clock = enqueue, c
	}
}

// take is the operation recorded last if it is one that can do what is asked; nil
// if not. It is taken back: the next operation does its work.
func (d *Device) take(can func(*operation) bool) *operation {
	o := d.recorded.last()
	if o == nil || !can(o) {
		return nil
	}
	taken := *o
	d.recorded.operations = d.recorded.operations[:len(d.recorded.operations)-1]
	return &taken
}

// takeWriter is take of an operation that wrote t.
func (d *Device) takeWriter(t backend.Tensor, can func(*operation) bool) *operation {
	return d.take(func(o *operation) bool { return len(o.writes) > 0 && o.writes[0] == t && can(o) })
}

// last is the operation recorded last, nil if there is none, or no recording.
func (e *effects) last() *operation {
	if e == nil || len(e.operations) == 0 {
		return nil
	}
	return &e.operations[len(e.operations)-1]
}

// addition is a sum that another operation can make on its way (Accumulate).
type addition struct {
	to    arg
	scale float64
}

var noAddition = addition{to: pointer(0)}

// takeZero reports whether the operation recorded last is a Zero of t. It is taken
// back: the next operation, which adds to t, writes it instead.
func (d *Device) takeZero(t backend.Tensor) bool {
	return d.takeWriter(t, func(o *operation) bool { return o.name == "Zero" }) != nil
}

// takeSum is what the step so far adds up of t as it is, if it does. It is taken
// back: the next operation makes the sum.
func (d *Device) takeSum(t backend.Tensor) addition {
	if d.recorded == nil {
		return noAddition
	}
	list := d.recorded.operations
	for i := len(list) - 1; i >= 0 && list[i].name != "ZeroSums"; i-- {
		if a := list[i].adds; a != nil && list[i].reads[0] == t {
			d.recorded.operations = slices.Delete(list, i, i+1)
			return *a
		}
		for _, w := range list[i].writes {
			if !w.None() && overlap(tensorExtent(w), tensorExtent(t)) {
				return noAddition
			}
		}
	}
	return noAddition
}

// effects are what a recorded step does to tensors and what is kept beside them.
type effects struct {
	operations []operation
	at         int            // of the one that is being planned
	launches   []func() error // what the plan comes to, in order

	writes  []extent   // so far
	needs   []*shadow  // read before the step writes what they are of
	kept    []*shadow  // of needs: written by Update, and so still fresh when the step ends
	tables  []*block   // of the shadows that Updates write
	thin    []*derived // the tensors that are left in bfloat16 alone
	touches []extent   // all that it reads and writes
}

// demand is how a tensor is read before it is overwritten.
type demand struct {
	float  bool // as float32
	factor bool // as an operand of products
	gate   bool // as the output of a ReLU, for its sign
	either bool // in any form
}

// thin reports whether the tensor is read, and its bfloat16 is enough.
func (r demand) thin() bool { return !r.float && (r.factor || r.gate || r.either) }

// demandFor is how t, which the operation under way makes, is read until it is
// overwritten: in the rest of the step, and at the start of the next one, which
// finds float32. What reads it after the step does so through thicken.
func (d *Device) demandFor(t backend.Tensor) (r demand) {
	e := d.recorded
	if e == nil {
		return demand{float: true}
	}
	for i := e.at + 1; i < len(e.operations); i++ {
		if r.add(e.operations[i].access, t) {
			return r
		}
	}
	for _, o := range e.operations[:e.at+1] {
		var again demand
		over := again.add(o.access, t)
		if again != (demand{}) {
			r.float = true
		}
		if over {
			break
		}
	}
	return r
}

// add notes what an operation reads of t and reports whether it overwrites it all.
func (r *demand) add(a access, t backend.Tensor) (over bool) {
	e := tensorExtent(t)
	touches := func(list tensors, alike bool) (found bool) {
		for _, v := range list {
			if !v.None() && overlap(tensorExtent(v), e) && (v == t) == alike {
				found = true
			}
		}
		return found
	}
	r.factor = r.factor || touches(a.factors, true)
	r.gate = r.gate || touches(a.gates, true)
	r.either = r.either || touches(a.either, true)
	r.float = r.float || touches(a.reads, true)
	for _, list := range []tensors{a.reads, a.factors, a.gates, a.either} {
		r.float = r.float || touches(list, false) // a part of it
	}
	for _, w := range a.writes {
		if w.None() || !overlap(tensorExtent(w), e) {
			continue
		}
		if contains(tensorExtent(w), e) {
			return true
		}
		r.float = true
	}
	return false
}

// enqueue has the driver do something now or, while a step is planned, when it is
// captured.
func (d *Device) enqueue(launch func() error) error {
	if d.recorded == nil {
		return launch()
	}
	d.recorded.launches = append(d.recorded.launches, launch)
	return nil
}

// flush plans the operations of the recorded step.
func (d *Device) flush() {
	e := d.recorded
	for i, o := range e.operations {
		e.at = i
		for _, t := range slices.Concat(o.writes, o.reads, o.factors, o.gates, o.either) {
			if x := tensorExtent(t); !t.None() && !slices.Contains(e.touches, x) {
				e.touches = append(e.touches, x)
			}
		}
		d.do(o.name, o.access, o.enqueue)
	}
}

// do has the worker enqueue an operation, or plan it, unless there was an error.
func (d *Device) do(op string, a access, enqueue func() error) {
	if d.err != nil {
		return
	}
	err := d.worker.Do(func() error {
		if err := d.prepare(a); err != nil {
			return err
		}
		if err := enqueue(); err != nil {
			return err
		}
		if d.recorded != nil {
			d.recorded.wrote(a.writes)
		}
		return nil
	})
	if err != nil {
		d.fail(op, err)
	}
}

// prepare readies tensors for an operation: those that it reads hold their
// values, and of those that it overwrites nothing that was derived stays fresh.
func (d *Device) prepare(a access) error {
	if err := d.await(a); err != nil {
		return err
	}
	for _, t := range a.reads {
		if err := d.thicken(t, false); err != nil {
			return err
		}
	}
	d.sources = d.sources[:0]
	for _, t := range slices.Concat(a.factors, a.gates, a.either) {
		if err := d.thicken(t, d.recorded != nil); err != nil {
			return err
		}
		if v := d.lookup(halved, t); v != nil && v.thin {
			d.sources = append(d.sources, v)
		}
	}
	return d.forget(a.writes)
}
