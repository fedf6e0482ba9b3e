//go:build cuda

package gpu

import (
	"github.com/aegpu/aegpu/backend"
	"gorgonia.org/cu"
)

// derivation is what the device keeps of a tensor beside it.
type derivation uint8

const (
	positive derivation = iota // a bit an element, set where a ReLU let it through (mask.go)
	halved                     // a copy in bfloat16 (halved.go)
)

// derived is memory of the device's own that stands for a tensor in some form,
// as long as nothing overwrites the tensor.
type derived struct {
	kind  derivation
	of    backend.Tensor
	at    *block
	epoch int  // of the device when it was written
	thin  bool // a copy, and the tensor itself was not written (halved.go)
}

// What is derived in a recording holds within it alone, since it is not known
// what runs between its replays; and what was derived outside ends where a program
// is launched. newEpoch makes all that was derived so far stale.
func (d *Device) newEpoch() { d.epoch++ }

// forget makes stale what is derived from tensors that are overwritten. Of a thin
// one that is overwritten in part the rest is written first.
func (d *Device) forget(writes tensors) error {
	for _, t := range writes {
		if t.None() {
			continue
		}
		e := tensorExtent(t)
		d.overwrite(e)
		for _, v := range d.derived {
			if !overlap(tensorExtent(v.of), e) {
				continue
			}
			if v.thin && !contains(e, tensorExtent(v.of)) {
				if err := d.expand(v); err != nil {
					return err
				}
			}
			v.epoch, v.thin = -1, false
		}
	}
	return nil
}

// lookup is what is derived from t, fresh or stale, nil if nothing is.
func (d *Device) lookup(kind derivation, t backend.Tensor) *derived {
	for _, v := range d.derived {
		if v.kind == kind && v.of == t {
			return v
		}
	}
	return nil
}

func (d *Device) fresh(v *derived) bool { return v != nil && v.epoch == d.epoch }

// derive is room for what is derived from t, on the worker's thread. It is
// allocated the first time, which in training is when the step is recorded.
func (d *Device) derive(kind derivation, t backend.Tensor, bytes int) (*derived, error) {
	if v := d.lookup(kind, t); v != nil {
		return v, nil
	}
	b, err := d.allocate(bytes)
	if err != nil {
		return nil, err
	}
	v := &derived{kind: kind, of: t, at: b, epoch: -1}
	d.derived = append(d.derived, v)
	return v, nil
}

// drop frees what is derived from what lies in b, on the worker's thread.
func (d *Device) drop(b *block) error {
	var first error
	keep := d.derived[:0]
	for _, v := range d.derived {
		if v.of.Mem != backend.Memory(b) {
			keep = append(keep, v)
			continue
		}
		delete(d.blocks, v.at)
		if err := cu.MemFree(v.at.at); err != nil && first == nil {
			first = err
		}
	}
	clear(d.derived[len(keep):])
	d.derived = keep
	return first
}
