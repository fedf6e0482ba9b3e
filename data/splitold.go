package data

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// splitStream keeps the draws of SplitByPosition apart from other uses of the same seed.
const splitStream = 0x73706c6974 // "split"

// SplitByPosition is how earlier versions held out rows: it draws so many of them, without a look at what is in them. It
// divides the data of runs that were trained then. See [Split] for what comes back.
func SplitByPosition(s *Set, seed uint64, fraction float64) (rest, held *Set) {
	if !(fraction > 0) || s.Rows < 2 {
		return s, nil
	}
	want := int(math.Round(min(fraction, 1) * float64(s.Rows)))
	want = min(max(want, 1), s.Rows-1)
	kept := make([]int, 0, s.Rows-want)
	out := make([]int, 0, want)
	rng := rand.NewPCG(seed, splitStream)
	// Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S): row i goes out with probability wanted/left.
	for i := range s.Rows {
		left := uint64(s.Rows - i)
		draw, _ := bits.Mul64(rng.Uint64(), left)
		if draw < uint64(want-len(out)) {
			out = append(out, i)
		} else {
			kept = append(kept, i)
		}
	}
	return s.Subset(kept), s.Subset(out)
}
