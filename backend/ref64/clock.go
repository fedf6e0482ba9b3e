package ref64

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// clock is a run's time: where it stands in the table of the steps ahead.
type clock struct {
	backend.Time
	table []backend.Hyper
	row   int
	most  int
}

func (c *clock) Free() {}

func at(c backend.Clock) *clock { return c.Mem.(*clock) }

// hyper is what the schedules say of this step.
func (c *clock) hyper() backend.Hyper {
	if len(c.table) == 0 {
		return backend.Hyper{}
	}
	return c.table[min(c.row, len(c.table)-1)]
}

// AllocClock is a clock whose tables hold up to steps rows.
func (d *Device) AllocClock(steps int) (backend.Clock, error) {
	return backend.Clock{Mem: &clock{most: steps}}, nil
}

// SetClock sets the time and the table of the steps ahead.
func (d *Device) SetClock(c backend.Clock, t backend.Time, table []backend.Hyper) {
	k := at(c)
	if len(table) > k.most {
		d.stop(fmt.Errorf("ref64: SetClock: a table of %d rows in a clock for %d", len(table), k.most))
	}
	if d.stop(nil) {
		return
	}
	k.Time, k.table, k.row = t, append([]backend.Hyper(nil), table...), 0
}

// Tick ends a step of rows examples.
func (d *Device) tick(o backend.Tick) {
	if d.stop(o.Check()) {
		return
	}
	k := at(o.Clock)
	k.Step++
	k.Row += uint64(o.Rows)
	k.row++
}

// word is the noise word of element i in this step.
func word(n backend.Noise, i int) uint32 {
	k := at(n.Clock)
	i += n.First
	return backend.Philox(k.Seed, n.Stream, k.Step, uint32(i/4))[i%4]
}

func uniform(n backend.Noise, i int) float64 { return float64(backend.Uniform(word(n, i))) }

// normal is the standard normal of element i in this step.
func normal(n backend.Noise, i int) float64 {
	k := at(n.Clock)
	i += n.First
	return float64(backend.Normals(backend.Philox(k.Seed, n.Stream, k.Step, uint32(i/4)))[i%4])
}
