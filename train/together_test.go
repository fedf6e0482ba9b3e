package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

var bernoulli = settings.Loss{Likelihood: model.Bernoulli{}}

// mixedTable is a CSV file of rows with names, groups, a class, a level, two numbers of which some are missing, counts, a
// category and a number to be made.
func mixedTable(t *testing.T, rows int) string {
	rng := rand.New(rand.NewPCG(3, 4))
	text := "id,household,kind,site,height,weight,visits,colour,dose\n"
	for i := range rows {
		height := strconv.FormatFloat(rng.NormFloat64(), 'f', 3, 64)
		if i%9 == 4 {
			height = ""
		}
		text += fmt.Sprintf("row%d,h%d,%s,%s,%s,%.3f,%d,%s,%.3f\n", i, i/3, []string{"calm", "wild"}[rng.IntN(2)], []string{"north", "south", "east"}[rng.IntN(3)],
			height, 70+10*rng.NormFloat64(), rng.IntN(9), []string{"red", "green", "blue"}[i%3], rng.Float64())
	}
	path := filepath.Join(t.TempDir(), "mixed.csv")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// inFile is rows in a file of that name.
func inFile(t *testing.T, name string, s *data.Set) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := data.Write(path, s); err != nil {
		t.Fatal(err)
	}
	return path
}

// pictures are rows of bytes.
func pictures(rows int) *data.Set {
	s := &data.Set{Rows: rows, Cols: 64, Height: 8, Width: 8, Channels: 1}
	for i := range rows * s.Cols {
		s.U8 = append(s.U8, uint8(i*i/7+i))
	}
	return s
}

// withDisk is a context by which data beyond so much memory are read from disk.
func withDisk(t *testing.T, memory int64) context.Context {
	disk := data.NewDisk(memory, t.TempDir())
	t.Cleanup(disk.Close)
	return data.WithDisk(t.Context(), disk)
}

// history is what a run came to, epoch by epoch, without the times.
func history(t *testing.T, records []Record) string {
	t.Helper()
	var lines []string
	for _, r := range records {
		r.Seconds, r.ExamplesPerSecond = 0, 0
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	return strings.Join(lines, "\n")
}

// loadedTogether are data of all kinds, as they are loaded: each sets where they are, and returns how much memory they may take.
var loadedTogether = map[string]func(t *testing.T, c *settings.Config) (memory int64){
	"table": func(t *testing.T, c *settings.Config) int64 {
		c.Data, c.Label, c.ID, c.Group, c.Test, c.Classifier = mixedTable(t, 90), "kind", "id", "household", 0.2, settings.FinetuneClassifier
		return 1 << 30
	},
	"table on disk": func(t *testing.T, c *settings.Config) int64 {
		c.Data, c.Label, c.Test = mixedTable(t, 90), "kind", 0.2
		return 0
	},
	"condition": func(t *testing.T, c *settings.Config) int64 {
		c.Data, c.Condition, c.Limit = mixedTable(t, 90), "site", 50
		return 1 << 30
	},
	"targets": func(t *testing.T, c *settings.Config) int64 {
		c.Data, c.Target, c.Test = mixedTable(t, 90), []string{"dose", "weight"}, 0.1
		return 1 << 30
	},
	"array": func(t *testing.T, c *settings.Config) int64 {
		c.Data, c.Test = inFile(t, "rows.npy", plainWaves()), 0.1
		return 1 << 30
	},
	"array on disk, as it is, squashed": func(t *testing.T, c *settings.Config) int64 {
		c.Data, c.Test, c.Loss = inFile(t, "rows.npy", plainWaves()), 0.1, bernoulli
		return 0
	},
	"pictures on disk, own test part": func(t *testing.T, c *settings.Config) int64 {
		c.Data, c.TestData = inFile(t, "rows.npy", pictures(80)), inFile(t, "test.npy", pictures(20))
		return 0
	},
	"no parts": func(t *testing.T, c *settings.Config) int64 {
		c.Data, c.Val, c.Limit = inFile(t, "rows.npy", plainWaves()), 0, 70
		return 0
	},
}

// plainWaves are rows without labels.
func plainWaves() *data.Set {
	s := waves(90)
	s.Labels, s.Classes = nil, nil
	return s
}

// TestRanksLoadTogether trains over ranks of which the first alone looks at all rows: the parts, what is known of them, and
// every bit of the losses are those of ranks that each load the data themselves.
func TestRanksLoadTogether(t *testing.T) {
	for name, set := range loadedTogether {
		t.Run(name, func(t *testing.T) {
			c := small(t, "ae")
			c.Epochs, c.Loss = 2, settings.Loss{By: settings.AutoLoss}
			memory := set(t, &c)
			for _, size := range []int{2, 3} {
				each, want := trainedBy(t, size, c, func(backend.Ranks) (*Sets, error) { return Load(withDisk(t, memory), c) })
				once, got := trainedBy(t, size, c, func(ranks backend.Ranks) (*Sets, error) { return LoadTogether(withDisk(t, memory), c, ranks) })
				if got != want {
					t.Errorf("%d ranks come to\n%s\nand where each loads the data itself to\n%s", size, got, want)
				}
				for rank, s := range once {
					sameSets(t, rank, s, each[0])
				}
			}
		})
	}
}

// TestRanksBorrow has the ranks of one machine, but for its first, not even reach data that have to be decoded: they train to
// the same bits on those that the first one lends.
func TestRanksBorrow(t *testing.T) {
	for name, set := range loadedTogether {
		c := small(t, "ae")
		c.Epochs, c.Loss = 2, settings.Loss{By: settings.AutoLoss}
		memory := set(t, &c)
		if !data.Decoded(t.Context(), c.Data) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			_, want := trainedBy(t, 3, c, func(backend.Ranks) (*Sets, error) { return Load(withDisk(t, memory), c) })
			_, got := trainedBy(t, 3, c, func(ranks backend.Ranks) (*Sets, error) {
				mine := c
				if ranks.Rank() > 0 {
					mine.Data = filepath.Join(t.TempDir(), "nothing here.csv")
				}
				return LoadTogether(withDisk(t, memory), mine, onMachine{ranks, ranks.Rank(), 3})
			})
			if got != want {
				t.Errorf("ranks that borrow the data come to\n%s\nand where each loads them itself to\n%s", got, want)
			}
		})
	}
}

