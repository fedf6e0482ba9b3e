package eval

import (
	"context"
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// FitPCAShare fits as few components to the rows of x as explain that share of their variance, at least one and at most
// most. Of rows wider than 2,048 columns the components are those that a few passes find, which explain slightly less than
// the best would. See [FitPCA].
func FitPCAShare(ctx context.Context, dev backend.Device, x Rows, share float64, most int) (*PCA, error) {
	n, d := x.Len(), x.Width()
	if n < 1 || d < 1 || most < 1 || !(share > 0 && share <= 1) {
		return nil, fmt.Errorf("pca: %g of the variance of %d rows of %d columns by %d components at most: expected a share of 0 to 1 and at least one of each", share, n, d, most)
	}
	most = min(most, n, d)
	p, err := fitPCAShare(ctx, dev, x, share, most)
	if err = ownOf(x).agree(err); err != nil {
		return nil, fmt.Errorf("pca: %w", err)
	}
	return p, nil
}

func fitPCAShare(ctx context.Context, dev backend.Device, x Rows, share float64, most int) (*PCA, error) {
	d := x.Width()
	if err := hostmemory.AskBytes("PCA", pcaBytes(d, most, d > maxCovariance)); err != nil {
		return nil, err
	}
	p, spectrum, err := startPCA(ctx, dev, x, most)
	if err != nil {
		return nil, err
	}
	k := spectrum.need(share*p.Total, most)
	values, vectors, err := spectrum.leading(k)
	if err != nil {
		return nil, err
	}
	p.take(values, vectors)
	return p, nil
}

// FitPCAStart is [FitPCA] for a training to start from: of rows wider than 2,048 columns it goes over them a few times only.
func FitPCAStart(ctx context.Context, dev backend.Device, x Rows, k int) (*PCA, error) {
	if x.Width() > maxCovariance {
		return FitPCAShare(ctx, dev, x, 1, k)
	}
	return FitPCA(ctx, dev, x, k)
}

// fewPasses is how many times wide rows are gone over for an approximate PCA: the error of the variance explained falls
// with each by the square of a ratio of eigenvalues, and a start needs no more.
const fewPasses = 4

// spectrum is the eigenvalues of a covariance, the largest first: all, or those found, and how their vectors are had.
type spectrum struct {
	values  []float64
	leading func(k int) (values, vectors []float64, err error)
}

// need is how many of the leading values make up so much, at most most.
func (s *spectrum) need(variance float64, most int) int {
	sum := 0.0
	for k, v := range s.values[:most] {
		if sum += v; sum >= variance*(1-1e-6) { // rounding of float32 products
			return k + 1
		}
	}
	return most
}

// startPCA finds the mean, the variance in all, and the spectrum of rows.
func startPCA(ctx context.Context, dev backend.Device, x Rows, most int) (*PCA, *spectrum, error) {
	mean, variance, err := moments(ctx, x)
	if err != nil {
		return nil, nil, err
	}
	p := &PCA{Mean: narrow(mean)}
	for _, v := range variance {
		p.Total += v
	}
	c, d := centre(x, p.Mean), x.Width()
	if d > maxCovariance {
		s, err := newStreamed(ctx, dev, c, blockSize(d, most))
		if err != nil {
			return nil, nil, err
		}
		defer s.mem.Free()
		values, vectors, err := subspace(ctx, s.apply, d, most, 3e-7*p.Total, fewPasses)
		return p, &spectrum{values, func(k int) ([]float64, []float64, error) { return values[:k], vectors[:k*d], nil }}, err
	}
	cov, err := covariance(ctx, dev, c)
	if err != nil {
		return nil, nil, err
	}
	values, err := eigenvalues(ctx, cov)
	return p, &spectrum{values, func(k int) ([]float64, []float64, error) { return leadingOf(ctx, cov, k, p.Total) }}, err
}

// eigenvalues are those of a covariance, the largest first.
func eigenvalues(ctx context.Context, cov blas64.General) ([]float64, error) {
	d := cov.Rows
	var e mat.EigenSym
	err := await(ctx, func() error {
		if !e.Factorize(mat.NewSymDense(d, cov.Data), false) {
			return errNotConverged
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	values := e.Values(nil)
	for i, j := 0, d-1; i < j; i, j = i+1, j-1 {
		values[i], values[j] = values[j], values[i]
	}
	for i, v := range values {
		values[i] = math.Max(v, 0)
	}
	return values, nil
}
