package backend

import (
	"fmt"
	"slices"
)

// Ranks are processes that train one model together, each on its own rows of every batch (data parallelism).

// Share is which of the ranks one is. The zero Share is the only one.
type Share struct {
	Rank, Size int
}

// Alone reports whether there are no other ranks.
func (s Share) Alone() bool { return s.Size < 2 }

// Of returns the rows of a batch that are the rank's, from lo up to hi, maybe none but for the first. Shares follow each other by rank, differ
// by noiseBlock rows at most but for the last, and begin at a multiple of it, so that a rank draws whole blocks of noise.
func (s Share) Of(rows int) (lo, hi int) {
	return s.OfBlocks(rows, noiseBlock)
}

// OfBlocks is Of where shares begin at multiples of so many rows.
func (s Share) OfBlocks(rows, block int) (lo, hi int) {
	if s.Alone() {
		return 0, rows
	}
	blocks := (rows + block - 1) / block
	at := func(rank int) int { return min((rank*blocks+s.Size-1)/s.Size*block, rows) }
	return at(s.Rank), at(s.Rank + 1)
}

// noiseBlock is the elements that are drawn together (see [Philox]).
const noiseBlock = 4

// Ranks are the others as one of them sees them. All call the same methods in the same order, with as much to say. The
// first rank, 0, writes what they make together.
type Ranks interface {
	Rank() int
	Size() int
	// Exchange gives a few bytes of every rank to every rank.
	Exchange(v []byte) ([][]byte, error)
	// AllReduce adds numbers up over the ranks, in place, to the same bits on each.
	AllReduce(v []float64) error
	// Broadcast gives the root's bytes to all, whose own are as many.
	Broadcast(v []byte, root int) error
}

// Reducer adds up over the ranks of a job, on the host.
type Reducer interface {
	// Begin starts to add up v over the ranks, in place, and may return before that is done. All ranks begin the same sums, in
	// the same order.
	Begin(v []float32)
	// Wait waits for all that was begun: every rank then has the same bits.
	Wait() error
}

// AllReduce is V = the sum of V over the ranks of the device's job, the same bits on each; on a device that is the only rank
// V stays as it is. The order of the sum is the engine's (MPI, NCCL).
//
//	V: any shape, the same on all ranks
type AllReduce struct {
	V Tensor
}

// Check checks the operands.
func (o AllReduce) Check() error { return present("AllReduce", "v", o.V) }

// Access is what it reads and writes.
func (o AllReduce) Access() Access {
	return Access{Writes: []Tensor{o.V}, Reads: []Tensor{o.V}}
}

// BucketBytes is how much of a gradient is worth a reduction of its own, while the rest of the backward pass runs: some
// hundred times what a message costs beside its bytes.
const BucketBytes = 1 << 20

// Bucketed returns the step with the parts of a gradient added up over the ranks before the operation at number before,
// which reads them: those that lie side by side and are final together as one once they come to so many bytes, as soon as
// they are; all that is left right before it.
func (l List) Bucketed(parts []Tensor, before, bytes int) List {
	last := l.finals(parts, before)
	var step List
	done := make([]bool, len(parts))
	for i, op := range l {
		if i == before {
			step = append(step, buckets(parts, done, func(k int) bool { return true }, 0)...)
		}
		step = append(step, op)
		if i < before && slices.Contains(last, i) {
			step = append(step, buckets(parts, done, func(k int) bool { return last[k] <= i }, bytes)...)
		}
	}
	return step
}

// finals are the operations, of those before one, that write each of some tensors last; -1 where none does.
func (l List) finals(of []Tensor, before int) []int {
	last := make([]int, len(of))
	for k, t := range of {
		last[k] = -1
		for i, op := range l[:before] {
			if slices.ContainsFunc(op.Access().Writes, func(w Tensor) bool { return Overlap(w, t) }) {
				last[k] = i
			}
		}
	}
	return last
}

// Sums are the tensors that the step adds up over the ranks, in its order.
func (l List) Sums() (all []Tensor) {
	for _, op := range l {
		if sum, is := op.(AllReduce); is {
			all = append(all, sum.V)
		}
	}
	return all
}

// WithSums returns the step with its tensors added up over the ranks in the order that all ranks keep to: each as soon as
// it is final, but before the operation at number before. Sums that the step has itself are among them, and stay where they
// are.
func (l List) WithSums(order []Tensor, before int) List {
	last := l.finals(order, before)
	var step List
	next := 0
	until := func(stop func(k int) bool) {
		for ; next < len(order) && !stop(next); next++ {
			step = append(step, AllReduce{order[next]})
		}
	}
	for i, op := range l {
		if sum, is := op.(AllReduce); is {
			until(func(k int) bool { return order[k] == sum.V })
			next++
		} else if i == before {
			until(func(int) bool { return false })
		}
		step = append(step, op)
		if i < before {
			until(func(k int) bool { return last[k] > i || last[k] < 0 || l.has(order[k]) })
		}
	}
	return step
}

// has reports whether the step adds a tensor up itself.
func (l List) has(t Tensor) bool { return slices.Contains(l.Sums(), t) }

// buckets are the reductions of the parts that are ready and not done, those side by side as one, where that comes to so
// many bytes at least; they are done then.
func buckets(parts []Tensor, done []bool, ready func(k int) bool, bytes int) (all List) {
	for from := 0; from < len(parts); from++ {
		to := from
		for to < len(parts) && !done[to] && ready(to) && adjacent(parts[from:to+1]) {
			to++
		}
		if to == from {
			continue
		}
		first, last := parts[from], parts[to-1]
		n := last.Off + last.Len() - first.Off
		if 4*n >= bytes {
			all = append(all, AllReduce{first.Slice(0, 1, n)})
			for k := from; k < to; k++ {
				done[k] = true
			}
		}
		from = to - 1
	}
	return all
}

// adjacent reports whether tensors follow each other in memory.
func adjacent(t []Tensor) bool {
	for i := 1; i < len(t); i++ {
		if t[i].Mem != t[i-1].Mem || t[i].Off != t[i-1].Off+t[i-1].Len() {
			return false
		}
	}
	return true
}

// CheckReduced is an error where a part of a gradient is read at operation before without that it was added up over the
// ranks, all of it once, after it was written last: what makes ranks drift apart and yet looks like training.
func (l List) CheckReduced(parts []Tensor, before int) error {
	for k, p := range parts {
		state := make([]bool, p.Len()) // of each element: added up since it was written
		for i, op := range l[:before] {
			r, is := op.(AllReduce)
			for _, w := range op.Access().Writes {
				if !Overlap(w, p) {
					continue
				}
				lo, hi := max(w.Off, p.Off)-p.Off, min(w.Off+w.Len(), p.Off+p.Len())-p.Off
				for e := lo; e < hi; e++ {
					if is && state[e] {
						return fmt.Errorf("operation %d adds up element %d of part %d a second time (%v)", i, e, k, r.V)
					}
					state[e] = is
				}
			}
		}
		if e := slices.Index(state, false); e >= 0 {
			return fmt.Errorf("element %d of part %d, of %d, is not added up over the ranks before operation %d", e, k, p.Len(), before)
		}
	}
	return nil
}
