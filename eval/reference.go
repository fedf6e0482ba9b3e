package eval

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// A reference is fitted to at most referenceBlocks times referenceRows rows.
const (
	referenceBlocks = 64
	referenceRows   = 128
)

// FitReference returns what raw rows are like to a model that was trained on them, for [Score] to say how rare others are:
// all of them, or of more than 8,192 as many in 64 blocks at equal distances. It is nil for a model without a decoder, and where no row has a score.
func FitReference(ctx context.Context, m *model.Model, rows *data.Set) (*model.Reference, error) {
	r := &model.Reference{}
	var err error
	if r.Mean, err = preparedMean(m, rows); err != nil {
		return nil, err
	}
	var strange, far []float64
	var codes []float32
	err = eachBlock(rows, func(part *data.Set) error {
		j, err := m.Judge(ctx, part)
		if err != nil {
			return err
		}
		t := newStrangeness(m.TargetPreparation())
		for i := range j.Rows.Rows {
			if why := t.of(j, i, r.Mean); why == "" {
				strange, far = append(strange, t.error()), append(far, t.distance)
				codes = append(codes, j.Codes[i*m.Spec.Latent:(i+1)*m.Spec.Latent]...)
			}
		}
		return nil
	})
	if errors.Is(err, model.ErrNoDecoder) {
		return nil, nil
	}
	if err != nil || len(strange) == 0 {
		return nil, err
	}
	if err := whiten(r, codes, m.Spec.Latent); err != nil {
		return nil, err
	}
	unlike := make([]float64, len(strange))
	for i := range unlike {
		unlike[i] = r.CodeDistance(codes[i*m.Spec.Latent : (i+1)*m.Spec.Latent])
	}
	r.Error, r.Distance, r.Code = model.Levels(strange), model.Levels(far), model.Levels(unlike)
	return r, nil
}

// Codes of more numbers than whitenedCode are whitened number by number. whitenRidge is what is added to their
// variances, in shares of the mean variance, so that numbers that hardly vary have no say.
const (
	whitenedCode = 512
	whitenRidge  = 1e-3
)

// whiten fills the mean and the whitener of codes, rows x k: the inverse of the Cholesky factor of their covariance.
func whiten(r *model.Reference, codes []float32, k int) error {
	mean := make([]float64, k)
	n := len(codes) / k
	for at, v := range codes {
		mean[at%k] += float64(v) / float64(n)
	}
	r.CodeMean = make([]float32, k)
	for j, v := range mean {
		r.CodeMean[j] = float32(v)
	}
	centred := newGeneral(n, k)
	trace := 0.0
	for at, v := range codes {
		centred.Data[at] = float64(v) - mean[at%k]
		trace += centred.Data[at] * centred.Data[at]
	}
	ridge := whitenRidge*trace/float64(n*k) + 1e-12 // of codes that are all the same too
	if k > whitenedCode {
		r.CodeWhitener = make([]float32, k)
		for j := range k {
			variance := ridge
			for i := range n {
				variance += centred.Data[i*k+j] * centred.Data[i*k+j] / float64(n)
			}
			r.CodeWhitener[j] = float32(1 / math.Sqrt(variance))
		}
		return nil
	}
	l := blas64.Symmetric{Uplo: blas.Lower, N: k, Stride: k, Data: make([]float64, k*k)}
	blas64.Syrk(blas.Trans, 1/float64(n), centred, 0, l)
	for j := range k {
		l.Data[j*k+j] += ridge
	}
	factor, ok := lapack64.Potrf(l)
	if ok {
		ok = lapack64.Trtri(factor)
	}
	if !ok {
		return fmt.Errorf("the covariance of the codes of %d rows is not positive definite", n)
	}
	r.CodeWhitener = make([]float32, k*k)
	for i := range k {
		for j := range i + 1 {
			r.CodeWhitener[i*k+j] = float32(factor.Data[i*k+j])
		}
	}
	return nil
}

// eachBlock hands over the rows that a reference is fitted to.
func eachBlock(rows *data.Set, use func(part *data.Set) error) error {
	blocks, size := referenceBlocks, referenceRows
	if rows.Rows <= blocks*size {
		blocks = (rows.Rows + size - 1) / size
	}
	for b := range blocks {
		at := b * size
		if blocks == referenceBlocks {
			at = b * (rows.Rows - size) / (blocks - 1)
		}
		if err := use(rows.Part(at, min(size, rows.Rows-at))); err != nil {
			return err
		}
	}
	return nil
}

// preparedMean returns the mean of what the decoder is to make of rows, as it is prepared, over the cells that are there.
func preparedMean(m *model.Model, rows *data.Set) ([]float32, error) {
	p := m.TargetPreparation()
	width := p.Inputs()
	sum, n, x := make([]float64, width), make([]int, width), make([]float32, referenceRows*width)
	err := eachBlock(rows, func(part *data.Set) error {
		raw, err := m.TargetsOf(part)
		if err != nil {
			return err
		}
		if raw, err = p.Match(raw); err != nil {
			return err
		}
		p.Rows(x, raw, 0, raw.Rows)
		for at, v := range x[:raw.Rows*width] {
			if v == v {
				sum[at%width] += float64(v)
				n[at%width]++
			}
		}
		return nil
	})
	mean := make([]float32, width)
	for k, s := range sum {
		mean[k] = float32(s / float64(max(n[k], 1)))
	}
	return mean, err
}
