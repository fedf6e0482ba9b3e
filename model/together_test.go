package model

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/internal/joint/jointtest"
)

// TestRowsOverRanks carries rows through models as one rank and as several, of which some have no chunk: the same bits.
func TestRowsOverRanks(t *testing.T) {
	const cols, latent = 6, 2
	rows := func(n, width int) *data.Set {
		s := &data.Set{Name: "rows", Rows: n, Cols: width, F32: make([]float32, n*width)}
		for i := range s.F32 {
			s.F32[i] = float32(0.5 + 0.5*math.Sin(float64(i*i%1009)))
		}
		return s
	}
	spec := Spec{Inputs: cols, Latent: latent, Hidden: []int{4}, Activation: backend.Tanh, Code: Gaussian{}, Likelihood: Bernoulli{}, Classes: 3}
	for _, n := range []int{5, 1000, 2300} {
		through := func(ctx context.Context) (out []any, err error) {
			m, err := New(ref64.New(), spec, 1)
			if err != nil {
				return nil, err
			}
			defer m.Close()
			s, codes := rows(n, cols), rows(n, latent)
			for _, f := range []func() (any, error){
				func() (any, error) { return m.Encode(ctx, s) },
				func() (any, error) { return m.EncodeDeviations(ctx, s) },
				func() (any, error) { return m.Reconstruct(ctx, s) },
				func() (any, error) { return m.Decode(ctx, codes) },
				func() (any, error) { return m.Classify(ctx, s) },
				func() (any, error) { return m.Judge(ctx, s) },
			} {
				v, err := f()
				if err != nil {
					return nil, err
				}
				out = append(out, v)
			}
			return out, nil
		}
		want, err := through(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{2, 3, 4} {
			errs := jointtest.Run(size, func(ranks backend.Ranks) error {
				got, err := through(WithRanks(t.Context(), ranks))
				for i := range got {
					if !reflect.DeepEqual(got[i], want[i]) {
						t.Errorf("%d rows on %d ranks: result %d of rank %d is another", n, size, i, ranks.Rank())
					}
				}
				return err
			})
			if err := errors.Join(errs...); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestRowsFailTogether has one rank's context end: all ranks stop.
func TestRowsFailTogether(t *testing.T) {
	for rank, err := range jointtest.Run(3, func(ranks backend.Ranks) error {
		m, err := New(ref64.New(), Spec{Inputs: 2, Latent: 1}, 1)
		if err != nil {
			return err
		}
		defer m.Close()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if ranks.Rank() == 1 {
			cancel()
		}
		_, err = m.Encode(WithRanks(ctx, ranks), &data.Set{Rows: 3500, Cols: 2, F32: make([]float32, 7000)})
		return err
	}) {
		if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "rank 1 was interrupted") != (rank != 1) {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}

// TestFillOverRanks fills the cells of rows of several chunks in as one rank and as several: the same bits.
func TestFillOverRanks(t *testing.T) {
	small, _, _ := gapped(t)
	idx := make([]int, 2100)
	for i := range idx {
		idx[i] = i % small.Rows
	}
	s := small.Subset(idx)
	fill := func(ctx context.Context) ([]any, error) {
		_, _, m := gapped(t)
		means, n, err := m.Fill(ctx, s)
		if err != nil {
			return nil, err
		}
		drawn, _, err := m.FillDraw(ctx, s, 0, 1, 7)
		return []any{means, n, drawn}, err
	}
	want, err := fill(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	errs := jointtest.Run(2, func(ranks backend.Ranks) error {
		got, err := fill(WithRanks(t.Context(), ranks))
		for i := range got {
			if !sameCells(got[i], want[i]) {
				t.Errorf("result %d of rank %d is another", i, ranks.Rank())
			}
		}
		return err
	})
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}

// sameCells compares sets, or whole numbers.
func sameCells(a, b any) bool {
	x, is := a.(*data.Set)
	if !is {
		return a == b
	}
	y := b.(*data.Set)
	return x.Rows == y.Rows && slices.Equal(x.F32, y.F32) && slices.Equal(x.F64, y.F64)
}
