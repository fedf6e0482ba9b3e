//go:build mpi

package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/dist"
	"github.com/aegpu/aegpu/internal/mpitest"
	"github.com/aegpu/aegpu/model"
)

// ranksDirectory is the variable that makes this binary one of several ranks, which leave what they compute there.
const ranksDirectory = "AEGPU_TEST_RANKS"

func TestMain(m *testing.M) {
	if dir := os.Getenv(ranksDirectory); dir != "" {
		if err := trainAsRank(dir); err != nil {
			fmt.Fprintln(os.Stderr, "rank:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// site is where a training is tested: on one of several ranks, or alone.
type site struct {
	dev   backend.Device
	ranks backend.Ranks // nil alone
	dir   string        // of runs that were stopped
}

func (s *site) share() backend.Share {
	if s.ranks == nil {
		return backend.Share{}
	}
	return backend.Share{Rank: s.ranks.Rank(), Size: s.ranks.Size()}
}

// siteFindings are what a site computes: the same on all ranks.
type siteFindings struct {
	Steps  map[string]firstSteps
	Curves map[string][]Record // of trainings to the end
	GoneOn map[string][]Record // of those that two ranks were stopped in
}

// trainAsRank does all that is tested as one of the ranks that mpirun has started: to start them takes longer.
func trainAsRank(dir string) error {
	job, err := dist.Find(os.Getenv)
	if err != nil {
		return err
	}
	group, err := dist.Join(context.Background(), job, dist.Options{})
	if err != nil {
		return err
	}
	world, err := dist.MPI(group)
	if err != nil {
		return err
	}
	group.Use(world)
	dev, err := cpu.Open(cpu.Options{Workers: 1, Reducer: world})
	if err != nil {
		return err
	}
	found, err := (&site{dev, group, dir}).all(group.Size() == 2)
	if err != nil {
		group.Abort(err)
		return err
	}
	if group.Rank() == 0 {
		text, err := json.Marshal(found)
		if err == nil {
			err = os.WriteFile(foundBy(dir, group.Size()), text, 0o600)
		}
		if err != nil {
			group.Abort(err)
			return err
		}
	}
	return errors.Join(dev.Close(), group.Close())
}

func foundBy(dir string, ranks int) string { return filepath.Join(dir, fmt.Sprintf("%d.json", ranks)) }

// all computes what is compared, and stops trainings or goes on with those that were.
func (s *site) all(stop bool) (f siteFindings, err error) {
	f.Steps = map[string]firstSteps{}
	for _, v := range stepped() {
		if f.Steps[v.Name], err = s.firstSteps(v.Spec); err != nil {
			return f, fmt.Errorf("%s: %w", v.Name, err)
		}
	}
	f.Curves, f.GoneOn = map[string][]Record{}, map[string][]Record{}
	for _, one := range curves {
		if f.Curves[one.name], err = s.curve(one.config(), Options{}); err != nil {
			return f, fmt.Errorf("%s: %w", one.name, err)
		}
		if stop {
			err = s.stopped(one)
		} else {
			f.GoneOn[one.name], err = s.goOn(one)
		}
		if err != nil {
			return f, fmt.Errorf("%s, stopped and gone on: %w", one.name, err)
		}
	}
	return f, nil
}

// stepped are all variants, and a net whose gradient is added up in several buckets.
func stepped() []model.Variant {
	wide := model.Variants(600, []int{600}, 16)[0]
	wide.Name = "in buckets"
	return append(model.Variants(12, []int{8, 6}, 4), wide)
}

// firstSteps are the first gradient of a training, and the losses of its first steps.
type firstSteps struct {
	Gradient []float32
	Losses   []float64
}

const stepsRows, stepsBatch = 190, 20 // ten steps, the last of half a batch

// firstSteps trains by SGD for the gradient, and by Adam for the losses. A learning rate so large leaves nothing but the gradient
// of the parameters.
func (s *site) firstSteps(spec model.Spec) (f firstSteps, err error) {
	const huge = 1 << 30
	err = s.steps(spec, backend.Optimiser{Kind: backend.SGD}, huge, func(m *model.Model, tr *model.Training) error {
		if err := tr.Launch(stepsBatch, 1); err != nil {
			return err
		}
		f.Gradient = make([]float32, m.FlatSize())
		s.dev.Download(f.Gradient, m.Flat())
		if err := s.dev.Sync(); err != nil {
			return err
		}
		for i := range f.Gradient {
			f.Gradient[i] /= -huge
		}
		return nil
	})
	if err != nil {
		return f, err
	}
	err = s.steps(spec, backend.Optimiser{Kind: backend.Adam, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, 1e-3, func(_ *model.Model, tr *model.Training) error {
		for left := stepsRows; left > 0; left -= stepsBatch {
			n := min(stepsBatch, left)
			if err := tr.Launch(n, 1); err != nil {
				return err
			}
			terms, err := tr.Read(n, 1)
			if err != nil {
				return err
			}
			tr.ResetSums()
			f.Losses = append(f.Losses, terms.Loss())
		}
		return nil
	})
	return f, err
}

// steps opens a training and has it used.
func (s *site) steps(spec model.Spec, o backend.Optimiser, lr float64, use func(*model.Model, *model.Training) error) error {
	m, err := model.New(s.dev, spec, 3)
	if err != nil {
		return err
	}
	defer m.Close()
	x, err := s.dev.Alloc(stepsRows, spec.Inputs)
	if err != nil {
		return err
	}
	defer x.Mem.Free()
	v := make([]float32, 0, x.Len())
	for _, row := range s.order() {
		for j := range spec.Inputs {
			v = append(v, float32(0.5+0.4*math.Sin(float64(row*row+7*j))))
		}
	}
	s.dev.Upload(x, v)
	opts := model.TrainingOptions{Batch: stepsBatch, Steps: 10, Optimiser: o, Share: s.share()}
	if s.ranks != nil {
		opts.Together = s.ranks.AllReduce
	}
	tr, err := m.NewTraining(model.Resident{Rows: x.Data()}, opts)
	if err != nil {
		return err
	}
	defer tr.Close()
	times := timetable{lr: lr, beta: 1, beta1: 0.9, beta2: 0.999, steps: 10, epochs: 1}
	tr.SetTime(backend.Time{Seed: 5}, times.table(0, 10))
	return use(m, tr)
}

// order is where the rows lie: as they are alone, as the device shuffles them, and for a rank those of its shares in their
// shuffled order, with others after them.
func (s *site) order() (rows []int) {
	share := s.share()
	perm := backend.NewPermutation(stepsRows, 5, 0)
	for at := 0; at < stepsRows && !share.Alone(); at += stepsBatch {
		lo, hi := share.Of(min(stepsBatch, stepsRows-at))
		for b := at + lo; b < at+hi; b++ {
			rows = append(rows, int(perm.At(uint64(b))))
		}
	}
	for row := len(rows); row < stepsRows; row++ {
		rows = append(rows, row)
	}
	return rows
}

// TestMPI trains every variant by MPI, as two ranks and as four, and compares with one process: the first gradient, the first
// losses, the curves of longer trainings, and those of trainings that two ranks were stopped in and four or one went on with.
func TestMPI(t *testing.T) {
	dir, program := t.TempDir(), os.Args[0]
	mpitest.Command(t, 2) // skips where there is none
	if err := data.Write(filepath.Join(dir, wavesFile), waves(110)); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{2, 4} {
		cmd := mpitest.Command(t, n, program)
		cmd.Env = append(cmd.Env, ranksDirectory+"="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%d ranks: %v\n%s", n, err, out)
		}
	}
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	here := &site{dev, nil, dir}
	alone, err := here.all(false)
	if err != nil {
		t.Fatal(err)
	}
	spread := accumulatedSpread(t, here, alone.Curves)
	for _, n := range []int{1, 2, 4} {
		found := alone
		if n > 1 {
			text, err := os.ReadFile(foundBy(dir, n))
			found = siteFindings{}
			if err == nil {
				err = json.Unmarshal(text, &found)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		compareSteps(t, n, found.Steps, alone.Steps)
		compareCurves(t, fmt.Sprintf("%d ranks", n), found.Curves, alone.Curves, spread)
		if n != 2 {
			compareCurves(t, fmt.Sprintf("stopped at 2 ranks, gone on with %d", n), found.GoneOn, alone.Curves, spread)
		}
	}
}

func compareSteps(t *testing.T, n int, got, want map[string]firstSteps) {
	t.Helper()
	var farthest, most float64
	for _, v := range stepped() {
		g, w := got[v.Name], want[v.Name]
		if len(g.Gradient) != len(w.Gradient) || len(g.Losses) != 10 || len(w.Losses) != 10 {
			t.Fatalf("%s: %d ranks have %d numbers of a gradient and %d losses, one has %d and %d", v.Name, n, len(g.Gradient), len(g.Losses), len(w.Gradient), len(w.Losses))
		}
		var apart, norm float64
		for i, x := range w.Gradient {
			d := float64(g.Gradient[i]) - float64(x)
			apart, norm = apart+d*d, norm+float64(x)*float64(x)
		}
		far := math.Sqrt(apart / norm)
		if farthest = max(farthest, far); !(far <= 1e-6) {
			t.Errorf("%s: the first gradient of %d ranks is off by %.2g of its norm %.3g", v.Name, n, far, math.Sqrt(norm))
		}
		for i, x := range w.Losses {
			d := math.Abs(g.Losses[i]-x) / math.Abs(x)
			if most = max(most, d); !(d <= 1e-5) {
				t.Errorf("%s: the loss of step %d of %d ranks is off by %.2g of %.6g", v.Name, i+1, n, d, x)
			}
		}
	}
	t.Logf("%d ranks: first gradients are off by %.2g of their norms at the most, ten losses by %.2g", n, farthest, most)
}
