//go:build cuda

package gpu

import (
	"errors"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

// Bits of the gather kernels' flags.
const (
	gatherShuffle  = 1
	gatherBinarise = 2
	gatherStaged   = 4
)

// Gather gathers a batch and corrupts a copy of it.
func (d *Device) Gather(clean, noisy backend.Tensor, data backend.Data, spec backend.Batch) {
	out := clean
	if clean.None() {
		out = noisy
	}
	if !d.ready("Gather", backend.CheckGather(clean, noisy, data, spec), tensors{clean, noisy}, stored(data)) || !d.clock("Gather", spec.Clock) {
		return
	}
	if !d.owns(dataExtent(data)) {
		d.fail("Gather", errors.New("the data set is outside its memory, or that of another device"))
		return
	}
	kernel, flags := kernels.GatherFwdF32, 0
	if data.Bytes {
		kernel = kernels.GatherFwdU8
	}
	if spec.Shuffle {
		flags |= gatherShuffle
	}
	if spec.Binarise {
		flags |= gatherBinarise
	}
	d.run("Gather", func() error {
		from, f := address(dataExtent(data)), (*staged)(nil)
		if b := data.Mem.(*block); b.host != nil && d.program != nil {
			var err error
			if f, err = d.staged(data, spec, out.Rows); err != nil {
				return err
			}
			from, flags = f.at.at, flags|gatherStaged
		}
		c, err := d.sinkOf(clean)
		if err != nil {
			return err
		}
		n, err := d.sinkOf(noisy)
		if err != nil {
			return err
		}
		err = d.launch(kernel, d.spread(ceil(out.Len(), 4)), c.float, c.half, n.float, n.half, integer(halvedLD(out)), pointer(from),
			clockAt(spec.Clock), integer(data.Rows), integer(out.Rows), integer(out.Cols), integer(flags),
			integer(int(spec.Corrupt)), float(spec.Level), float(spec.Low), float(spec.High))
		if err != nil || f == nil {
			return err
		}
		return d.prefetch(f)
	})
}

// stored is a data set as a tensor, which it may be the memory of; none for bytes.
func stored(v backend.Data) backend.Tensor {
	if v.Bytes {
		return backend.Tensor{}
	}
	return backend.Tensor{Mem: v.Mem, Off: v.Off, Rows: v.Rows, Cols: v.Cols}
}
