//go:build cuda

package gpu

import (
	"fmt"
	"slices"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
	"gorgonia.org/cu"
)

// A recorded step that gathers from data on the host finds the rows of its batch on
// the device, in a staging buffer. Right after its Gather has read them a kernel on
// a second stream gathers those of the next batch through the bus, while the first
// stream computes the step; Tick waits for it, since the rows go by the clock. So
// the host does nothing in a step, and a step takes as long as the longer of the
// transfer and the computing.
//
// A step of several batches uses one buffer for them, one after the other.
//
// What a buffer holds when a program is launched is known on the host, which sets
// the clock and knows how far a step moves it. Where it is not what the step reads,
// as after SetClock, it is filled first.

// staging is a buffer for rows of a data set, as they are stored.
type staging struct {
	of   *block // the data set
	at   *block
	held batch    // after all that is enqueued
	used *program // that was last recorded with it: a step uses it for one batch, or those that follow
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

// staged is a recorded Gather of data on the host.
type staged struct {
	*staging
	batch        // but for the moment
	after   int  // rows that the step has ticked before it
	follows bool // the step's last one into the buffer: that one's prefetch has left its rows
}

// StageBytes is the size of a staging buffer for batches of up to so many rows.
func (d *Device) StageBytes(rows, bytes int) int { return rows * bytes }

func rowBytes(v backend.Data) int {
	if v.Bytes {
		return v.Cols
	}
	return 4 * v.Cols
}

// staged is a place in the step that is recorded for the rows of a batch.
func (d *Device) staged(data backend.Data, spec backend.Batch, rows int) (*staged, error) {
	of, clock := data.Mem.(*block), spec.Clock.Mem.(*block)
	f := &staged{batch: batch{data: data, shuffle: spec.Shuffle, clock: clock, rows: rows}, after: d.program.ticks[clock]}
	if f.staging = d.program.left(f); f.staging != nil {
		f.follows = true
		d.program.gathers = append(d.program.gathers, f)
		return f, nil
	}
	bytes := d.StageBytes(rows, rowBytes(data))
	i := slices.IndexFunc(d.stagings, func(s *staging) bool { return s.of == of && s.at.bytes >= bytes && s.used != d.program })
	if i < 0 {
		at, err := d.allocate(bytes)
		if err != nil {
			return nil, err
		}
		i = len(d.stagings)
		d.stagings = append(d.stagings, &staging{of: of, at: at})
	}
	f.staging = d.stagings[i]
	f.used = d.program
	d.program.gathers = append(d.program.gathers, f)
	return f, d.fetching.open()
}

// left is the buffer that an earlier Gather of the step has left the rows of f in, as
// that of the batch before in a step of several; nil where there is none.
func (p *program) left(f *staged) *staging {
	for _, g := range slices.Backward(p.gathers) {
		if ahead := g.batch; g.data == f.data {
			ahead.rows = f.rows
			if ahead == f.batch && g.rows >= f.rows && g.after+g.rows == f.after {
				return g.staging
			}
			return nil
		}
	}
	return nil
}

// fetchBlocks bounds the grid of a fetch: enough loads under way to fill the bus,
// and most of the device left to the step.
const fetchBlocks = 32

// fill enqueues the fetch of the rows that follow the clock's by so many.
func (d *Device) fill(s cu.Stream, f *staged, ahead int) error {
	bytes, flags := rowBytes(f.data), 0
	if f.shuffle {
		flags = gatherShuffle
	}
	return d.launchOn(s, kernels.PrefetchFwdU8, min(d.spread(ceil(f.rows*bytes, 4)), fetchBlocks), pointer(f.at.at),
		pointer(address(dataExtent(f.data))), pointer(f.clock.at), integer(f.data.Rows), integer(f.rows), integer(bytes),
		integer(ahead), integer(flags))
}

// prefetch forks the fetch of the next batch from the step, which has just read this
// one.
func (d *Device) prefetch(f *staged) error {
	return d.fork(&d.fetching, func(s cu.Stream) error { return d.fill(s, f, f.rows) })
}

// steady is whether a step leaves the rows that it reads the next time.
func (p *program) steady() bool {
	return !slices.ContainsFunc(p.gathers, func(f *staged) bool {
		last := f
		for _, g := range p.gathers {
			if g.staging == f.staging {
				last = g
			}
		}
		return !f.follows && (last.after+last.rows != f.after+p.ticks[f.clock] || last.rows < f.rows)
	})
}

// stage enqueues what is missing of the rows that the step reads, and notes what is
// there, and when it is, after it ran so many times.
func (p *program) stage(times int) error {
	for _, f := range p.gathers {
		want := f.batch
		want.moment = f.clock.moment
		want.row += f.after
		ran := (times - 1) * p.ticks[f.clock]
		if last := want.row + ran; want.row < 0 || last+f.rows > f.data.Rows {
			return fmt.Errorf("Gather: rows %d to %d of data of %d", last, last+f.rows, f.data.Rows)
		}
		if !f.follows && !f.held.holds(want) {
			if err := p.d.fill(p.d.stream, f, f.after); err != nil {
				return err
			}
		}
		f.held = want
		f.held.row += ran + f.rows
	}
	for clock, rows := range p.ticks {
		clock.row += times * rows
	}
	return nil
}

// dropStagings frees the buffers of a data set, on the worker's thread.
func (d *Device) dropStagings(b *block) (first error) {
	d.stagings = slices.DeleteFunc(d.stagings, func(s *staging) bool {
		if s.of != b {
			return false
		}
		delete(d.blocks, s.at)
		if err := cu.MemFree(s.at.at); err != nil && first == nil {
			first = err
		}
		return true
	})
	return first
}
