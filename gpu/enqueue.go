//go:build cuda

package gpu

import (
	"errors"
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/plan"
)

// Enqueue has an operation computed after all that is enqueued.
func (d *Device) Enqueue(op backend.Operation) {
	if d.err != nil {
		return
	}
	name := backend.Name(op)
	if err := d.check(op); err != nil {
		d.fail(name, err)
		return
	}
	d.do(name, func() error { return d.now(op) })
}

// check is what is wrong with an operation: its shapes, or an operand outside memory
// of this device.
func (d *Device) check(op backend.Operation) error {
	if op == nil {
		return errors.New("there is no such operation")
	}
	if err := op.Check(); err != nil {
		return err
	}
	a := op.Access()
	for _, t := range a.Tensors() {
		if !d.owns(tensorExtent(t)) {
			return fmt.Errorf("a tensor of %v at %d is outside its memory, which may be freed, or that of another device", t, t.Off)
		}
	}
	for _, s := range a.Sums {
		if !d.owns(sumsExtent(s)) {
			return fmt.Errorf("accumulators %d of %d are outside their memory, which may be freed, or that of another device", s.N, s.Off)
		}
	}
	if a.Timed && !d.owns(extent{a.Clock.Mem, 0, headerSize}) {
		return errors.New("it needs a clock of this device")
	}
	if g, ok := op.(backend.Gather); ok && !d.owns(dataExtent(g.Data)) {
		return errors.New("the data set is outside its memory, which may be freed, or that of another device")
	}
	return nil
}

// now enqueues an operation by itself.
func (d *Device) now(op backend.Operation) error {
	for {
		p, err := d.planned(backend.List{op}, false)
		if err != nil {
			return err
		}
		if err := d.readyFor(op.Access()); err != nil {
			return err
		}
		at, err := d.keep(p)
		if err != nil {
			return err
		}
		if err = d.issue(p, at); err == nil {
			for clock, rows := range p.Ticks {
				clock.Mem.(*block).row += rows
			}
		}
		if !errors.Is(err, errRefused) {
			return err
		}
	}
}

// keptKey tells the buffers of operations apart that are enqueued one by one, which
// are kept for the next time.
type keptKey struct {
	kind  plan.Kind
	of    backend.Tensor
	bytes int
	words string
}

// keep is where the buffers of an operation are.
func (d *Device) keep(p *plan.Plan) (at places, err error) {
	at = places{}
	for _, b := range p.Buffers {
		key := keptKey{kind: b.Kind, of: b.Of, bytes: b.Bytes}
		if b.Words != nil {
			key.words = fmt.Sprint(b.Words)
		}
		if d.kept[key] == nil {
			if d.kept[key], err = d.makeBuffer(b, nil); err != nil {
				delete(d.kept, key)
				return nil, err
			}
		}
		at[b] = d.kept[key]
	}
	return at, nil
}
