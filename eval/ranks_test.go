package eval

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/internal/joint/jointtest"
	"github.com/aegpu/aegpu/model"
)

// rankDevice is a device of a rank.
func rankDevice(t *testing.T) backend.Device {
	dev, err := cpu.Open(cpu.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	return dev
}

// sameSummary is an error where two summaries are not the same but for rounding.
func sameSummary(got, want *Summary, off float64) error {
	var errs []error
	figures := func(what string, got, want []model.Figure) {
		if len(got) != len(want) {
			errs = append(errs, fmt.Errorf("%s: %v, alone %v", what, got, want))
			return
		}
		for i, f := range want {
			errs = append(errs, alike(what+f.Name, []float64{got[i].Value}, []float64{f.Value}, off))
			if got[i].Name != f.Name || got[i].Note != f.Note {
				errs = append(errs, fmt.Errorf("%s: figure %v, alone %v", what, got[i], f))
			}
		}
	}
	columns := func(what string, got, want []ColumnFigure) {
		for i, c := range want {
			g := got[i]
			errs = append(errs, alike(what+c.Name, []float64{g.Explained, g.Ordinary, g.Error, g.NLL, float64(g.Cells)}, []float64{c.Explained, c.Ordinary, c.Error, c.NLL, float64(c.Cells)}, off))
		}
	}
	figures("model ", got.Figures, want.Figures)
	columns("model ", got.Columns, want.Columns)
	if want.PCA != nil {
		figures("pca ", got.PCA.Figures, want.PCA.Figures)
		columns("pca ", got.PCA.Columns, want.PCA.Columns)
	}
	return errors.Join(errs...)
}

// TestSummariseOverRanks measures models on tables and images as one rank and as several, of which the last has no rows.
func TestSummariseOverRanks(t *testing.T) {
	const rows = 1150 // two batches
	table, image := measured(t, rows), gradients(rows)
	image.Height, image.Width, image.Channels = 2, 3, 1
	drawn := model.Spec{Latent: 2, Hidden: []int{4}, Activation: backend.Tanh, Code: model.Gaussian{}, Likelihood: model.GaussianNLL{}}
	damaged := model.Spec{Latent: 2, Hidden: []int{4}, Activation: backend.Tanh, Corrupt: model.Corruption{Kind: backend.Masking, Level: 0.5}, Classes: 2}
	for _, c := range []struct {
		name string
		set  *data.Set
		spec model.Spec
		o    SummaryOptions
	}{
		{"drawn", gradients(rows), drawn, SummaryOptions{}},
		{"samples", gradients(rows), drawn, SummaryOptions{IWAEK: 7, IWAERows: 50}},
		{"images", image, damaged, SummaryOptions{Probe: true, KNN: 3}},
		{"table", table, model.Spec{Latent: 2}, SummaryOptions{}},
		{"beside PCA", tableOf(mixed(rows, 6, 1), 6), vaeOfColumns(6), SummaryOptions{}},
		{"few rows", gradients(7), drawn, SummaryOptions{IWAEK: 7}},
	} {
		t.Run(c.name, func(t *testing.T) {
			measure := func(ranks backend.Ranks) (*Summary, error) {
				dev := rankDevice(t)
				defer dev.Close()
				m := modelOn(t, dev, c.spec, c.set)
				defer m.Close()
				o := c.o
				o.Ranks, o.Seed = ranks, 3
				var err error
				if o.PCA, err = Linear(t.Context(), m, c.set, ranks); err != nil {
					return nil, err
				}
				return Summarise(t.Context(), m, c.set, c.set, o)
			}
			want, err := measure(nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, size := range []int{2, 3} {
				all := make([]*Summary, size)
				errs := jointtest.Run(size, func(ranks backend.Ranks) (err error) {
					all[ranks.Rank()], err = measure(ranks)
					return err
				})
				if err := errors.Join(errs...); err != nil {
					t.Fatal(err)
				}
				if err := sameSummary(all[0], want, 1e-5); err != nil {
					t.Errorf("%d ranks: %v", size, err)
				}
				for rank, got := range all {
					if err := sameSummary(got, all[0], 0); err != nil {
						t.Errorf("rank %d is not as rank 0: %v", rank, err)
					}
				}
			}
		})
	}
}

// modelOn is a new model of rows, prepared as they are.
func modelOn(t *testing.T, dev backend.Device, spec model.Spec, s *data.Set) *model.Model {
	in, out, err := data.FitColumns(s, data.ColumnOptions{Missing: data.MissingMask})
	if !spec.HasTargets() {
		scaling := data.ScaleNone
		if s.Columns != nil {
			scaling = data.ScaleStandard
		}
		in, err = data.FitPreparation(s, data.PreparationOptions{Scaling: scaling})
	}
	if err != nil {
		t.Fatal(err)
	}
	spec.Inputs = in.Inputs()
	m, err := model.New(dev, spec, 1)
	if err == nil {
		err = m.SetPreparation(in)
	}
	if err == nil && spec.HasTargets() {
		err = m.SetTargetPreparation(out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestSummariseOnDiskOverRanks measures rows that memory does not hold.
func TestSummariseOnDiskOverRanks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.npy")
	if err := data.Write(path, &data.Set{Rows: 12000, Cols: 6, F32: mixed(12000, 6, 1)}); err != nil {
		t.Fatal(err)
	}
	const memory = 64 << 10 // of which a part of a rank's rows is on the device at a time
	measure := func(ranks backend.Ranks) (*Summary, error) {
		disk := data.NewDisk(memory, t.TempDir())
		if disk == nil {
			t.Skip("no data on disk here")
		}
		defer disk.Close()
		source, err := data.Read(data.WithDisk(t.Context(), disk), path, data.Reading{})
		if err != nil {
			return nil, err
		}
		if s := source.Train; !s.OnDisk() {
			t.Errorf("%d rows are in memory", s.Rows)
		}
		dev := rankDevice(t)
		defer dev.Close()
		m := modelOn(t, dev, vaeOfColumns(6), source.Train.Head(1000))
		defer m.Close()
		return Summarise(t.Context(), m, nil, source.Train, SummaryOptions{Ranks: ranks, IWAEK: 2, IWAERows: 3000})
	}
	want, err := measure(nil)
	if err != nil {
		t.Fatal(err)
	}
	errs := jointtest.Run(2, func(ranks backend.Ranks) error {
		got, err := measure(ranks)
		if err != nil {
			return err
		}
		return sameSummary(got, want, 1e-5)
	})
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}

// TestScoreOverRanks scores rows as one rank and as several: the same bits. A row that has no score is told of by all.
func TestScoreOverRanks(t *testing.T) {
	s := measured(t, 2100)
	score := func(ranks backend.Ranks, s *data.Set) (*data.Set, error) {
		dev := rankDevice(t)
		defer dev.Close()
		m := modelOn(t, dev, model.Spec{Latent: 2}, s.Head(500))
		defer m.Close()
		refer(t, m, s.Head(500))
		return Score(t.Context(), m, s, ScoreOptions{ByColumn: true, Ranks: ranks})
	}
	want, err := score(nil, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{2, 3, 5} {
		errs := jointtest.Run(size, func(ranks backend.Ranks) error {
			got, err := score(ranks, s)
			if err == nil && !reflect.DeepEqual(got, want) {
				t.Errorf("rank %d of %d has other scores", ranks.Rank(), size)
			}
			return err
		})
		if err := errors.Join(errs...); err != nil {
			t.Error(err)
		}
	}
	bad := s.Part(0, s.Rows)
	bad.F64 = append([]float64{}, s.F64...)
	for j := range s.Cols {
		bad.F64[2050*s.Cols+j] = math.NaN()
	}
	bad.Gaps = true
	for rank, err := range jointtest.Run(2, func(ranks backend.Ranks) error {
		_, err := score(ranks, bad)
		return err
	}) {
		if err == nil || !strings.Contains(err.Error(), "2051") {
			t.Errorf("rank %d: %v, expected one of row 2051", rank, err)
		}
	}
}

// TestLinearOverRanks fits PCA to rows of which each rank prepares its own.
func TestLinearOverRanks(t *testing.T) {
	const cols = 10
	s := &data.Set{Name: "many", Rows: worthSharing/cols + 7, Cols: cols, U8: make([]uint8, (worthSharing/cols+7)*cols)}
	for i := range s.U8 {
		s.U8[i] = uint8((i*i%1013)*(1+i%cols) + i/cols%89)
	}
	fit := func(ranks backend.Ranks) (*PCA, error) {
		dev := rankDevice(t)
		defer dev.Close()
		m := modelOn(t, dev, model.Spec{Latent: 2}, s)
		defer m.Close()
		return Linear(t.Context(), m, s, ranks)
	}
	want, err := fit(nil)
	if err != nil {
		t.Fatal(err)
	}
	errs := jointtest.Run(2, func(ranks backend.Ranks) error {
		got, err := fit(ranks)
		if err != nil {
			return err
		}
		return errors.Join(alike("variance", got.Variance, want.Variance, 1e-5), alike("mean", widen(got.Mean), widen(want.Mean), 1e-6),
			alike("components", widen(got.Components), widen(want.Components), 1e-4))
	})
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}
