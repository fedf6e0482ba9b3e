//go:build cuda

package gpu

import (
	"errors"

	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
	"gorgonia.org/cu"
)

// raceRuns is how often every algorithm is timed; the shortest time counts.
const raceRuns = 5

// track is where algorithms are timed: operands of their own and a stream of its
// own, so that neither a recording nor what is under way notices.
type track struct {
	stream     cu.Stream
	start, end cu.Event
	memory     *block
	operands   [6]uintptr // a, b, d, bias, mask, workspace
}

// race is the microseconds that each algorithm of plan takes, -1 where it fails.
func (d *Device) race(plan *cublaslt.Plan, s cublaslt.Spec) (times []float64, err error) {
	t, err := d.newTrack(s)
	defer func() { err = errors.Join(err, d.freeTrack(t)) }()
	if err != nil {
		return nil, err
	}
	for i := range plan.Candidates() {
		plan.Choose(i)
		best := -1.0
		for run := range 1 + raceRuns { // the first one warms up
			ms, err := t.time(plan)
			if err != nil {
				best = -1
				break
			}
			if run > 0 && (best < 0 || 1e3*ms < best) {
				best = 1e3 * ms
			}
		}
		times = append(times, best)
	}
	plan.Choose(0)
	return times, nil
}

func (t *track) time(plan *cublaslt.Plan) (ms float64, err error) {
	if err := t.start.Record(t.stream); err != nil {
		return 0, err
	}
	o := &t.operands
	if err := plan.Run(o[0], o[1], o[2], o[3], o[4], o[5], workspaceSize, streamOf(t.stream)); err != nil {
		return 0, err
	}
	if err := t.end.Record(t.stream); err != nil {
		return 0, err
	}
	if err := t.end.Synchronize(); err != nil {
		return 0, err
	}
	return t.start.Elapsed(t.end)
}

// newTrack makes operands of zeros as large as those of s. What is there when it
// fails is for freeTrack.
func (d *Device) newTrack(s cublaslt.Spec) (t *track, err error) {
	t = &track{}
	size := 4
	if s.Type == cublaslt.BF16 {
		size = 2
	}
	sizes := [6]int{
		size * s.LDA * max(s.M, s.K), size * s.LDB * max(s.N, s.K), 4 * s.LDD * s.N,
		4 * max(s.M, s.N), s.AuxLD * s.N / 8, workspaceSize,
	}
	total := 0
	for i, n := range sizes {
		t.operands[i] = uintptr(total)
		total += ceil(max(n, 1), 256) * 256
	}
	if t.memory, err = d.allocate(total); err != nil {
		return t, err
	}
	for i := range t.operands {
		t.operands[i] += uintptr(t.memory.at)
	}
	if t.start, err = cu.MakeEvent(cu.DefaultEvent); err != nil {
		return t, err
	}
	if t.end, err = cu.MakeEvent(cu.DefaultEvent); err != nil {
		return t, err
	}
	if t.stream, err = cu.MakeStream(cu.NonBlocking); err != nil {
		return t, err
	}
	return t, cu.MemsetD8Async(t.memory.at, 0, int64(total), t.stream)
}

func (d *Device) freeTrack(t *track) error {
	var errs []error
	if t.stream != (cu.Stream{}) {
		errs = append(errs, t.stream.Synchronize(), t.stream.Destroy())
	}
	for _, e := range []*cu.Event{&t.start, &t.end} {
		if *e != (cu.Event{}) {
			errs = append(errs, cu.DestroyEvent(e))
		}
	}
	if t.memory != nil {
		delete(d.blocks, t.memory)
		errs = append(errs, cu.MemFree(t.memory.at))
	}
	return errors.Join(errs...)
}
