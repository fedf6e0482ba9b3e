//go:build cuda

package gpu

import (
	"fmt"
	"unsafe"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
	"gorgonia.org/cu"
)

const (
	headerSize = int(unsafe.Sizeof(kernels.ClockHead{}))
	rowSize    = int(unsafe.Sizeof(backend.Hyper{}))
)

// moment is what the host knows of a clock, after all that is enqueued.
type moment struct {
	row  int // position in the epoch
	sets int // how often it was set
}

// AllocClock is a clock whose tables hold up to steps rows.
func (d *Device) AllocClock(steps int) (backend.Clock, error) {
	if steps < 0 {
		return backend.Clock{}, fmt.Errorf("AllocClock: %d steps", steps)
	}
	b, err := d.zeroed("AllocClock", headerSize+steps*rowSize)
	if err != nil {
		return backend.Clock{}, err
	}
	return backend.Clock{Mem: b}, nil
}

// clock checks that c is a clock of this device.
func (d *Device) clock(op string, c backend.Clock) bool {
	if d.err == nil && !d.owns(extent{c.Mem, 0, headerSize}) {
		d.fail(op, fmt.Errorf("it needs a clock of this device"))
	}
	return d.err == nil
}

// SetClock sets the time and the table of the steps ahead.
func (d *Device) SetClock(c backend.Clock, t backend.Time, table []backend.Hyper) {
	if !d.clock("SetClock", c) {
		return
	}
	b := c.Mem.(*block)
	if most := (b.bytes - headerSize) / rowSize; len(table) > most {
		d.fail("SetClock", fmt.Errorf("a table of %d rows in a clock for %d", len(table), most))
		return
	}
	h := kernels.ClockHead{Seed: t.Seed, Epoch: t.Epoch, Step: t.Step, Row: t.Row, TableLen: uint64(len(table))}
	h.Keys = backend.NewPermutation(1, t.Seed, t.Epoch).Keys
	d.do("SetClock", func() error {
		if err := d.send(b.at, asBytes([]kernels.ClockHead{h})); err != nil {
			return err
		}
		b.moment = moment{int(t.Row), b.sets + 1}
		return d.send(b.at+cu.DevicePtr(headerSize), asBytes(table))
	})
}
