package eval

import (
	"context"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/internal/joint"
)

// worthSharing is from how many numbers on ranks go over rows together. A pass over so many takes tens of milliseconds at
// least; to add up a covariance costs a few, and rounding is no longer that of one rank.
const worthSharing = 4 << 20

// shareBlock is how many rows ranks cut Rows by.
const shareBlock = 64

// Shared returns x for ranks to go over together, all of which have all of its rows: what adds up over rows is then
// computed by each on its part of them, and added up. Of few rows, and of one rank, it is x itself. All ranks make the same
// calls, and all get the same result or an error.
func Shared(x Rows, ranks backend.Ranks) Rows {
	if joint.Alone(ranks) || x.Len()*x.Width() < worthSharing {
		return x
	}
	return shared{x, portionOf(ranks, x.Len(), shareBlock)}
}

// portion is which of all rows are a rank's.
type portion struct {
	ranks       backend.Ranks
	lo, hi, all int
	block       int // what rows are cut by
}

func portionOf(ranks backend.Ranks, rows, block int) portion {
	lo, hi := joint.Part(ranks, rows, block)
	return portion{ranks, lo, hi, rows, block}
}

// rows is how many there are of it.
func (p portion) rows() int { return p.hi - p.lo }

// of returns the rank's rows of a set; the first one where it has none, which stands in for them.
func (p portion) of(s *data.Set) *data.Set {
	n := p.rows()
	switch {
	case n == s.Rows:
		return s
	case n == 0:
		return s.Part(0, 1)
	case !s.OnDisk():
		return s.Part(p.lo, n)
	}
	rows := make([]int, n)
	for i := range rows {
		rows[i] = p.lo + i
	}
	return s.Subset(rows)
}

// sum adds numbers up over the ranks.
func (p portion) sum(err error, sums ...[]float64) error { return joint.Sum(p.ranks, err, sums...) }

// agree has all ranks fail where one does.
func (p portion) agree(err error) error { return joint.Agree(p.ranks, err) }

// gather puts float32 rows together that each rank has its portion of.
func (p portion) gather(err error, v []float32, width int) error {
	return joint.Gather(p.ranks, err, v, width, p.block)
}

// shared are rows of which each rank reads its portion.
type shared struct {
	Rows
	portion
}

// shares returns the rank's own rows as its portion of all.
func (p portion) shares(own Rows) Rows {
	if joint.Alone(p.ranks) {
		return own
	}
	return shared{further{own, p.lo, p.all}, p}
}

// further are rows of which others come before.
type further struct {
	Rows
	before, all int
}

func (f further) Len() int { return f.all }

func (f further) Read(dst []float32, start, n int) { f.Rows.Read(dst, start-f.before, n) }

// ownOf is which rows of x are the rank's.
func ownOf(x Rows) portion {
	if s, is := x.(shared); is {
		return s.portion
	}
	return portion{hi: x.Len(), all: x.Len()}
}

// sharedPrepared returns the rows of a set as a model of the preparation sees them, each rank having its own prepared where
// that is worth it.
func sharedPrepared(ctx context.Context, p *data.Preparation, s *data.Set, ranks backend.Ranks) (Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.Rows*p.Inputs() < worthSharing {
		ranks = nil
	}
	own := portionOf(ranks, s.Rows, shareBlock)
	rows, err := Prepared(p, own.of(s))
	if err != nil {
		return nil, err
	}
	return own.shares(SetRows(rows)), nil
}
