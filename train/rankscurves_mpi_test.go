//go:build mpi

package train

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/settings"
)

// curve is a longer training, by its settings.
type curve struct {
	name, settings string
	plain          bool // draws no noise and has no term of a whole batch: accumulated in parts it is the same training
}

// curves are trainings of every preset, with all that ranks may come apart by: phases, schedules, moments of every optimiser,
// noise, windows, terms of a whole batch.
var curves = []curve{
	{"ae, cosine", "schedule: cosine:0.1", true},
	{"ae, in windows", "window: 40\nblock: 4", true},
	{"ae, accumulated", "accumulate: 2", true},
	{"ae, Gaussian, frozen classifier, Burda's schedule", "epochs: 5\nloss: gaussian\nclassifier: frozen\nclassifier-epochs: 5\nschedule: burda", true},
	{"stacked, pretrained, finetuned", "model: stacked\nhidden: [5, 4]\npretrain-epochs: 3\nepochs: 4\nclassifier: finetune\nclassifier-epochs: 3\ncorrupt: none", true},
	{"stacked, in windows", "model: stacked\nhidden: [5, 4]\npretrain-epochs: 3\nepochs: 4\nwindow: 40", false},
	{"denoising, tied, Sutskever's momentum", "model: denoising\ncorrupt: salt-and-pepper:0.2\ntied: true\noptimizer: nesterov\nmomentum: sutskever:0.9", false},
	{"denoising, to targets", "model: denoising\ntarget: 1,2", false},
	{"sparse, top-k, adamw", "model: sparse\nsparsity: topk:2\noptimizer: adamw\nweight-decay: 0.01", true},
	{"sparse, L1", "model: sparse\nsparsity: l1:0.01", true},
	{"sparse, KL, warm-up", "model: sparse\nsparsity: kl:0.1:0.5\nlr-warmup: 3", false},
	{"vae, conditional", "model: vae\ncondition: label", false},
	{"vae, KL warm-up, importance-weighted", "model: vae\nkl-warmup: 4\nsamples: 3\nbinarise: true\nschedule: step:3:0.5", false},
	{"vae, accumulated, dropout, free bits, lamb", "model: vae\naccumulate: 2\ndropout: 0.1\nfree-bits: 0.05\noptimizer: lamb\nlr-scale: sqrt:20", false},
	{"contractive, exact, clipped", "model: contractive\nhidden: []\ncontract: exact:0.1\noptimizer: momentum\nclip: 1", true},
	{"contractive, stochastic", "model: contractive\nhidden: []\ncontract: stochastic:0.1:2\nactivation: tanh", false},
}

// wavesFile is what all are trained on.
const wavesFile = "waves.csv"

const curveSettings = "latent: 2\nbatch: 20\ntest: 0\nlr: 0.01\npretrain-lr: 0.01\ninit: xavier\nepochs: 20\nhidden: [8]\n"

func (c *curve) config() settings.Config {
	text := c.settings + "\n"
	for line := range strings.Lines(curveSettings) {
		if name, _, _ := strings.Cut(line, ":"); !strings.Contains("\n"+text, "\n"+name+":") {
			text += line
		}
	}
	config, err := settings.ReadConfig(strings.NewReader(text))
	if err != nil {
		panic(fmt.Sprintf("%s: %v", c.name, err))
	}
	return config
}

// curve trains, and returns the losses of every epoch.
func (s *site) curve(c settings.Config, o Options) ([]Record, error) {
	return s.curveIn(context.Background(), c, o)
}

func (s *site) curveIn(ctx context.Context, c settings.Config, o Options) ([]Record, error) {
	c.Data, o.Ranks = filepath.Join(s.dir, wavesFile), s.ranks
	sets, err := Load(ctx, c)
	if err != nil {
		return nil, err
	}
	result, err := Run(ctx, s.dev, c, sets, o)
	if err != nil {
		return nil, err
	}
	result.Model.Close()
	return result.History, nil
}

func (s *site) runOf(one curve) string {
	return filepath.Join(s.dir, strings.NewReplacer(" ", "-", ",", "", "'", "").Replace(one.name))
}

// stopped trains until the last rank is asked to stop, after three epochs.
func (s *site) stopped(one curve) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c, o, n := one.config(), Options{Dir: s.runOf(one)}, 0
	if s.ranks.Rank() == s.ranks.Size()-1 {
		o.Epoch = func(Record) {
			if n++; n == 3 {
				cancel()
			}
		}
	}
	if _, err := s.curveIn(ctx, c, o); !Interrupted(err) {
		return fmt.Errorf("asked to stop, it ends with %w", err)
	}
	return nil
}

// goOn goes on with a copy of what two ranks have left.
func (s *site) goOn(one curve) ([]Record, error) {
	o := Options{Resume: true, Dir: fmt.Sprintf("%s-%d", s.runOf(one), max(1, s.share().Size))}
	if s.share().Rank == 0 {
		if err := os.CopyFS(o.Dir, os.DirFS(s.runOf(one))); err != nil {
			return nil, err
		}
	}
	return s.curve(one.config(), o)
}

// accumulatedSpread is how far the curves of plain trainings come apart at the most by --accumulate, in one process: it adds
// up in another order too.
func accumulatedSpread(t *testing.T, s *site, alone map[string][]Record) (most float64) {
	t.Helper()
	for _, one := range curves {
		if !one.plain {
			continue
		}
		c := one.config()
		for _, k := range []int{2, 4} {
			c.Accumulate, c.Batch = k*max(1, one.config().Accumulate), one.config().Batch/settings.Number(k)
			got, err := s.curve(c, Options{})
			if err != nil {
				t.Fatal(err)
			}
			most = max(most, off(got, alone[one.name]))
		}
	}
	return most
}

// asFar is how far curves may come apart whatever accumulated ones do: after some hundred updates of Adam that is what became of
// roundings.
const asFar = 1e-4

// compareCurves demands that curves are apart by no more than three times what accumulated ones are.
func compareCurves(t *testing.T, what string, got, want map[string][]Record, spread float64) {
	t.Helper()
	farthest, which, bound := 0.0, "", max(asFar, 3*spread)
	for _, one := range curves {
		far := off(got[one.name], want[one.name])
		if far > farthest {
			farthest, which = far, one.name
		}
		if !(far <= bound) {
			t.Errorf("%s: %s: losses are off by %.2g, at most %.2g expected", what, one.name, far, bound)
		}
	}
	t.Logf("%s: curves are off by %.2g at the most (%s), accumulated ones by %.2g", what, farthest, which, spread)
}
