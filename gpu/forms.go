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
// (plan/shadows.go).

// thin is a tensor whose float32 is not written: the copy is.
type thin struct {
	of   backend.Tensor
	half *block
}

// shadow is a copy of weights that programs share.
type shadow struct {
	of    backend.Tensor
	at    *block
	fresh bool // after all that is enqueued
}

// shadowFor is the shadow of t.
func (d *Device) shadowFor(t backend.Tensor, bytes int) (*shadow, error) {
	if i := slices.IndexFunc(d.shadows, func(s *shadow) bool { return s.of == t }); i >= 0 {
		return d.shadows[i], nil
	}
	b, err := d.allocate(bytes)
	if err != nil {
		return nil, err
	}
	s := &shadow{of: t, at: b}
	d.shadows = append(d.shadows, s)
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
	err := d.thickenAll(func(t thin) bool { return overlaps(reads, t.of) || overlaps(a.Writes, t.of) && !whole(t.of) })
	d.thin = slices.DeleteFunc(d.thin, func(t thin) bool { return whole(t.of) })
	for _, s := range d.shadows {
		s.fresh = s.fresh && !overlaps(a.Writes, s.of)
	}
	return err
}

// thickenAll writes the float32 of those that are thin and that are wanted.
func (d *Device) thickenAll(wanted func(thin) bool) (err error) {
	d.thin = slices.DeleteFunc(d.thin, func(t thin) bool {
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

// refresh enqueues what makes tensors and shadows up to date, so that the program may
// run, and notes what it leaves.
func (d *Device) refresh(p *program) error {
	leaves := func(t backend.Tensor) bool {
		return slices.ContainsFunc(p.plan.Thin, func(l plan.Thin) bool { return l.Of == t })
	}
	err := d.thickenAll(func(t thin) bool {
		return !leaves(t.of) && slices.ContainsFunc(p.plan.Touches, func(v backend.Tensor) bool { return backend.Overlap(v, t.of) })
	})
	if err != nil {
		return err
	}
	d.thin = slices.DeleteFunc(d.thin, func(t thin) bool { return leaves(t.of) }) // it overwrites them before it reads them
	for _, l := range p.plan.Thin {
		d.thin = append(d.thin, thin{l.Of, p.at[l.Half]})
	}
	for _, s := range p.shadows {
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

// stale notes the shadows that the program leaves behind.
func (d *Device) stale(p *program) {
	for _, s := range d.shadows {
		kept := false
		for i, own := range p.shadows {
			kept = kept || own == s && p.plan.Shadows[i].Kept
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
	d.thin = slices.DeleteFunc(d.thin, func(t thin) bool { return of(t.of) })
	d.shadows = slices.DeleteFunc(d.shadows, func(s *shadow) bool {
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
	d.stagings = slices.DeleteFunc(d.stagings, func(s *staging) bool {
		if s.of == b {
			free(s.at)
		}
		return s.of == b
	})
	return first
}
