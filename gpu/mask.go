//go:build cuda

package gpu

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
	"gorgonia.org/cu"
)

// The backward pass of ReLU costs no launch: the forward product leaves one bit
// an element, set where y > 0, and the product of LinearBackInput applies it as
// its epilogue. The bits are the device's own and stand for saved = y as long as
// nothing else writes y.

// mask is the bits of one layer's output.
type mask struct {
	y     backend.Tensor
	bits  *block
	epoch int // of the device when they were written
}

// ld is the bits' leading dimension: the columns rounded up as cuBLASLt wants.
func (m *mask) ld() int { return maskLD(m.y) }

func maskLD(y backend.Tensor) int { return ceil(y.Cols, cublaslt.AuxAlign) * cublaslt.AuxAlign }

// A recording's bits hold within it alone, since what it replays beside is not
// known; those from outside end where a program is launched. newEpoch makes all
// that were written so far stale.
func (d *Device) newEpoch() { d.epoch++ }

// forget makes the bits of overwritten tensors stale.
func (d *Device) forget(writes tensors) {
	for _, t := range writes {
		if t.None() {
			continue
		}
		e := tensorExtent(t)
		for _, m := range d.masks {
			if o := tensorExtent(m.y); o.mem == e.mem && o.begin < e.end && e.begin < o.end {
				m.epoch = -1
			}
		}
	}
}

// maskOf is the bits of y if they hold.
func (d *Device) maskOf(y backend.Tensor) *mask {
	for _, m := range d.masks {
		if m.y == y && m.epoch == d.epoch {
			return m
		}
	}
	return nil
}

// newMask is room for the bits of y, on the worker's thread. It is allocated the
// first time, which is when the step is recorded.
func (d *Device) newMask(y backend.Tensor) (*mask, error) {
	for _, m := range d.masks {
		if m.y == y {
			return m, nil
		}
	}
	bits, err := d.allocate(y.Rows * maskLD(y) / 8)
	if err != nil {
		return nil, err
	}
	m := &mask{y: y, bits: bits, epoch: -1}
	d.masks = append(d.masks, m)
	return m, nil
}

// dropMasks frees the bits of what lies in b, on the worker's thread.
func (d *Device) dropMasks(b *block) error {
	var first error
	keep := d.masks[:0]
	for _, m := range d.masks {
		if m.y.Mem != backend.Memory(b) {
			keep = append(keep, m)
			continue
		}
		delete(d.blocks, m.bits)
		if err := cu.MemFree(m.bits.at); err != nil && first == nil {
			first = err
		}
	}
	clear(d.masks[len(keep):])
	d.masks = keep
	return first
}
