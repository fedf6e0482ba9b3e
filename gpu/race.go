//go:build cuda

package gpu

import (
	"errors"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
	"github.com/aegpu/aegpu/gpu/internal/libcuda"
	"gorgonia.org/cu"
)

const (
	raceRuns    = 5   // how often every algorithm is timed; the shortest time counts
	raceMs      = 1.0 // what is timed takes about so long: a launch alone is mostly the cost of launching
	raceRepeats = 16  // of the product in it, at most
)

// track is where algorithms run that no step has asked for yet: operands of their
// own and a stream of its own, so that nothing under way notices. The workspace is
// the device's, which nothing else uses meanwhile.
type track struct {
	stream     cu.Stream
	start, end cu.Event
	memory     *block
	operands   [5]uintptr // a, b, d, bias, mask
	workspace  *block
}

// race is the microseconds that each algorithm of plan takes, -1 where it fails.
func (t *track) race(plan *cublaslt.Plan) (times []float64) {
	for i := range plan.Candidates() {
		plan.Choose(i)
		ms, err := t.time(plan)
		if err != nil {
			ms = -1e-3
		}
		times = append(times, 1e3*ms)
	}
	return times
}

// time is the milliseconds of one run of the plan's algorithm, of several captured
// in one graph.
func (t *track) time(plan *cublaslt.Plan) (ms float64, err error) {
	if err := t.run(plan); err != nil { // it loads, and warms up
		return 0, err
	}
	once, err := t.between(func() error { return t.run(plan) })
	if err != nil {
		return 0, err
	}
	repeats := raceRepeats
	if once*raceRepeats > raceMs {
		repeats = max(1, int(raceMs/once+0.5))
	}
	several, err := t.repeated(plan, repeats)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, several.Destroy()) }()
	for run := range 1 + raceRuns { // the first one warms up
		took, err := t.between(func() error { return several.Launch(t.stream) })
		if err != nil {
			return 0, err
		}
		if run > 0 && (run == 1 || took < ms) {
			ms = took
		}
	}
	return ms / float64(repeats), nil
}

// run enqueues the plan's algorithm once.
func (t *track) run(plan *cublaslt.Plan) error {
	o := &t.operands
	return plan.Run(o[0], o[1], o[2], o[3], o[4], uintptr(t.workspace.at), workspaceSize, streamOf(t.stream))
}

// between is the milliseconds between two events around what work enqueues.
func (t *track) between(work func() error) (ms float64, err error) {
	for _, do := range []func() error{
		func() error { return t.start.Record(t.stream) }, work,
		func() error { return t.end.Record(t.stream) }, t.end.Synchronize,
	} {
		if err := do(); err != nil {
			return 0, err
		}
	}
	return t.start.Elapsed(t.end)
}

// repeated is a graph of the plan's algorithm so many times over.
func (t *track) repeated(plan *cublaslt.Plan, times int) (e libcuda.Exec, err error) {
	if err := libcuda.BeginCapture(t.stream); err != nil {
		return e, err
	}
	for range times {
		err = errors.Join(err, t.run(plan))
	}
	g, end := libcuda.EndCapture(t.stream)
	if end != nil {
		return e, errors.Join(err, end)
	}
	defer func() { err = errors.Join(err, g.Destroy()) }()
	if err != nil {
		return e, err
	}
	return g.Instantiate()
}

// nodes is how many launches the plan's algorithm is, as nodes of a graph. It runs once before, so that nothing is left to
// load.
func (t *track) nodes(plan *cublaslt.Plan) (n int, err error) {
	if err := t.run(plan); err != nil {
		return 0, err
	}
	if err := libcuda.BeginCapture(t.stream); err != nil {
		return 0, err
	}
	if err = t.run(plan); err != nil {
		_, _ = libcuda.EndCapture(t.stream) // the first error counts
		return 0, err
	}
	g, err := libcuda.EndCapture(t.stream)
	if err != nil {
		return 0, err
	}
	if n, err = g.Nodes(); err != nil {
		return 0, err
	}
	return n, g.Destroy()
}

// newTrack makes operands of zeros as large as those of s or, with shared, one that
// stands for all of them: enough to run an algorithm, not to time it.
func (d *Device) newTrack(s cublaslt.Spec, shared bool) (t *track, err error) {
	size, sizeD := 4, 4
	if s.Type == cublaslt.BF16 {
		size = 2
	}
	if s.TypeD == cublaslt.BF16 {
		sizeD = 2
	}
	rows := func(trans bool, plain, turned int) int { // as they are stored, columns of LD
		if trans {
			return turned
		}
		return plain
	}
	sizes := [5]int{
		size * s.LDA * rows(s.TransA, s.K, s.M), size * s.LDB * rows(s.TransB, s.N, s.K), sizeD * s.LDD * s.N,
		4 * max(s.M, s.N), s.AuxLD * s.N / 8,
	}
	t = &track{workspace: d.workspace}
	total := 0
	for i, n := range sizes {
		if shared {
			total = max(total, n)
			continue
		}
		t.operands[i] = uintptr(total)
		total += (max(n, 1) + 255) / 256 * 256
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.freeTrack(t))
		}
	}()
	if t.memory, err = d.allocate(total); err != nil {
		return t, err
	}
	for i := range t.operands {
		t.operands[i] += uintptr(t.memory.at)
	}
	if !s.Epilogue.HasBias() {
		t.operands[3] = 0
	}
	if !s.Epilogue.HasAux() {
		t.operands[4] = 0
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
	return t, errors.Join(d.stream.Synchronize(), cu.MemsetD8Async(t.memory.at, 0, int64(total), t.stream))
}

// onTrack has work done on a track for s, and reports whether there was memory for
// one.
func (d *Device) onTrack(s cublaslt.Spec, shared bool, work func(*track) error) (room bool, err error) {
	t, err := d.newTrack(s, shared)
	if errors.Is(err, backend.ErrOutOfMemory) {
		return false, nil
	}
	if err != nil {
		return true, err
	}
	return true, errors.Join(work(t), d.freeTrack(t))
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
		errs = append(errs, d.drop(t.memory))
	}
	return errors.Join(errs...)
}
