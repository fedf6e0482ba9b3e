package bench

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// Point is the time of a training step at one batch size, and what it takes.
type Point struct {
	Batch             int     `json:"batch"`
	StepMS            float64 `json:"step_ms,omitempty"` // median over the runs
	Q1MS              float64 `json:"q1_ms,omitempty"`   // first and third quartile
	Q3MS              float64 `json:"q3_ms,omitempty"`
	MinMS             float64 `json:"min_ms,omitempty"`
	MaxMS             float64 `json:"max_ms,omitempty"`
	Runs              int     `json:"runs"`
	ExamplesPerSecond float64 `json:"examples_per_second,omitempty"`
	FLOPs             float64 `json:"flops"`                   // of a step's products
	FLOPRate          float64 `json:"flop_rate,omitempty"`     // FLOPs per second
	Bytes             float64 `json:"bytes"`                   // that a step must move
	Intensity         float64 `json:"intensity"`               // FLOPs / Bytes
	FloorMS           float64 `json:"floor_ms,omitempty"`      // the larger of FLOPs and Bytes over the ceiling
	FloorShare        float64 `json:"floor_share,omitempty"`   // FloorMS / StepMS
	Launches          int     `json:"launches,omitempty"`      // a step, where the device counts them
	BytesRead         int     `json:"bytes_read,omitempty"`    // of device memory by a step's launches, where the device counts them
	BytesWritten      int     `json:"bytes_written,omitempty"` // likewise
	MemoryBytes       uint64  `json:"memory_bytes,omitempty"`  // that the device holds, where it counts them
}

// Options are how a point is timed: Runs runs of about Target each, fewer but at
// least leastRuns where they take longer than Most (0: no limit). Without runs
// nothing is timed, only counted.
type Options struct {
	Runs   int
	Target time.Duration
	Most   time.Duration
}

const leastRuns = 5

// Step times the training step of the config's model on the rows of s, resident
// on the device, for one batch size. Rows are repeated where the batch is larger
// than the set. The context's error is returned when it ends first.
func Step(ctx context.Context, dev backend.Device, c settings.Config, s *data.Set, batch int, ceiling Ceiling, o Options) (Point, error) {
	r, err := newRig(dev, c, s, batch)
	if err != nil {
		return Point{}, err
	}
	defer r.close()
	l := &loop{ctx: ctx, dev: dev, training: r.training, batch: batch, rows: r.rows.Rows, seed: c.Seed,
		hyper: backend.Hyper{LR: float32(c.LR), Momentum: 0.9, Correct1: 1, Correct2: 1, KL: float32(c.Beta)}}
	times, err := l.times(o)
	if err != nil {
		return Point{}, err
	}
	p := point(times, batch, r.training.Work(batch, c.Precision.OperandBytes()), ceiling)
	p.Launches = r.training.Launches(batch)
	p.MemoryBytes = held(dev)
	p.BytesRead, p.BytesWritten, err = l.moved()
	return p, err
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
	ctx         context.Context
	dev         backend.Device
	training    *model.Training
	hyper       backend.Hyper
	batch, rows int
	seed        uint64
	step, epoch uint64
	left        int // full batches left in the epoch
	together    int // steps that are launched before the context is looked at, about longLaunch
}

// longLaunch is the seconds for which a launch may not see that the context has ended.
const longLaunch = 0.25

// run is the seconds that so many steps take.
func (l *loop) run(steps int) (float64, error) {
	var failed error
	seconds, err := elapsed(l.dev, func() { failed = l.launch(steps) })
	l.together = max(1, int(longLaunch/(seconds/float64(steps))))
	return seconds, errors.Join(failed, err)
}

func (l *loop) launch(steps int) error {
	for steps > 0 {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		if l.left == 0 {
			l.epoch++
			l.left = l.rows / l.batch
			l.training.SetTime(backend.Time{Seed: l.seed, Epoch: l.epoch, Step: l.step}, []backend.Hyper{l.hyper})
		}
		n := min(steps, l.left, max(1, l.together))
		if err := l.training.Launch(l.batch, n); err != nil {
			return err
		}
		l.left, steps, l.step = l.left-n, steps-n, l.step+uint64(n)
	}
	return nil
}

// times are the seconds a step of every run, after a warm-up that also finds how
// many steps fill the target. Without runs the step is only compiled.
func (l *loop) times(o Options) ([]float64, error) {
	if err := l.training.Prepare(l.batch); err != nil || o.Runs == 0 {
		return nil, err
	}
	steps := 1
	for range 3 {
		seconds, err := l.run(steps)
		if err != nil {
			return nil, err
		}
		steps = max(1, int(o.Target.Seconds()/(seconds/float64(steps))))
	}
	var all []float64
	total := 0.0
	for len(all) < o.Runs && (o.Most <= 0 || len(all) < leastRuns || total < o.Most.Seconds()) {
		seconds, err := l.run(steps)
		if err != nil {
			return nil, err
		}
		all, total = append(all, seconds/float64(steps)), total+seconds
	}
	return all, nil
}

// moved is the bytes that the launches of a step read and write, 0 where the
// device does not count them. It is the second step's: the first also makes what
// later ones find.
func (l *loop) moved() (read, written int, err error) {
	c, ok := l.dev.(backend.ByteCounter)
	if !ok {
		return 0, 0, nil
	}
	if _, _, ok := c.MovedBytes(); !ok {
		return 0, 0, nil
	}
	step := func() error { return errors.Join(l.launch(1), l.dev.Sync()) }
	if err := step(); err != nil {
		return 0, 0, err
	}
	r, w, _ := c.MovedBytes()
	err = step()
	read, written, _ = c.MovedBytes()
	return read - r, written - w, err
}

func point(times []float64, batch int, w backend.Work, c Ceiling) Point {
	p := Point{Batch: batch, FLOPs: w.FLOPs, Bytes: w.Bytes, Intensity: w.FLOPs / w.Bytes, Runs: len(times)}
	if len(times) == 0 {
		return p
	}
	slices.Sort(times)
	median, floor := quantile(times, .5), max(w.FLOPs/c.FLOPs, w.Bytes/c.Bytes)
	p.StepMS, p.Q1MS, p.Q3MS = 1e3*median, 1e3*quantile(times, .25), 1e3*quantile(times, .75)
	p.MinMS, p.MaxMS = 1e3*times[0], 1e3*times[len(times)-1]
	p.ExamplesPerSecond, p.FLOPRate = float64(batch)/median, w.FLOPs/median
	p.FloorMS, p.FloorShare = 1e3*floor, floor/median
	return p
}

// quantile of sorted values, linear between them.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
