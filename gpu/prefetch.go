//go:build cuda

package gpu

import (
	"fmt"
	"slices"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/plan"
)

// What a buffer with rows of data on the host holds (plan/fetch.go) when a program is
// launched is known on the host, which sets the clock and knows how far a step moves
// it. Where it is not what the step reads, as after SetClock, it is filled first.

// batchBuffer is such a buffer, which the programs of a data set share.
type batchBuffer struct {
	of   *block // the data set
	at   *block
	held batch    // after all that is enqueued
	used *program // that was compiled with it last: a step uses it for one batch, or those that follow
}

// batch names rows of a data set in the order of an epoch.
type batch struct {
	data    backend.Data
	shuffle bool
	clock   *block
	moment  // of its first row
	rows    int
}

// holds is whether the rows of b are the first of h.
func (h batch) holds(b batch) bool {
	rows := h.rows
	h.rows = b.rows
	return h == b && rows >= b.rows
}

// BatchBytes is the size of a buffer for batches of up to so many rows.
func (d *Device) BatchBytes(rows, bytes int) int { return rows * bytes }

// batchBufferFor is a buffer for rows, on the worker's thread: one that is there if it is
// large enough.
func (d *Device) batchBufferFor(p *program, b *plan.Buffer) (*batchBuffer, error) {
	of := b.Fetch.Data.Mem.(*block)
	i := slices.IndexFunc(d.batchBuffers, func(s *batchBuffer) bool { return s.of == of && s.at.bytes >= b.Bytes && s.used != p })
	if i < 0 {
		at, err := d.allocate(b.Bytes)
		if err != nil {
			return nil, err
		}
		i = len(d.batchBuffers)
		d.batchBuffers = append(d.batchBuffers, &batchBuffer{of: of, at: at})
	}
	d.batchBuffers[i].used = p
	return d.batchBuffers[i], d.branches[plan.Fetching].open()
}

// batchBufferOf is where a fetch of the program leaves its rows.
func (p *program) batchBufferOf(f *plan.Fetch) *batchBuffer {
	at := p.at[f.At]
	return p.batches[slices.IndexFunc(p.batches, func(s *batchBuffer) bool { return s.at == at })]
}

// steady is whether a step leaves the rows that it reads the next time.
func (p *program) steady() bool {
	return !slices.ContainsFunc(p.plan.Fetches, func(f *plan.Fetch) bool {
		last := f
		for _, g := range p.plan.Fetches {
			if g.At == f.At {
				last = g
			}
		}
		return !f.Follows && (last.After+last.Rows != f.After+p.plan.Ticks[f.Clock] || last.Rows < f.Rows)
	})
}

// fill enqueues what is missing of the rows that the step reads, and notes what is
// there, and when it is, after it ran so many times.
func (p *program) fill(times int) error {
	for _, f := range p.plan.Fetches {
		clock := f.Clock.Mem.(*block)
		want := batch{data: f.Data, shuffle: f.Shuffle, clock: clock, moment: clock.moment, rows: f.Rows}
		want.row += f.After
		ran := (times - 1) * p.plan.Ticks[f.Clock]
		if last := want.row + ran; want.row < 0 || last+f.Rows > f.Data.Rows {
			return fmt.Errorf("a batch of rows %d to %d of data of %d", last, last+f.Rows, f.Data.Rows)
		}
		s := p.batchBufferOf(f)
		if !f.Follows && !s.held.holds(want) {
			fill, grid := f.Fill(f.After, p.d.sms)
			if err := p.d.launchKernel(fill, grid, p.at, p.d.stream); err != nil {
				return err
			}
		}
		s.held = want
		s.held.row += ran + f.Rows
	}
	for clock, rows := range p.plan.Ticks {
		clock.Mem.(*block).row += times * rows
	}
	return nil
}
