// Package jointtest has ranks that are goroutines of one process.
package jointtest

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/aegpu/aegpu/backend"
)

// Run has so many ranks do the same, each in a goroutine, and returns the error of each. A rank that returns has those
// fail that wait for it. Ranks are a [backend.Reducer] too.
func Run(size int, do func(ranks backend.Ranks) error) []error {
	r := &room{size: size, parts: make([]any, size)}
	r.cond = sync.NewCond(&r.mu)
	errs := make([]error, size)
	var wait sync.WaitGroup
	for rank := range size {
		wait.Go(func() {
			errs[rank] = do(&seat{room: r, rank: rank})
			r.leave(rank, errs[rank])
		})
	}
	wait.Wait()
	return errs
}

// room is where ranks meet.
type room struct {
	size  int
	mu    sync.Mutex
	cond  *sync.Cond
	parts []any
	came  int
	round int
	gone  error // a rank has left the others
}

// meet gives what each rank brings to all.
func (r *room) meet(rank int, v any) ([]any, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.parts[rank] = v
	all, err := r.await(r.round)
	if err != nil {
		return nil, err
	}
	all = slices.Clone(all)
	_, err = r.await(r.round) // all have taken them
	return all, err
}

// await waits until all are at the end of a round.
func (r *room) await(round int) ([]any, error) {
	if r.came++; r.came == r.size {
		r.came, r.round = 0, round+1
		r.cond.Broadcast()
	}
	for r.round == round && r.gone == nil {
		r.cond.Wait()
	}
	if r.round == round {
		return nil, r.gone
	}
	return r.parts, nil
}

// leave has the ranks fail that wait for this one.
func (r *room) leave(rank int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone == nil {
		r.gone = errors.Join(fmt.Errorf("rank %d has left", rank), err)
		r.cond.Broadcast()
	}
}

// seat is a rank in a room.
type seat struct {
	*room
	rank  int
	begun [][]float32
}

func (s *seat) Rank() int { return s.rank }
func (s *seat) Size() int { return s.size }

func (s *seat) Exchange(v []byte) (out [][]byte, err error) {
	all, err := s.meet(s.rank, slices.Clone(v))
	for rank, one := range all {
		text, is := one.([]byte)
		if !is {
			return nil, fmt.Errorf("rank %d adds up where rank %d exchanges", rank, s.rank)
		}
		out = append(out, text)
	}
	return out, err
}

func (s *seat) AllReduce(v []float64) error { return addUp(s, v) }

func (s *seat) Begin(v []float32) { s.begun = append(s.begun, v) }

func (s *seat) Wait() error {
	for _, v := range s.begun {
		if err := addUp(s, v); err != nil {
			return err
		}
	}
	s.begun = nil
	return nil
}

// addUp adds numbers up over the ranks, in their order.
func addUp[F float32 | float64](s *seat, v []F) error {
	all, err := s.meet(s.rank, slices.Clone(v))
	if err != nil {
		return err
	}
	clear(v)
	for rank, one := range all {
		x, is := one.([]F)
		if !is || len(x) != len(v) {
			return fmt.Errorf("rank %d brings %d numbers, rank %d other than that", s.rank, len(v), rank)
		}
		for i := range v {
			v[i] += x[i]
		}
	}
	return nil
}

// sent is what a root sends.
type sent struct {
	root int
	v    []byte
}

func (s *seat) Broadcast(v []byte, root int) error {
	all, err := s.meet(s.rank, sent{root, slices.Clone(v)})
	if err != nil {
		return err
	}
	for rank, one := range all {
		if x, is := one.(sent); !is || x.root != root || len(x.v) != len(v) {
			return fmt.Errorf("rank %d awaits %d bytes of rank %d, rank %d not", s.rank, len(v), root, rank)
		}
	}
	copy(v, all[root].(sent).v)
	return nil
}
