package bench

import (
	"slices"
	"time"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/train"
)

// Point is the time of a training step at one batch size, and what it takes.
type Point struct {
	Batch             int     `json:"batch"`
	StepMS            float64 `json:"step_ms,omitempty"` // median over the runs
	MinMS             float64 `json:"min_ms,omitempty"`
	MaxMS             float64 `json:"max_ms,omitempty"`
	Runs              int     `json:"runs"`
	ExamplesPerSecond float64 `json:"examples_per_second,omitempty"`
	FLOPs             float64 `json:"flops"`                  // of a step's products
	FLOPRate          float64 `json:"flop_rate,omitempty"`    // FLOPs per second
	Bytes             float64 `json:"bytes"`                  // that a step must move
	FloorMS           float64 `json:"floor_ms,omitempty"`     // the larger of FLOPs and Bytes over the ceiling
	FloorShare        float64 `json:"floor_share,omitempty"`  // FloorMS / StepMS
	Launches          int     `json:"launches,omitempty"`     // a step, where the device counts them
	MemoryBytes       uint64  `json:"memory_bytes,omitempty"` // that the device holds, where it counts them
}

// Options are how a point is timed: Runs runs of about Target each. Without runs
// nothing is timed, only counted.
type Options struct {
	Runs   int
	Target time.Duration
}

// Step times the training step of the config's model on the rows of s, resident
// on the device, for one batch size. Rows are repeated where the batch is larger
// than the set.
func Step(dev backend.Device, c train.Config, s *data.Set, batch int, ceiling Ceiling, o Options) (Point, error) {
	r, err := newRig(dev, c, s, batch)
	if err != nil {
		return Point{}, err
	}
	defer r.close()
	l := &loop{dev: dev, training: r.training, batch: batch, rows: r.rows.Rows, seed: c.Seed,
		hyper: backend.Hyper{LR: float32(c.LR), Momentum: 0.9, Correct1: 1, Correct2: 1, KL: float32(c.Beta)}}
	times, err := l.times(o)
	if err != nil {
		return Point{}, err
	}
	p := point(times, batch, r.training.Work(batch), ceiling)
	p.Launches = r.training.Launches(batch)
	p.MemoryBytes = held(dev)
	return p, nil
}

// repeat is s, or enough copies of it for a batch.
func repeat(s *data.Set, batch int) *data.Set {
	if s.Rows >= batch {
		return s
	}
	index := make([]int, batch)
	for i := range index {
		index[i] = i % s.Rows
	}
	return s.Subset(index)
}

// loop launches steps through epoch after epoch.
type loop struct {
	dev         backend.Device
	training    *model.Training
	hyper       backend.Hyper
	batch, rows int
	seed        uint64
	step, epoch uint64
	left        int // full batches left in the epoch
}

func (l *loop) run(steps int) error {
	for steps > 0 {
		if l.left == 0 {
			l.epoch++
			l.left = l.rows / l.batch
			l.training.SetTime(backend.Time{Seed: l.seed, Epoch: l.epoch, Step: l.step}, []backend.Hyper{l.hyper})
		}
		n := min(steps, l.left)
		if err := l.training.Launch(l.batch, n); err != nil {
			return err
		}
		l.left, steps, l.step = l.left-n, steps-n, l.step+uint64(n)
	}
	return l.dev.Sync()
}

// times are the seconds a step of every run, after a warm-up that also finds how
// many steps fill the target. Without runs the step is only recorded.
func (l *loop) times(o Options) ([]float64, error) {
	if o.Runs == 0 {
		return nil, l.training.Launch(l.batch, 0)
	}
	steps := 3
	var all []float64
	for i := range 3 + o.Runs {
		start := time.Now()
		if err := l.run(steps); err != nil {
			return nil, err
		}
		per := time.Since(start).Seconds() / float64(steps)
		if i == 2 {
			steps = max(2, int(o.Target.Seconds()/per))
		}
		if i > 2 {
			all = append(all, per)
		}
	}
	return all, nil
}

func point(times []float64, batch int, w model.Work, c Ceiling) Point {
	if len(times) == 0 {
		return Point{Batch: batch, FLOPs: w.FLOPs, Bytes: w.Bytes}
	}
	slices.Sort(times)
	n := len(times)
	median := (times[(n-1)/2] + times[n/2]) / 2
	floor := max(w.FLOPs/c.FLOPs, w.Bytes/c.Bytes)
	return Point{
		Batch: batch, StepMS: 1e3 * median, MinMS: 1e3 * times[0], MaxMS: 1e3 * times[n-1], Runs: n,
		ExamplesPerSecond: float64(batch) / median, FLOPs: w.FLOPs, FLOPRate: w.FLOPs / median,
		Bytes: w.Bytes, FloorMS: 1e3 * floor, FloorShare: floor / median,
	}
}
