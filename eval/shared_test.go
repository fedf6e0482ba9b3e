package eval

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/internal/joint/jointtest"
)

// alike fails where numbers of several ranks are not those of one, but for rounding.
func alike(what string, got, want []float64, off float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("%s: %d numbers, alone %d", what, len(got), len(want))
	}
	for i, w := range want {
		if d := math.Abs(got[i] - w); !(d <= off*(1+math.Abs(w))) && !(got[i] != got[i] && w != w) {
			return fmt.Errorf("%s: number %d is %v, alone %v", what, i, got[i], w)
		}
	}
	return nil
}

func widen(v []float32) []float64 {
	w := make([]float64, len(v))
	for i, x := range v {
		w[i] = float64(x)
	}
	return w
}

// pcaFigures is what PCA tells of rows, by the ways there are to fit it.
func pcaFigures(t *testing.T, x Rows, k int) (parts [][]float64, err error) {
	dev, ctx := ref64.New(), t.Context()
	for _, fit := range []func() (*PCA, error){
		func() (*PCA, error) { return FitPCA(ctx, dev, x, k) },
		func() (*PCA, error) { return FitPCAShare(ctx, dev, x, 0.8, 5) },
		func() (*PCA, error) { return FitPCAStart(ctx, dev, x, k) },
	} {
		p, err := fit()
		if err != nil {
			return nil, err
		}
		sse, err := p.SSE(ctx, dev, x)
		if err != nil {
			return nil, err
		}
		likelihood, err := p.LogLikelihood(ctx, x, Fixed{})
		if err != nil {
			return nil, err
		}
		errs, err := p.Errors(ctx, dev, x)
		if err != nil {
			return nil, err
		}
		codes, err := p.Encode(ctx, dev, x)
		if err != nil {
			return nil, err
		}
		products, err := MeanProducts(ctx, dev, x, Dense(codes, p.K()))
		if err != nil {
			return nil, err
		}
		parts = append(parts, p.Variance, []float64{p.Total, sse, likelihood}, widen(p.Mean), widen(p.Components), widen(errs), widen(codes), products)
	}
	return parts, nil
}

// TestPCAShared fits PCA as one rank and as several, some of which have no rows, by the covariance and without it: the same
// numbers, and on all ranks the same bits.
func TestPCAShared(t *testing.T) {
	for _, c := range []struct{ rows, cols, k int }{{5, 4, 2}, {150, 7, 3}, {300, 150, 5}, {70, 2100, 2}} {
		x := Dense(normals(c.rows, c.cols), c.cols)
		want, err := pcaFigures(t, x, c.k)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{2, 3} {
			all := make([][][]float64, size)
			errs := jointtest.Run(size, func(ranks backend.Ranks) (err error) {
				all[ranks.Rank()], err = pcaFigures(t, shared{x, portionOf(ranks, c.rows, shareBlock)}, c.k)
				return err
			})
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			for i := range want {
				// Mean and components are float32, and so is what is made of them; the streamed solver's end is at 3e-7.
				if err := alike(fmt.Sprintf("%d x %d on %d ranks, part %d", c.rows, c.cols, size, i), all[0][i], want[i], 5e-6); err != nil {
					t.Error(err)
				}
				for rank, got := range all {
					if !slices.Equal(got[i], all[0][i]) {
						t.Errorf("part %d: rank %d has other bits than rank 0", i, rank)
					}
				}
			}
		}
	}
}

// TestSharedFails has one rank with a row that is not finite: all refuse it.
func TestSharedFails(t *testing.T) {
	bad := normals(150, 3)
	bad[140*3+1] = float32(math.NaN())
	errs := jointtest.Run(3, func(ranks backend.Ranks) error {
		_, err := FitPCA(t.Context(), ref64.New(), shared{Dense(bad, 3), portionOf(ranks, 150, shareBlock)}, 2)
		return err
	})
	for rank, err := range errs {
		if err == nil || !strings.Contains(err.Error(), "row 141, column 2 is NaN") {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}

// TestSharedIsWorthIt leaves few rows, and those of one rank, as they are.
func TestSharedIsWorthIt(t *testing.T) {
	row := func(dst []float32, i int) {}
	jointtest.Run(2, func(ranks backend.Ranks) error {
		for _, c := range []struct {
			rows  int
			ranks backend.Ranks
			want  bool
		}{{worthSharing / 8, ranks, true}, {worthSharing/8 - 1, ranks, false}, {worthSharing / 8, nil, false}} {
			if _, is := Shared(RowFunc(c.rows, 8, row), c.ranks).(shared); is != c.want {
				t.Errorf("%d rows are shared: %v", c.rows, is)
			}
		}
		return nil
	})
}
