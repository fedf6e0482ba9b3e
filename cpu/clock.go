package cpu

import (
	"github.com/aegpu/aegpu/backend"
)

// clock is a run's time: where it stands in the table of the steps ahead.
type clock struct {
	backend.Time
	table []backend.Hyper
	row   int

	perm      backend.Permutation // of the epoch, computed once
	permSeed  uint64
	permEpoch uint64
}

// clock is the state of c, nil (and the device's error) where it has none.
func (d *Device) clock(c backend.Clock) *clock {
	m := d.block(c.Mem)
	if m != nil && m.clock == nil {
		d.fail("the clock's memory is no clock")
		return nil
	}
	if m == nil {
		return nil
	}
	return m.clock
}

// SetClock sets the time and the table of the steps ahead.
func (d *Device) SetClock(c backend.Clock, t backend.Time, table []backend.Hyper) {
	if !d.begin("SetClock", nil) {
		return
	}
	k := d.clock(c)
	if k != nil && len(table) > cap(k.table) {
		d.fail("a table of %d rows in a clock for %d", len(table), cap(k.table))
	}
	if d.ready() {
		k.Time, k.row = t, 0
		k.table = append(k.table[:0], table...)
	}
}

// Tick ends a step of rows examples.
func (d *Device) tick(o backend.Tick) {
	if !d.begin("Tick", o.Check()) {
		return
	}
	if k := d.clock(o.Clock); d.ready() {
		k.Step++
		k.Row += uint64(o.Rows)
		k.row++
	}
}

// hyper is what the schedules say of this step.
func (c *clock) hyper() backend.Hyper {
	if len(c.table) == 0 {
		return backend.Hyper{}
	}
	return c.table[min(c.row, len(c.table)-1)]
}

// permutation is the epoch's shuffle of n rows.
func (c *clock) permutation(n int) *backend.Permutation {
	if c.perm.N != uint64(n) || c.permSeed != c.Seed || c.permEpoch != c.Epoch {
		c.perm = backend.NewPermutation(uint64(n), c.Seed, c.Epoch)
		c.permSeed, c.permEpoch = c.Seed, c.Epoch
	}
	return &c.perm
}
