package train

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/settings"
)

// cut says which rows of a window are a rank's: its shares of the batches of each update.
type cut struct {
	share   backend.Share
	parts   settings.Parts // of an update
	seed    uint64
	windows int // of an epoch
	rows    int // of a window, but for the last
}

// count is how many of n consecutive rows, from the begin of an update on, are the rank's.
func (c *cut) count(n int) (rows int) {
	c.each(n, func(lo, hi int) { rows += hi - lo })
	return rows
}

// each hands on the rank's rows among n from the begin of an update on, batch by batch.
func (c *cut) each(n int, use func(lo, hi int)) {
	for update := 0; update < n; update += c.parts.Rows {
		end := min(update+c.parts.Rows, n)
		for at := update; at < end; at += c.parts.Batch {
			lo, hi := c.share.Of(min(c.parts.Batch, end-at))
			use(at+lo, at+hi)
		}
	}
}

// places are those of the rank's rows in a window of an epoch, in the order of the steps: where the permutation of the
// window's rows, which a device that holds them all makes itself, has put them; those of an evaluation in their own order.
func (c *cut) places(key windowKey) []int {
	at := make([]int, 0, c.most(key.n))
	if key.epoch < 0 {
		c.each(key.n, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				at = append(at, i)
			}
		})
		return at
	}
	perm := backend.NewPermutation(uint64(key.n), c.seed, uint64(key.epoch*c.windows+key.start/c.rows))
	c.each(key.n, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			at = append(at, int(perm.At(uint64(i))))
		}
	})
	return at
}

// evaluationCut is how the batches of an evaluation of so many rows are shared.
func evaluationCut(share backend.Share, rows int) *cut {
	n := min(evalBatch, rows)
	return &cut{share: share, parts: settings.Parts{Rows: n, Batch: n, Batches: 1}}
}

// most is how many of n rows a rank has at the most: as the first.
func (c *cut) most(n int) int {
	first := *c
	first.share.Rank = 0
	return first.count(n)
}
