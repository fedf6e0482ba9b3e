//go:build cuda

package gpu

import (
	"slices"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/plan"
	"github.com/aegpu/aegpu/kernels"
)

// What is known of tensors from one plan to the next: of which a program has left the
// bfloat16 alone (plan/forms.go), and which copies of weights are up to date
// (plan/weightcopies.go).

// halfOnly is a tensor whose float32 is not written: the copy is.
type halfOnly struct {
	of   backend.Tensor
	half *block
}

// weightCopy is a copy of weights that programs share.
type weightCopy struct {
	of    backend.Tensor
	at    *block
	fresh bool // after all that is enqueued
}

// weightCopyFor is the copy of t.
func (d *Device) weightCopyFor(t backend.Tensor, bytes int) (*weightCopy, error) {
	if i := slices.IndexFunc(d.copies, func(s *weightCopy) bool { return s.of == t }); i >= 0 {
		return d.copies[i], nil
	}
	b, err := d.allocate(bytes)
	if err != nil {
		return nil, err
	}
	s := &weightCopy{of: t, at: b}
	d.copies = append(d.copies, s)
	return s, nil
}

// readyFor enqueues what an operation that is enqueued by itself must find in float32,
// and notes what it makes stale.
func (d *Device) readyFor(a backend.Access) error {
	reads := slices.Concat(a.Reads, a.Factors, a.Signs, a.Either)
	overlaps := func(list []backend.Tensor, t backend.Tensor) bool {
		return slices.ContainsFunc(list, func(v backend.Tensor) bool { return backend.Overlap(v, t) })
	}
	whole := func(t backend.Tensor) bool {
		return slices.ContainsFunc(a.Writes, func(w backend.Tensor) bool { return !w.None() && backend.Contains(w, t) })
	}
	err := d.widenAll(func(t halfOnly) bool { return overlaps(reads, t.of) || overlaps(a.Writes, t.of) && !whole(t.of) })
	d.halfOnly = slices.DeleteFunc(d.halfOnly, func(t halfOnly) bool { return whole(t.of) })
	for _, s := range d.copies {
		s.fresh = s.fresh && !overlaps(a.Writes, s.of)
	}
	return err
}

// widenAll writes the float32 of those in half only that are wanted.
func (d *Device) widenAll(wanted func(halfOnly) bool) (err error) {
	d.halfOnly = slices.DeleteFunc(d.halfOnly, func(t halfOnly) bool {
		if err != nil || !wanted(t) {
			return false
		}
		b := &plan.Buffer{}
		err = d.launchKernel(plan.Expand(t.of, b), d.spread(t.of.Len()), places{b: t.half}, d.stream)
		return true
	})
	return err
}

// spread is the grid for n elements.
func (d *Device) spread(n int) int { return max(1, min((n+kernels.Block-1)/kernels.Block, 16*d.sms)) }

// refresh enqueues what makes tensors and copies up to date, so that the program may
// run, and notes what it leaves.
func (d *Device) refresh(p *program) error {
	leaves := func(t backend.Tensor) bool {
		return slices.ContainsFunc(p.plan.HalfOnly, func(l plan.HalfOnly) bool { return l.Of == t })
	}
	err := d.widenAll(func(t halfOnly) bool {
		return !leaves(t.of) && slices.ContainsFunc(p.plan.Touches, func(v backend.Tensor) bool { return backend.Overlap(v, t.of) })
	})
	if err != nil {
		return err
	}
	d.halfOnly = slices.DeleteFunc(d.halfOnly, func(t halfOnly) bool { return leaves(t.of) }) // it overwrites them before it reads them
	for _, l := range p.plan.HalfOnly {
		d.halfOnly = append(d.halfOnly, halfOnly{l.Of, p.at[l.Half]})
	}
	for _, s := range p.copies {
		if !s.fresh {
			to := &plan.Buffer{}
			cast := plan.Cast(kernels.Bfloat16s{Base: to}, s.of)
			if err := d.launchKernel(cast, d.spread(s.of.Rows*plan.HalfLD(s.of)/kernels.Pack), places{to: s.at}, d.stream); err != nil {
				return err
			}
		}
		s.fresh = true
	}
	d.stale(p)
	return nil
}

// stale notes the copies that the program leaves behind.
func (d *Device) stale(p *program) {
	for _, s := range d.copies {
		kept := false
		for i, own := range p.copies {
			kept = kept || own == s && p.plan.Copies[i].Kept
		}
		if !kept && slices.ContainsFunc(p.plan.Writes, func(w backend.Tensor) bool { return backend.Overlap(w, s.of) }) {
			s.fresh = false
		}
	}
}

// dropOf forgets what stands for what lies in b, and frees it, on the worker's thread.
func (d *Device) dropOf(b *block) (first error) {
	of := func(t backend.Tensor) bool { return t.Mem == backend.Memory(b) }
	free := func(at *block) {
		if err := d.drop(at); err != nil && first == nil {
			first = err
		}
	}
	d.halfOnly = slices.DeleteFunc(d.halfOnly, func(t halfOnly) bool { return of(t.of) })
	d.copies = slices.DeleteFunc(d.copies, func(s *weightCopy) bool {
		if of(s.of) {
			free(s.at)
		}
		return of(s.of)
	})
	for key, at := range d.kept {
		if of(key.of) {
			free(at)
			delete(d.kept, key)
		}
	}
	d.batchBuffers = slices.DeleteFunc(d.batchBuffers, func(s *batchBuffer) bool {
		if s.of == b {
			free(s.at)
		}
		return s.of == b
	})
	return first
}
