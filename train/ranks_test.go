package train

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/internal/joint/jointtest"
	"github.com/aegpu/aegpu/settings"
)

// together runs a training on some ranks, and returns each one's result.
func together(t *testing.T, size int, run func(rank int, dev backend.Device, ranks backend.Ranks) (*Result, error)) (results []*Result, errs []error) {
	t.Helper()
	results = make([]*Result, size)
	errs = jointtest.Run(size, func(ranks backend.Ranks) error {
		rank, o := ranks.Rank(), cpu.Options{Workers: 1}
		if size == 1 {
			ranks = nil
		} else {
			o.Reducer = ranks.(backend.Reducer)
		}
		dev, err := cpu.Open(o)
		if err != nil {
			return err
		}
		t.Cleanup(func() { dev.Close() })
		results[rank], err = run(rank, dev, ranks)
		return err
	})
	return results, errs
}

// off is how far two runs' losses are apart at the most, relative to them.
func off(a, b []Record) (most float64) {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	for i := range a {
		for _, p := range [][2]float64{{a[i].Train.Loss(), b[i].Train.Loss()}, {a[i].Validation.Loss(), b[i].Validation.Loss()}} {
			if d := math.Abs(p[0]-p[1]) / math.Max(math.Abs(p[0]), 1e-3); d > most || d != d && !(p[0] != p[0] && p[1] != p[1]) {
				most = d
			}
		}
	}
	return most
}

// loose is what float32 leaves of sums in another order after a few updates of Adam on a tiny net, whose first ones are of
// the gradient's sign alone.
const loose = 2e-4

// TestRanksTrainAsOne trains every preset as one rank and as several, in memory and in windows, with validation and with a
// classifier: the same losses, epoch by epoch, and on all ranks the same weights.
func TestRanksTrainAsOne(t *testing.T) {
	for _, preset := range settings.Models() {
		for name, change := range map[string]func(*settings.Config){
			"plain":      func(*settings.Config) {},
			"accumulate": func(c *settings.Config) { c.Accumulate = 2 },
			"windows":    func(c *settings.Config) { c.Window, c.Block = 40, 4 },
			"classifier": func(c *settings.Config) { c.Classifier = settings.FinetuneClassifier },
		} {
			t.Run(preset+"/"+name, func(t *testing.T) {
				c := small(t, preset)
				change(&c)
				train := func(size int) []*Result {
					results, errs := together(t, size, func(_ int, dev backend.Device, ranks backend.Ranks) (*Result, error) {
						return Run(t.Context(), dev, c, divide(t, c), Options{Ranks: ranks})
					})
					if err := errors.Join(errs...); err != nil {
						t.Fatal(err)
					}
					return results
				}
				alone := train(1)[0]
				for _, size := range []int{2, 5} {
					for rank, got := range train(size) {
						if d := off(got.History, alone.History); !(d <= loose) {
							t.Errorf("rank %d of %d: losses are off by %g", rank, size, d)
						}
					}
				}
			})
		}
	}
}

