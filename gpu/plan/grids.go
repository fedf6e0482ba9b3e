package plan

import "github.com/aegpu/aegpu/kernels"

// spread is the grid for n elements, a thread each as far as the device can hold
// them at once.
func (p *planner) spread(n int) int { return min(ceil(n, kernels.Block), 16*p.SMs) }

// resident is the grid for n elements of a kernel that takes long to begin and to end, so that no block waits for another to
// end: each of the device's multiprocessors holds four of 64 registers a thread.
func (p *planner) resident(n int) int { return min(ceil(n, kernels.Block), 4*p.SMs) }

// perRow is the grid for n rows, a block each.
func (p *planner) perRow(n int) int { return min(n, 16*p.SMs) }

// summing is the grid of a kernel that adds up n elements.
func (p *planner) summing(n int) int { return min(ceil(n, 4*kernels.Block), 8*p.SMs) }

// tilesFit reports whether the tiles of so many columns can add up what they have.
func tilesFit(cols int) bool { return ceil(cols, kernels.Tile) < min(NumCounters, NumTilePartials) }

// columns is the grid of a kernel that adds up rows, and into how many chunks it
// cuts them: enough to fill the device, each of a few rows at least.
func (p *planner) columns(rows, cols int) (grid, chunks int) {
	tiles := ceil(cols, kernels.Tile)
	if tiles == 0 {
		return 0, 1
	}
	chunks = max(1, min(8*p.SMs/tiles, ceil(rows, 64), 64, NumPartials/cols))
	if tiles >= NumCounters {
		chunks = 1
	}
	return tiles * chunks, chunks
}
