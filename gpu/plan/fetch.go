package plan

import (
	"slices"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

// A step that gathers from data on the host finds the rows of its batch on the
// device, in a buffer. Right after its gather has read them a kernel on a stream of
// its own fetches those of the next batch through the bus, while the first stream
// computes the step; the tick waits for it, since the rows go by the clock. So the
// host does nothing in a step, and a step takes as long as the longer of the
// transfer and the computing. A step of several batches uses one buffer for them, one
// after the other.

// Fetch is a gather of data on the host.
type Fetch struct {
	Data    backend.Data
	Shuffle bool
	Clock   backend.Clock
	Rows    int
	After   int  // rows that the step has ticked before it
	Follows bool // the step's last one into the buffer: that one's fetch has left its rows
	At      *Buffer
}

// rowBytes is the size of a row as it is stored.
func rowBytes(v backend.Data) int {
	if v.Bytes {
		return v.Cols
	}
	return 4 * v.Cols
}

// fetchBlocks bounds the grid of a fetch: enough loads under way to fill the bus,
// and most of the device left to the step.
const fetchBlocks = 32

func (p *planner) onHost(v backend.Data) bool { return p.OnHost != nil && p.OnHost(v.Mem) }

// fetch is where a gather of data on the host finds its rows.
func (p *planner) fetch(o backend.Gather, rows int) *Fetch {
	f := &Fetch{Data: o.Data, Shuffle: o.Batch.Shuffle, Clock: o.Batch.Clock, Rows: rows, After: p.plan.Ticks[o.Batch.Clock]}
	if f.At = p.left(f); f.At != nil {
		f.Follows = true
	} else {
		f.At = p.buffer(Buffer{Kind: Rows, Bytes: rows * rowBytes(o.Data), Fetch: f})
	}
	p.plan.Fetches = append(p.plan.Fetches, f)
	return f
}

// left is the buffer that an earlier gather of the step has left the rows of f in, as
// that of the batch before in a step of several; nil where there is none.
func (p *planner) left(f *Fetch) *Buffer {
	for _, g := range slices.Backward(p.plan.Fetches) {
		if g.Data != f.Data {
			continue
		}
		if g.Shuffle == f.Shuffle && g.Clock == f.Clock && g.Rows >= f.Rows && g.After+g.Rows == f.After {
			return g.At
		}
		return nil
	}
	return nil
}

// Fill is the launch that fetches the rows that follow the clock's by so many, and
// its grid.
func (f *Fetch) Fill(ahead, sms int) (kernels.PrefetchFwdU8, int) {
	bytes, flags := rowBytes(f.Data), 0
	if f.Shuffle {
		flags = kernels.GatherShuffle
	}
	size := 4
	if f.Data.Bytes {
		size = 1
	}
	grid := min(ceil(ceil(f.Rows*bytes, 4), kernels.Block), 16*sms, fetchBlocks)
	return kernels.PrefetchFwdU8{Batch: kernels.Uint8s{Base: f.At}, Data: kernels.Uint8s{Base: f.Data.Mem, Offset: size * f.Data.Off},
		Clock: clockAt(f.Clock), Rows: f.Data.Rows, N: f.Rows, Size: bytes, Ahead: ahead, Flags: flags}, grid
}