// TestRanksReadWhatIsNotLent has ranks that cannot borrow read the data themselves: where no data are on disk, and where the
// rank is the first of another machine.
func TestRanksReadWhatIsNotLent(t *testing.T) {
	c := small(t, "ae")
	c.Data, c.Epochs, c.Loss = mixedTable(t, 90), 2, settings.Loss{By: settings.AutoLoss}
	_, want := trainedBy(t, 3, c, func(backend.Ranks) (*Sets, error) { return Load(t.Context(), c) })
	for name, load := range map[string]func(ranks backend.Ranks) (*Sets, error){
		"no disk": func(ranks backend.Ranks) (*Sets, error) {
			return LoadTogether(t.Context(), c, onMachine{ranks, ranks.Rank(), 3})
		},
		"no disk of one": func(ranks backend.Ranks) (*Sets, error) {
			ctx := t.Context()
			if ranks.Rank() != 1 {
				ctx = withDisk(t, 1<<30)
			}
			return LoadTogether(ctx, c, onMachine{ranks, ranks.Rank(), 3})
		},
		"no room": func(ranks backend.Ranks) (*Sets, error) {
			disk := data.NewDisk(1<<30, filepath.Join(t.TempDir(), "not there"))
			return LoadTogether(data.WithDisk(t.Context(), disk), c, onMachine{ranks, ranks.Rank(), 3})
		},
		"two machines": func(ranks backend.Ranks) (*Sets, error) {
			return LoadTogether(withDisk(t, 1<<30), c, onMachine{ranks, ranks.Rank() % 2, 2 - ranks.Rank()/2})
		},
	} {
		if _, got := trainedBy(t, 3, c, load); got != want {
			t.Errorf("%s: ranks come to\n%s\nwant\n%s", name, got, want)
		}
	}
}

// onMachine is a rank with its place among those of its machine.
type onMachine struct {
	backend.Ranks
	local, size int
}

func (m onMachine) Local() int     { return m.local }
func (m onMachine) LocalSize() int { return m.size }

