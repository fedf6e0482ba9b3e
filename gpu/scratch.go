//go:build cuda

package gpu

import (
	"github.com/aegpu/aegpu/gpu/plan"
	"gorgonia.org/cu"
)

// scratch is where the partial sums of reductions lie, which one kernel at a time
// uses: all are on one stream.
type scratch struct{ part, count *block }

func (d *Device) makeScratch() (err error) {
	if d.scratch.part, err = d.allocate(8 * (plan.NumPartials + plan.NumTilePartials)); err != nil {
		return err
	}
	if d.scratch.count, err = d.allocate(4 * plan.NumCounters); err != nil {
		return err
	}
	return d.clear(d.scratch.count.at, 4*plan.NumCounters)
}

// of is the address of a part of it.
func (s scratch) of(which plan.Scratch) cu.DevicePtr {
	switch which {
	case plan.TilePartials:
		return s.part.at + 8*plan.NumPartials
	case plan.Counters:
		return s.count.at
	}
	return s.part.at
}
