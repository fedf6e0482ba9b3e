package data

import (
	"cmp"
	"math"
	"slices"
)

// Names of the parts that a [Cut] holds out, which rows of one seed are drawn for apart from each other.
const (
	TestPart       = "test"
	ValidationPart = "validation"
)

// Cut says by what is in a row whether it is held out: where a hash of it, keyed by the seed and the part, is below a
// threshold. Rows with equal values are on one side, and so are those of one group. The order of rows and of named
// columns has no say, and of data that have grown the same rows are held out, and others of the new ones.
type Cut struct {
	Seed  uint64 `json:"seed,string"`
	Part  string `json:"part"`
	Draw  int    `json:"draw,omitempty"` // there are several, of which one comes near to the share
	Below uint64 `json:"below,string"`
}

// Division is how the data of a run were divided, as its model file keeps it.
type Division struct {
	Rows  int  `json:"rows"`            // before they were
	Bytes bool `json:"bytes,omitempty"` // cuts are by bytes, not by numbers
	Test  *Cut `json:"test,omitempty"`  // nil where no rows were held out for a test, or the data had a part of their own
	Val   *Cut `json:"validation,omitempty"`
}

// Split holds out the given fraction of the rows, rounded to the nearest row, but at least one and not all where
// 0 < fraction < 1 and there are two rows. Which ones the seed chooses by what is in them, see [Cut]; where equal rows,
// or rows of one group, have to stay together, the share is as near as that allows. Both parts keep the order of s. They
// are copies, except that nothing held out gives s itself and a nil set (fraction <= 0, NaN, or fewer than two rows
// that may be parted).
func Split(s *Set, seed uint64, fraction float64) (rest, held *Set) {
	rest, held, _ = HoldOut(s, TestPart, seed, fraction)
	return rest, held
}

// HoldOut is Split for a part, and returns how it was cut, nil where nothing is held out.
func HoldOut(s *Set, part string, seed uint64, fraction float64) (rest, held *Set, cut *Cut) {
	return NewRowHashes(seed).HoldOut(s, part, fraction)
}

// wanted is how many rows of a set are to be held out, 0 where none can be.
func wanted(s *Set, fraction float64) int {
	if !(fraction > 0) || s.Rows < 2 {
		return 0
	}
	want := int(math.Round(min(fraction, 1) * float64(s.Rows)))
	return min(max(want, 1), s.Rows-1)
}

// Split divides a set by the cut; held is nil where no row is held out.
func (c *Cut) Split(s *Set) (rest, held *Set) { return NewRowHashes(c.Seed).Split(s, c) }

// rows returns which rows of those with these digests are kept and which are held out, nil where none are.
func (c *Cut) rows(digests []uint64) (kept, out []int) {
	key, held := partKey(c.Part), 0
	for _, d := range digests {
		if c.mark(key, d) < c.Below {
			held++
		}
	}
	if held == 0 {
		return nil, nil
	}
	kept, out = make([]int, 0, len(digests)-held), make([]int, 0, held)
	for i, d := range digests {
		if c.mark(key, d) < c.Below {
			out = append(out, i)
		} else {
			kept = append(kept, i)
		}
	}
	return kept, out
}

func partKey(part string) uint64 { return sipText(0, rowKey, part) }

// mark is what a cut compares of a row with that digest.
func (c *Cut) mark(key, digest uint64) uint64 {
	return sip(c.Seed, key, []uint64{uint64(c.Draw), digest}, nil)
}

// unit is rows that stay together.
type unit struct {
	digest, mark uint64
	rows         int
}

// cutOf returns the cut that holds out as many rows as wanted, or as near to that as units allow; nil where there is one
// unit only. A large unit may stand before the threshold and hold out far too many rows, so that there are several draws.
func cutOf(digests []uint64, part string, seed uint64, want int) *Cut {
	const draws = 32
	units := unitsOf(digests)
	if len(units) < 2 {
		return nil
	}
	key := partKey(part)
	var best *Cut
	nearest := math.MaxInt
	for draw := range draws {
		c := &Cut{Seed: seed, Part: part, Draw: draw}
		for i := range units {
			units[i].mark = c.mark(key, units[i].digest)
		}
		slices.SortFunc(units, func(a, b unit) int { return cmp.Compare(a.mark, b.mark) })
		if off := c.place(units, want); off < nearest {
			best, nearest = c, off
		}
		if nearest <= want/100 {
			break
		}
	}
	return best
}

// unitsOf counts the rows of every digest.
func unitsOf(digests []uint64) []unit {
	sorted := slices.Clone(digests)
	slices.Sort(sorted)
	different := 0
	for i, d := range sorted {
		if i == 0 || sorted[i-1] != d {
			different++
		}
	}
	units := make([]unit, 0, different) // memory is asked for by the row: a list that grows would take more
	for _, d := range sorted {
		if n := len(units); n > 0 && units[n-1].digest == d {
			units[n-1].rows++
			continue
		}
		units = append(units, unit{digest: d, rows: 1})
	}
	return units
}

// place sets the threshold, before the second unit or a later one, and returns by how many rows it misses what is wanted.
func (c *Cut) place(units []unit, want int) int {
	off, held := math.MaxInt, 0
	for i := 1; i < len(units); i++ {
		held += units[i-1].rows
		if d := max(held-want, want-held); d < off {
			off, c.Below = d, units[i].mark
		}
	}
	return off
}