// trainedBy trains on so many ranks, and returns what each has loaded and what they came to.
func trainedBy(t *testing.T, size int, c settings.Config, load func(ranks backend.Ranks) (*Sets, error)) (sets []*Sets, losses string) {
	t.Helper()
	sets = make([]*Sets, size)
	results, errs := together(t, size, func(rank int, dev backend.Device, ranks backend.Ranks) (_ *Result, err error) {
		if sets[rank], err = load(ranks); err != nil {
			return nil, err
		}
		kept := *sets[rank] // a run matches the parts
		defer func() { sets[rank] = &kept }()
		return Run(t.Context(), dev, c, sets[rank], Options{Ranks: ranks})
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return sets, history(t, results[size-1].History)
}

// sameSets compares what a rank has been told with what one finds out itself.
func sameSets(t *testing.T, rank int, got, want *Sets) {
	t.Helper()
	is, err := got.findings()
	if err != nil {
		t.Fatal(err)
	}
	wants, err := want.findings()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(is, wants) {
		t.Errorf("rank %d has\n%s\nwant\n%s", rank, is, wants)
	}
	parts := func(s *Sets) string { return data.Fingerprint(s.Train, s.Val, s.Test) } // of the rows, not as it is told
	if parts(got) != parts(want) || got.Fingerprint() != parts(want) {
		t.Errorf("rank %d has other rows", rank)
	}
	if !reflect.DeepEqual(got.Train.IDs, want.Train.IDs) {
		t.Errorf("rank %d has rows of other names", rank)
	}
}

// TestRanksLoadTogetherAndGoOn goes on with a run of two ranks that was stopped.
func TestRanksLoadTogetherAndGoOn(t *testing.T) {
	c := small(t, "ae")
	c.Data, c.Label, c.Test, c.Epochs = mixedTable(t, 90), "kind", 0.2, 4
	c.Loss = settings.Loss{By: settings.AutoLoss}
	dir := filepath.Join(t.TempDir(), "run")
	run := func(asked context.Context, o Options) (*Result, []error) {
		results, errs := together(t, 2, func(_ int, dev backend.Device, ranks backend.Ranks) (*Result, error) {
			sets, err := LoadTogether(t.Context(), c, ranks)
			if err != nil {
				return nil, err
			}
			own := o
			own.Ranks = ranks
			return Run(asked, dev, c, sets, own)
		})
		return results[0], errs
	}
	want, errs := run(t.Context(), Options{})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, errs = run(ctx, Options{Dir: dir, Epoch: func(r Record) {
		if r.Epoch == 2 {
			cancel()
		}
	}})
	for rank, err := range errs {
		if !Interrupted(err) {
			t.Fatalf("rank %d: %v", rank, err)
		}
	}
	got, errs := run(t.Context(), Options{Dir: dir, Resume: true})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if history(t, got.History) != history(t, want.History) {
		t.Errorf("a run that went on came to\n%s\nwant\n%s", history(t, got.History), history(t, want.History))
	}
}

// TestRanksRefuseOtherData has one rank reach other data than the first, or none: all say which.
func TestRanksRefuseOtherData(t *testing.T) {
	good := waves(90)
	changed := func(change func(s *data.Set)) func(t *testing.T) string {
		return func(t *testing.T) string {
			s := waves(90)
			change(s)
			return inFile(t, "rows.csv", s)
		}
	}
	for name, one := range map[string]struct {
		other func(t *testing.T) string
		want  string
	}{
		"nothing there": {func(t *testing.T) string { return filepath.Join(t.TempDir(), "rows.csv") }, "rank 1: "},
		"fewer rows":    {changed(func(s *data.Set) { *s = *s.Head(89) }), "rank 1 has other data than rank 0 (89 x 6, "},
		"another row":   {changed(func(s *data.Set) { s.F32[6*89]++ }), "rank 1 has other data than rank 0 (90 x 6, "},
		"other names": {changed(func(s *data.Set) {
			s.Columns = make([]data.Column, 6)
			for j := range s.Columns {
				s.Columns[j].Name = fmt.Sprint("other ", j)
			}
		}), "rank 1 has other data than rank 0 (90 x 6, "},
		"other labels": {changed(func(s *data.Set) { s.Labels[50] = 1 - s.Labels[50] }), "rank 1 has other data than rank 0 (90 x 6, "},
	} {
		t.Run(name, func(t *testing.T) {
			right, other := inFile(t, "rows.csv", good), one.other(t)
			_, errs := together(t, 3, func(rank int, _ backend.Device, ranks backend.Ranks) (*Result, error) {
				c := small(t, "ae")
				if c.Data = right; rank == 1 {
					c.Data = other
				}
				_, err := LoadTogether(t.Context(), c, ranks)
				return nil, err
			})
			for rank, err := range errs {
				if !isRequest(err) || !strings.Contains(err.Error(), one.want) && !(rank == 1 && errors.Is(err, os.ErrNotExist)) {
					t.Errorf("rank %d: %v, expected %q", rank, err, one.want)
				}
			}
		})
	}
}

// TestRanksAreToldOfBadData has the first rank, which alone looks at all rows, refuse data for all.
func TestRanksAreToldOfBadData(t *testing.T) {
	s := waves(400)
	s.Labels, s.Classes = nil, nil
	path := inFile(t, "rows.npy", s)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(file[len(file)-24*7:], []byte{0, 0, 0xc0, 0x7f}) // NaN, in the seventh row from the last
	if err := os.WriteFile(path, file, 0o666); err != nil {
		t.Fatal(err)
	}
	_, errs := together(t, 2, func(_ int, _ backend.Device, ranks backend.Ranks) (*Result, error) {
		c := small(t, "ae")
		c.Data = path
		_, err := LoadTogether(withDisk(t, 0), c, ranks)
		return nil, err
	})
	var bad *data.Error
	var rank *RankError
	if !errors.As(errs[0], &bad) || bad.Row != 394 || !errors.As(errs[1], &rank) || rank.Rank != 0 || !errors.As(errs[1], new(*RequestError)) {
		t.Errorf("got %v and %v", errs[0], errs[1])
	}
}
