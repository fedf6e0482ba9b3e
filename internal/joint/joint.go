// Package joint is what ranks do jointly: agree on whether all went well, cut rows among them, add sums up and put rows
// together. All ranks call it in the same order. One that cannot go on calls [Agree] with its error, wherever the
// others are: each of these calls begins with that, and all return the error.
package joint

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/aegpu/aegpu/backend"
)

// RankError is what went wrong on another rank.
type RankError struct {
	Rank int
	Text string
	Same error // what went wrong here too, alike; nil where nothing did
}

// Unwrap returns the error of this rank that is the same.
func (e *RankError) Unwrap() error { return e.Same }

func (e *RankError) Error() string {
	if e.Is(context.Canceled) {
		return fmt.Sprintf("rank %d was interrupted", e.Rank)
	}
	return fmt.Sprintf("rank %d: %s", e.Rank, e.Text)
}

// Is has the end of another rank's context be one of this rank's.
func (e *RankError) Is(target error) bool {
	return target == context.Canceled && strings.HasSuffix(e.Text, context.Canceled.Error())
}

// told is an error that all ranks know of.
type told struct{ error }

func (e *told) Unwrap() error { return e.error }

// Alone reports whether there are no other ranks.
func Alone(ranks backend.Ranks) bool { return ranks == nil || ranks.Size() < 2 }

// First reports whether this is the rank that writes.
func First(ranks backend.Ranks) bool { return Alone(ranks) || ranks.Rank() == 0 }

// Agree has all ranks fail where one does: the error is this rank's own, or a [RankError] of the first that has one.
func Agree(ranks backend.Ranks, err error) error {
	if known := (*told)(nil); Alone(ranks) || errors.As(err, &known) {
		return err
	}
	text := ""
	if err != nil {
		text = err.Error()
	}
	all, failed := ranks.Exchange([]byte(text))
	switch {
	case failed != nil:
		return &told{errors.Join(err, failed)}
	case err != nil && ranks.Rank() > 0 && text == string(all[0]):
		return &told{&RankError{Rank: 0, Text: text, Same: err}}
	case err != nil:
		return &told{err}
	}
	for rank, text := range all {
		if len(text) > 0 {
			return &told{&RankError{Rank: rank, Text: string(text)}}
		}
	}
	return nil
}

// Sum adds numbers up over the ranks, in place, to the same bits on each, where err is nil on all.
func Sum(ranks backend.Ranks, err error, sums ...[]float64) error {
	if err = Agree(ranks, err); err != nil || Alone(ranks) {
		return err
	}
	all := sums[0]
	if len(sums) > 1 {
		all = slices.Concat(sums...)
	}
	if err := ranks.AllReduce(all); err != nil {
		return &told{err}
	}
	for _, s := range sums {
		all = all[copy(s, all):]
	}
	return nil
}

// Part returns the rows from lo up to hi that are the rank's of so many, maybe none but for the first: whole blocks of
// block rows, those of one rank after those of another.
func Part(ranks backend.Ranks, rows, block int) (lo, hi int) {
	if Alone(ranks) {
		return 0, rows
	}
	return backend.Share{Rank: ranks.Rank(), Size: ranks.Size()}.OfBlocks(rows, block)
}

// Gather puts rows of that width together, each of which the rank has filled in that has it by [Part], where err is nil on
// all.
func Gather[T float32 | float64](ranks backend.Ranks, err error, v []T, width, block int) error {
	if err = Agree(ranks, err); err != nil || Alone(ranks) {
		return err
	}
	for rank := range ranks.Size() {
		lo, hi := backend.Share{Rank: rank, Size: ranks.Size()}.OfBlocks(len(v)/max(width, 1), block)
		if err := send(ranks, v[lo*width:hi*width], rank); err != nil {
			return err
		}
	}
	return nil
}

// Turn is the rank whose turn block i is, where ranks take blocks in turns.
func Turn(ranks backend.Ranks, i int) (mine bool) {
	return Alone(ranks) || i%ranks.Size() == ranks.Rank()
}

// GatherTurns is Gather of rows whose blocks are filled in in turns.
func GatherTurns[T float32 | float64](ranks backend.Ranks, err error, v []T, width, block int) error {
	if err = Agree(ranks, err); err != nil || Alone(ranks) {
		return err
	}
	step := max(width*block, 1)
	for at := 0; at < len(v); at += step {
		if err := send(ranks, v[at:min(at+step, len(v))], at/step%ranks.Size()); err != nil {
			return err
		}
	}
	return nil
}

// send gives the root's numbers to all.
func send[T float32 | float64](ranks backend.Ranks, v []T, root int) error {
	if len(v) == 0 {
		return nil
	}
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(v[0])))
	if err := ranks.Broadcast(bytes, root); err != nil {
		return &told{err}
	}
	return nil
}
