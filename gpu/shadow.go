//go:build cuda

package gpu

import (
	"slices"
	"unsafe"

	"github.com/aegpu/aegpu/backend"
	"gorgonia.org/cu"
)

// In bf16 the weights of a recorded step, and the biases of products that make
// bfloat16, have copies that outlive it: shadows, which the kernel of Update writes
// together with the weights, so that no launch is spent on them. A shadow is made
// for what a recording's products read before the recording writes it. What
// overwrites the weights otherwise, such as an upload or another program, leaves it
// stale; it is made anew when a program that needs it is launched.
type shadow struct {
	of    backend.Tensor
	at    *block
	fresh bool // after all that is enqueued
}

func overlap(a, b extent) bool { return a.mem == b.mem && a.begin < b.end && b.begin < a.end }

func contains(a, b extent) bool { return a.mem == b.mem && a.begin <= b.begin && b.end <= a.end }

// wrote notes that tensors were written.
func (e *effects) wrote(writes tensors) {
	for _, t := range writes {
		if w := tensorExtent(t); !t.None() && !slices.Contains(e.writes, w) {
			e.writes = append(e.writes, w)
		}
	}
}

// wrotePart reports whether some of t was written before the operation under way.
func (e *effects) wrotePart(t extent) bool {
	return slices.ContainsFunc(e.writes, func(w extent) bool { return overlap(w, t) })
}

// overwrite notes that e is about to be written.
func (d *Device) overwrite(e extent) {
	if r := d.recorded; r != nil {
		r.kept = slices.DeleteFunc(r.kept, func(s *shadow) bool { return overlap(e, tensorExtent(s.of)) })
		return
	}
	for _, s := range d.shadows {
		s.fresh = s.fresh && !overlap(e, tensorExtent(s.of))
	}
}

// shadowOf is the shadow that a recorded product reads instead of t, nil where t
// has none. It is on the worker's thread.
func (d *Device) shadowOf(t backend.Tensor) (*shadow, error) {
	r := d.recorded
	if r == nil || r.wrotePart(tensorExtent(t)) {
		return nil, nil
	}
	i := slices.IndexFunc(d.shadows, func(s *shadow) bool { return s.of == t })
	if i < 0 {
		b, err := d.allocate(2 * t.Rows * halvedLD(t))
		if err != nil {
			return nil, err
		}
		i = len(d.shadows)
		d.shadows = append(d.shadows, &shadow{of: t, at: b})
	}
	s := d.shadows[i]
	if !slices.Contains(r.needs, s) {
		r.needs = append(r.needs, s)
	}
	return s, nil
}

// shaded is the needed shadows that an Update of params can keep: those that lie
// in it, nothing else having written there.
func (d *Device) shaded(params backend.Tensor) (list []*shadow) {
	if d.recorded == nil {
		return nil
	}
	p := tensorExtent(params)
	for _, s := range d.recorded.needs {
		e := tensorExtent(s.of)
		if contains(p, e) && !d.recorded.wrotePart(e) {
			list = append(list, s)
		}
	}
	return list
}

// shadowTable is kernels/update.cu's table of the shadows. It is copied at once,
// also during a recording, and not on the stream that is recorded.
func (d *Device) shadowTable(params backend.Tensor, list []*shadow) (arg, error) {
	if len(list) == 0 {
		return pointer(0), nil
	}
	var table []int64
	for _, s := range list {
		begin := s.of.Off - params.Off
		table = append(table, int64(begin), int64(begin+s.of.Len()), int64(s.of.Cols), int64(halvedLD(s.of)), int64(s.at.at))
	}
	b, err := d.allocate(8 * len(table))
	if err != nil {
		return arg{}, err
	}
	d.recorded.tables = append(d.recorded.tables, b)
	d.recorded.kept = append(d.recorded.kept, list...)
	return pointer(b.at), cu.MemcpyHtoD(b.at, unsafe.Pointer(&table[0]), int64(b.bytes))
}

// refresh enqueues what makes tensors and shadows up to date, so that a step with
// these effects may run.
func (d *Device) refresh(e *effects) error {
	if err := d.thickenFor(e); err != nil {
		return err
	}
	for _, s := range e.needs {
		if s.fresh || s.at == nil {
			continue
		}
		if err := d.cast(s.at.at, s.of); err != nil {
			return err
		}
		s.fresh = true
	}
	return nil
}

// restore ends a recording: shadows that it needs and leaves stale are made anew by
// the step itself, since it may be launched several times over.
func (d *Device) restore(e *effects) error {
	for _, s := range e.needs {
		if slices.Contains(e.kept, s) || !e.wrotePart(tensorExtent(s.of)) {
			continue
		}
		if err := d.cast(s.at.at, s.of); err != nil {
			return err
		}
		e.kept = append(e.kept, s)
	}
	return nil
}

// apply notes that a step with these effects was launched.
func (d *Device) apply(e *effects) {
	for _, s := range d.shadows {
		if e.wrotePart(tensorExtent(s.of)) && !slices.Contains(e.kept, s) {
			s.fresh = false
		}
	}
	for _, v := range e.thin {
		v.thin = true
	}
}

// dropShadows frees the shadows of what lies in b, on the worker's thread.
func (d *Device) dropShadows(b *block) (first error) {
	d.shadows = slices.DeleteFunc(d.shadows, func(s *shadow) bool {
		if s.of.Mem != backend.Memory(b) {
			return false
		}
		delete(d.blocks, s.at)
		if err := cu.MemFree(s.at.at); err != nil && first == nil {
			first = err
		}
		s.at = nil
		return true
	})
	return first
}
