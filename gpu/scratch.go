//go:build cuda

package gpu

import "github.com/aegpu/aegpu/kernels"

// Partial sums of reductions live in scratch memory, which one kernel at a time
// uses: all are on one stream.
const (
	partials     = 1 << 21 // float64s
	tilePartials = 1 << 16 // of partials, at the end, for the second stage of two
	counters     = 1 << 16 // left at zero by every kernel
	tile         = 32      // columns of a block that sums columns
)

type scratch struct{ part, count *block }

func (d *Device) makeScratch() (err error) {
	if d.scratch.part, err = d.allocate(8 * partials); err != nil {
		return err
	}
	if d.scratch.count, err = d.allocate(4 * counters); err != nil {
		return err
	}
	return d.clear(d.scratch.count.at, 4*counters)
}

func (d *Device) part() arg  { return pointer(d.scratch.part.at) }
func (d *Device) tiles() arg { return pointer(d.scratch.part.at + 8*(partials-tilePartials)) }
func (d *Device) count() arg { return pointer(d.scratch.count.at) }

// summing is the grid of a kernel that adds up n elements.
func (d *Device) summing(n int) int { return min(ceil(n, 4*kernels.Block), 8*d.sms) }

// tilesFit reports whether the tiles of so many columns can add up what they have.
func tilesFit(cols int) bool { return ceil(cols, tile) < min(counters, tilePartials) }

// columns is the grid of a kernel that adds up rows, and into how many chunks it
// cuts them: enough to fill the device, each of a few rows at least.
func (d *Device) columns(rows, cols int) (grid, chunks int) {
	tiles := ceil(cols, tile)
	if tiles == 0 {
		return 0, 1
	}
	chunks = max(1, min(8*d.sms/tiles, ceil(rows, 64), 64, (partials-tilePartials)/cols))
	if tiles >= counters {
		chunks = 1
	}
	return tiles * chunks, chunks
}