// TestRanksGoOn stops a run of two ranks in the middle of an epoch, where one of them was asked to, and goes on with it as
// one rank, as two and as four: the curve is that of a run that never stopped.
func TestRanksGoOn(t *testing.T) {
	for _, preset := range []string{"sparse", "vae", "stacked"} {
		t.Run(preset, func(t *testing.T) {
			c := small(t, preset)
			c.Epochs = 6
			want, err := runIn(t, t.Context(), c, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, size := range []int{1, 2, 4} {
				dir := filepath.Join(t.TempDir(), "run")
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				_, errs := together(t, 2, func(rank int, dev backend.Device, ranks backend.Ranks) (*Result, error) {
					o, asked := Options{Dir: dir, Ranks: ranks}, t.Context()
					if rank == 1 {
						o.Epoch = func(r Record) {
							if r.Epoch == 2 {
								cancel()
							}
						}
						asked = ctx
					}
					return Run(asked, dev, c, divide(t, c), o)
				})
				for rank, err := range errs {
					if !Interrupted(err) {
						t.Fatalf("rank %d: %v", rank, err)
					}
				}
				results, errs := together(t, size, func(_ int, dev backend.Device, ranks backend.Ranks) (*Result, error) {
					return Run(t.Context(), dev, c, divide(t, c), Options{Dir: dir, Resume: true, Ranks: ranks})
				})
				if err := errors.Join(errs...); err != nil {
					t.Fatal(err)
				}
				if d := off(results[0].History, want.History); !(d <= loose) {
					t.Errorf("stopped at 2 ranks, gone on with %d: losses are off by %g", size, d)
				}
				for _, name := range []string{ModelFile, CheckpointFile, ConfigFile, HistoryFile} {
					if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
}

// TestRanksFailTogether has one rank unable to go on, or with other data: all say which.
func TestRanksFailTogether(t *testing.T) {
	c := small(t, "ae")
	for name, one := range map[string]struct {
		change func(rank int, c *settings.Config, s *Sets)
		want   string
	}{
		"settings": {func(rank int, c *settings.Config, s *Sets) {
			if rank == 1 {
				c.Classifier, s.Train.Labels = settings.FinetuneClassifier, nil
			}
		}, "rank 1"},
		"data": {func(rank int, c *settings.Config, s *Sets) {
			if rank == 1 {
				s.Train.F32[7]++
			}
		}, "rank 1 has other data than rank 0"},
	} {
		t.Run(name, func(t *testing.T) {
			_, errs := together(t, 3, func(rank int, dev backend.Device, ranks backend.Ranks) (*Result, error) {
				mine := c
				sets := divide(t, mine)
				one.change(rank, &mine, sets)
				return Run(t.Context(), dev, mine, sets, Options{Ranks: ranks})
			})
			for rank, err := range errs {
				if err == nil || rank != 1 && !strings.Contains(err.Error(), one.want) {
					t.Errorf("rank %d: %v, expected %q", rank, err, one.want)
				}
			}
		})
	}
}

// TestStartsAreTheSame has a model start as PCA where its sizes are given: in memory, in windows and over ranks from the same
// weights; and rows that are one window shuffled alike, whatever their blocks.
func TestStartsAreTheSame(t *testing.T) {
	c, err := settings.Preset("vae")
	if err != nil {
		t.Fatal(err)
	}
	c.Hidden, c.Latent, c.Batch, c.Epochs, c.Test, c.LR = settings.Widths{8}, 2, 16, 2, 0, 1e-4
	c.Data = mixedTable(t, 200)
	run := func(size int, change func(*settings.Config)) []Record {
		c := c
		change(&c)
		results, errs := together(t, size, func(_ int, dev backend.Device, ranks backend.Ranks) (*Result, error) {
			sets, err := Load(t.Context(), c)
			if err != nil {
				return nil, err
			}
			return Run(t.Context(), dev, c, sets, Options{Ranks: ranks})
		})
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		return results[0].History
	}
	windows := func(c *settings.Config) { c.Window, c.Block = 40, 4 }
	large := func(c *settings.Config) { c.Window, c.Block = 5000, 4 }
	want := run(1, func(*settings.Config) {})
	for name, got := range map[string][]Record{
		"in windows": run(1, windows), "of 2 ranks": run(2, func(*settings.Config) {}), "of 3 ranks, in windows": run(3, windows), "of 2 ranks, in one window": run(2, large),
	} {
		a, b := want[0].StartValidation.Loss(), got[0].StartValidation.Loss()
		if !(math.Abs(a-b) <= 1e-5*math.Abs(a)) {
			t.Errorf("a start %s has the loss %g, and %g of one rank in memory", name, b, a)
		}
		if d := off(got, want); strings.HasSuffix(name, "one window") && !(d <= loose) {
			t.Errorf("%s: losses are off by %g", name, d)
		}
	}
}
