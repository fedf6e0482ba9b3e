//go:build cuda

package gpu

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/model"
)

const (
	ranksRows  = 39
	ranksBatch = 13 // of 2 ranks 8 and 5, of 4 ranks 4, 4, 4 and 1; of 6 ranks two have none
)

// changed is a device that compiles another list than it is given.
type changed struct {
	*Device
	change func(backend.List) backend.List
}

func (d changed) Compile(step backend.List) (backend.Program, error) {
	return d.Device.Compile(d.change(step))
}

// ofRank is the numbers of the rows in an epoch, those of the rank in the order in which it trains on them.
func ofRank(epoch int, s backend.Share) (order []int) {
	perm := backend.NewPermutation(ranksRows, 5, uint64(epoch))
	for at := 0; at < ranksRows; at += ranksBatch {
		lo, hi := s.Of(ranksBatch)
		for b := lo; b < hi; b++ {
			order = append(order, int(perm.At(uint64(at+b))))
		}
	}
	return order
}

// trainedAs trains two epochs as one of some ranks, and returns losses and parameters.
func trainedAs(t *testing.T, d *Device, s backend.Share, spec model.Spec, change func(backend.List) backend.List) (losses []float64, params []float32) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Errorf("rank %d of %d: %v", s.Rank, s.Size, err)
		}
	}
	m, err := model.New(changed{d, change}, spec, 3)
	must(err)
	defer m.Close()
	x, err := d.Alloc(ranksRows, spec.Inputs)
	must(err)
	defer x.Mem.Free()
	o := model.TrainingOptions{Batch: ranksBatch, Steps: 3, Share: s, Together: d.AllReduce,
		Optimiser: backend.Optimiser{Kind: backend.Adam, Beta1: 0.9, Beta2: 0.999, Eps: 1e-2, Clip: 5, WeightDecay: 1e-4}}
	tr, err := m.NewTraining(model.Resident{Rows: x.Data()}, o)
	must(err)
	defer tr.Close()
	for epoch := range 2 {
		v, bytes := make([]float32, x.Len()), pixels(ranksRows, spec.Inputs)
		order := ofRank(epoch, s)
		for at := range ranksRows {
			from := at // the device's own order, where it is alone
			if !s.Alone() && at < len(order) {
				from = order[at]
			}
			for j := range spec.Inputs {
				v[at*spec.Inputs+j] = float32(bytes[from*spec.Inputs+j]) / 255
			}
		}
		d.Upload(x, v)
		tr.SetTime(backend.Time{Seed: 5, Epoch: uint64(epoch), Step: uint64(3 * epoch)}, table(3*epoch, 3))
		for _, times := range []int{1, 2} {
			must(tr.Launch(ranksBatch, times))
		}
		terms, err := tr.Read(ranksRows, 1)
		must(err)
		tr.ResetSums()
		losses = append(losses, sumOf(terms))
	}
	params = make([]float32, m.Flat().Len())
	d.Download(params, m.Flat())
	must(d.Sync())
	return losses, params
}

// reduced holds a step's gradients, and its loss, to be added up before they are checked.
func reduced(step backend.List) error {
	at := slices.IndexFunc(step, func(op backend.Operation) bool { _, is := op.(backend.Check); return is })
	check := step[at].(backend.Check)
	parts, begin := []backend.Tensor{check.Rows}, 0
	for _, end := range check.Ends {
		parts = append(parts, check.Grads.Slice(begin, 1, end-begin))
		begin = end
	}
	return step.CheckReduced(parts, at)
}

// largest is the most by which two trainings' parameters differ.
func largest(a, b []float32) (most float64) {
	for i := range a {
		most = max(most, math.Abs(float64(a[i]-b[i])))
	}
	return most
}

// TestTrainingOfRanks trains as one device and as several, with the captured step replayed: they come to the same but for the
// order of sums, and all ranks to the same bits. Then with mistakes in where the gradients are added up: each is found in the
// step, and in the numbers.
func TestTrainingOfRanks(t *testing.T) {
	for _, v := range variants() {
		if !slices.Contains([]string{"plain", "VAE", "sparse, KL", "salt and pepper"}, v.Name) || testing.Short() && v.Name != "plain" {
			continue
		}
		simulator(t)
		alone := open(t, Options{}).(*Device)
		losses, params := trainedAs(t, alone, backend.Share{}, v.Spec, asItIs)
		shut(t, alone)
		for _, size := range []int{2, 4, 6} {
			for _, c := range []struct {
				what   string
				change func(backend.List) backend.List
			}{{"", asItIs}, {"a sum that is missing", without}, {"a bucket that ends too soon", shortened}} {
				if c.what != "" && (v.Name != "plain" || size > 2) {
					continue
				}
				t.Run(fmt.Sprintf("%s, %d ranks, %s", v.Name, size, c.what), func(t *testing.T) {
					all, sim := together(t, size, Options{})
					got, gotLosses := make([][]float32, size), make([][]float64, size)
					eachOf(all, func(rank int, d *Device) {
						change := func(step backend.List) backend.List {
							step = c.change(step)
							if err := reduced(step); (err != nil) != (c.what != "") {
								t.Errorf("rank %d: of the step is said: %v", rank, err)
							}
							return step
						}
						gotLosses[rank], got[rank] = trainedAs(t, d, backend.Share{Rank: rank, Size: size}, v.Spec, change)
					})
					part(t, all, sim)
					same := slices.Equal(got[0], got[1])
					d := largest(got[0], params)
					t.Logf("the parameters differ by %g, the losses are %v, alone %v", d, gotLosses[0], losses)
					if c.what != "" {
						if same && d < 1e-4 {
							t.Errorf("the parameters are those of one device, by %g", d)
						}
						return
					}
					for rank := range all {
						if !slices.Equal(got[rank], got[0]) || !slices.Equal(gotLosses[rank], gotLosses[0]) {
							t.Errorf("rank %d has other bits than rank 0", rank)
						}
					}
					if !(d < 1e-5) {
						t.Errorf("the parameters differ from those of one device by %g", d)
					}
					for i, want := range losses {
						if !(math.Abs(gotLosses[0][i]-want) < 1e-5*want) {
							t.Errorf("losses are %v, of one device %v", gotLosses[0], losses)
						}
					}
				})
			}
		}
	}
}

func asItIs(step backend.List) backend.List { return step }

// lastSum is where a step adds up what is left of its gradients.
func lastSum(step backend.List) int {
	last := -1
	for i, op := range step {
		if _, is := op.(backend.AllReduce); is {
			last = i
		}
	}
	return last
}

func without(step backend.List) backend.List {
	i := lastSum(step)
	return slices.Delete(slices.Clone(step), i, i+1)
}

func shortened(step backend.List) backend.List {
	step = slices.Clone(step)
	i := lastSum(step)
	v := step[i].(backend.AllReduce).V
	step[i] = backend.AllReduce{V: v.Slice(0, 1, v.Len()/2)}
	return step
}
