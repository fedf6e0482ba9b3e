package model

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/internal/joint/jointtest"
)

const ranksRows, ranksGroup, ranksBatch = 37, 23, 18 // updates of 23 and 14, in batches of 18 and 5, and of 14

// rankOrder is where the rows of an epoch are, those of a rank in the order of its shares.
func rankOrder(epoch int, s backend.Share) (order []int) {
	if s.Alone() { // the device shuffles
		for i := range ranksRows {
			order = append(order, i)
		}
		return order
	}
	perm := backend.NewPermutation(ranksRows, 5, uint64(epoch))
	at := 0
	for _, n := range []int{18, 5, 14} {
		lo, hi := s.Of(n)
		for b := lo; b < hi; b++ {
			order = append(order, int(perm.At(uint64(at+b))))
		}
		at += n
	}
	return order
}

// fill puts rows, and their labels, into a device's memory in an order.
func fill(dev *ref64.Device, x, labels backend.Tensor, order []int) {
	v, y := make([]float64, x.Len()), make([]float64, labels.Len())
	for at, row := range order {
		for j := range x.Cols {
			i := row*x.Cols + j
			v[at*x.Cols+j] = 0.5 + 0.4*math.Sin(float64(i*i))
		}
		y[at] = float64(row % 3)
	}
	dev.Set(x, v)
	dev.Set(labels, y)
}

// checkSums has the steps of ranks add all gradients up, once, and that of one none.
func checkSums(t *testing.T, tr *Training, s backend.Share) {
	for _, n := range []int{ranksGroup, ranksRows - ranksGroup} {
		step := tr.Step(n)
		if sums := len(step.Sums()); s.Alone() != (sums == 0) {
			t.Errorf("of %d ranks: a step adds up %d times", max(1, s.Size), sums)
		}
		if s.Alone() {
			continue
		}
		if err := step.CheckReduced(tr.summed(), checkOf(step)); err != nil {
			t.Error(err)
		}
	}
}

// ranked trains two epochs as one of some ranks, and returns parameters, sums and losses.
func ranked(t *testing.T, c gradientCase, s backend.Share, ranks backend.Ranks) []float64 {
	dev := ref64.New()
	opts := TrainingOptions{
		Objective: c.objective, Batch: ranksBatch, Accumulate: 2, Steps: 2, Share: s,
		Optimiser: backend.Optimiser{Kind: backend.LAMB, Beta1: 0.9, Beta2: 0.99, Eps: 1e-3, WeightDecay: 0.01, Clip: 1},
	}
	if !s.Alone() {
		dev = ref64.NewRank(func(v []float64) {
			if err := ranks.AllReduce(v); err != nil {
				t.Error(err)
			}
		})
		opts.Together = ranks.AllReduce
	}
	m, err := New(dev, c.spec, 3)
	if err != nil {
		t.Error(err)
		return nil
	}
	x, _ := dev.Alloc(ranksRows, c.spec.Inputs)
	labels, _ := dev.Alloc(ranksRows, 1)
	tr, err := m.NewTraining(Resident{Rows: x.Data(), Labels: labels.Data()}, opts)
	if err != nil {
		t.Error(err)
		return nil
	}
	checkSums(t, tr, s)
	var out []float64
	for epoch := range 2 {
		fill(dev, x, labels, rankOrder(epoch, s))
		tr.SetTime(backend.Time{Seed: 5, Epoch: uint64(epoch), Step: uint64(2 * epoch)},
			[]backend.Hyper{{LR: 0.1, KL: 0.5, Correct1: 2, Correct2: 3}, {LR: 0.05, KL: 0.6, Correct1: 1.5, Correct2: 2}})
		for _, n := range []int{ranksGroup, ranksRows - ranksGroup} {
			if err := tr.Launch(n, 1); err != nil {
				t.Error(err)
				return nil
			}
		}
		terms, err := tr.Read(ranksRows, 0.7)
		if err != nil {
			t.Error(err)
		}
		tr.ResetSums()
		for _, term := range terms {
			out = append(out, term.Value)
		}
	}
	guard := make([]float64, tr.guard.N)
	dev.ReadSums(guard, tr.guard)
	return slices.Concat(out, guard, dev.Get(m.params))
}

// TestRanksAreOne trains every kind of model as one rank and as several, some of which have no row of a batch: noise,
// corruption, the order of rows, and what couples the examples of a batch are those of the whole batch.
func TestRanksAreOne(t *testing.T) {
	bucketBytes = 64
	defer func() { bucketBytes = backend.BucketBytes }()
	cases := gradientCases()
	for _, bits := range []float32{0.01, 0.03, 0.1, 0.5} { // some between what a unit has of a share, and of the batch
		c := gradientCase{name: fmt.Sprint("free bits ", bits), spec: Variants(5, []int{6, 5}, 3)[0].Spec, beta: 0.7}
		vae(&c.spec)
		c.spec.Code = Gaussian{FreeBits: bits}
		cases = append(cases, c)
	}
	for _, c := range cases {
		for _, o := range []Objective{Reconstruct, FineTune, Frozen} {
			if o != Reconstruct && hasPenalty(&c.spec, isContractive) {
				continue
			}
			if c.objective = o; o != Reconstruct {
				c.spec.Classes = 3
			}
			c.spec.Activation = backend.Tanh
			t.Run(fmt.Sprintf("%s/%d", c.name, o), func(t *testing.T) {
				alone := ranked(t, c, backend.Share{}, nil)
				for _, size := range []int{2, 3, 7} {
					results := make([][]float64, size)
					jointtest.Run(size, func(ranks backend.Ranks) error {
						rank := ranks.Rank()
						results[rank] = ranked(t, c, backend.Share{Rank: rank, Size: size}, ranks)
						return nil
					})
					for rank, got := range results {
						if len(got) != len(alone) {
							t.Fatalf("rank %d of %d: %d values, alone %d", rank, size, len(got), len(alone))
						}
						for i, want := range alone {
							if d := math.Abs(got[i] - want); !(d <= 1e-10*(1+math.Abs(want))) {
								t.Fatalf("value %d is %v on rank %d of %d, %v alone", i, got[i], rank, size, want)
							}
						}
					}
				}
			})
		}
	}
}
