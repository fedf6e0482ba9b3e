package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/settings"
)

// room is ranks that are goroutines of one process.
type room struct {
	size  int
	mu    sync.Mutex
	cond  *sync.Cond
	parts []any
	came  int
	round int
	gone  error // a rank has left the others alone
}

func newRoom(size int) *room {
	r := &room{size: size, parts: make([]any, size)}
	r.cond = sync.NewCond(&r.mu)
	return r
}

// meet gives what each rank brings to all.
func (r *room) meet(rank int, v any) ([]any, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	round := r.round
	r.parts[rank] = v
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
	all := r.parts
	if r.came++; r.came == r.size {
		r.came, r.round, r.parts = 0, round+2, make([]any, r.size)
		r.cond.Broadcast()
	}
	for r.round == round+1 && r.gone == nil {
		r.cond.Wait()
	}
	return all, nil
}

// leave has the ranks that wait for this one fail.
func (r *room) leave(rank int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && r.gone == nil {
		r.gone = fmt.Errorf("rank %d has left: %w", rank, err)
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

func (s *seat) Exchange(v []byte) ([][]byte, error) {
	all, err := s.meet(s.rank, slices.Clone(v))
	var out [][]byte
	for _, one := range all {
		out = append(out, one.([]byte))
	}
	return out, err
}

func (s *seat) Broadcast(v []byte, root int) error {
	all, err := s.meet(s.rank, slices.Clone(v))
	if err == nil {
		copy(v, all[root].([]byte))
	}
	return err
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

func addUp[F float32 | float64](s *seat, v []F) error {
	all, err := s.meet(s.rank, slices.Clone(v))
	if err != nil {
		return err
	}
	clear(v)
	for rank, one := range all {
		x := one.([]F)
		if len(x) != len(v) {
			return fmt.Errorf("rank %d brings %d numbers, rank %d %d", rank, len(x), s.rank, len(v))
		}
		for i := range v {
			v[i] += x[i]
		}
	}
	return nil
}

// together runs a training on some ranks, and returns each one's result.
func together(t *testing.T, size int, run func(rank int, dev backend.Device, ranks backend.Ranks) (*Result, error)) (results []*Result, errs []error) {
	t.Helper()
	results, errs = make([]*Result, size), make([]error, size)
	r := newRoom(size)
	var wait sync.WaitGroup
	for rank := range size {
		wait.Go(func() {
			s := &seat{room: r, rank: rank}
			o := cpu.Options{Workers: 1}
			ranks := backend.Ranks(nil)
			if size > 1 {
				o.Reducer, ranks = s, s
			}
			dev, err := cpu.Open(o)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { dev.Close() })
			results[rank], errs[rank] = run(rank, dev, ranks)
			r.leave(rank, errs[rank])
		})
	}
	wait.Wait()
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
