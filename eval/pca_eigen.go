package eval

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"
)

// maxCovariance is the width up to which the D x D covariance is formed. Beyond
// it a few passes over the data with k-column products cost less time and much
// less memory.
const maxCovariance = 2048

// leading is the k largest eigenvalues, in order, of the covariance of the
// centred rows x, and their eigenvectors as the rows of a k x D matrix.
func leading(ctx context.Context, dev backend.Device, x Rows, k int, total float64) (values, vectors []float64, err error) {
	d := x.Width()
	few := isFew(d, k)
	if err := hostmemory.AskBytes("PCA", pcaBytes(d, k, few)); err != nil {
		return nil, nil, err
	}
	if few && d > maxCovariance {
		s, err := newStreamed(ctx, dev, x, blockSize(d, k))
		if err != nil {
			return nil, nil, err
		}
		defer s.mem.Free()
		// float32 products do not settle further than about 1e-7.
		return subspace(ctx, s.apply, d, k, 3e-7*total, 30)
	}
	cov, err := covariance(ctx, dev, x)
	if err != nil {
		return nil, nil, err
	}
	return leadingOf(ctx, cov, k, total)
}

// leadingOf is the k largest eigenvalues of a covariance, in order, and their eigenvectors.
func leadingOf(ctx context.Context, cov blas64.General, k int, total float64) (values, vectors []float64, err error) {
	d := cov.Rows
	if !isFew(d, k) {
		return full(ctx, cov, k)
	}
	apply := func(dst, q blas64.General) error {
		return await(ctx, func() error {
			blas64.Gemm(blas.NoTrans, blas.NoTrans, 1, q, cov, 0, dst)
			return nil
		})
	}
	return subspace(ctx, apply, d, k, 1e-9*total, 300)
}

// isFew says whether k of d eigenvectors are so few that to iterate a block of them costs less than to find all.
func isFew(d, k int) bool { return d > 128 && 3*k < d }

// covariance is X^T X / (n-1) of the centred rows x, D x D: float32 products of
// chunks on the device, summed in float64.
func covariance(ctx context.Context, dev backend.Device, x Rows) (blas64.General, error) {
	d := x.Width()
	cov := blas64.General{Rows: d, Cols: d, Stride: d, Data: make([]float64, d*d)}
	var chunk, product backend.Tensor
	mem, err := backend.Plan(dev, func(alloc backend.Alloc) {
		chunk, product = alloc(min(chunkRows(d), x.Len()), d), alloc(d, d)
	})
	if err != nil {
		return cov, err
	}
	defer mem.Free()
	host := make([]float32, d*d)
	err = eachChunk(ctx, x, func(v []float32, _, n int) error {
		c := chunk.Top(n)
		dev.Upload(c, v)
		dev.Enqueue(backend.LinearBackWeights{DW: product, DY: c, X: c})
		dev.Download(host, product)
		for i, e := range host {
			cov.Data[i] += float64(e)
		}
		return dev.Sync()
	})
	if err = ownOf(x).sum(err, cov.Data); err == nil {
		err = inRange(cov.Data)
	}
	scale := 1 / math.Max(float64(x.Len()-1), 1)
	for i := range cov.Data {
		cov.Data[i] *= scale
	}
	return cov, err
}

// inRange refuses sums of products that float32 could not hold.
func inRange(sums []float64) error {
	for _, v := range sums {
		if v-v != 0 {
			return errors.New("numbers whose squares are too large for float32: expected them scaled")
		}
	}
	return nil
}

// full solves the whole symmetric eigenproblem.
func full(ctx context.Context, cov blas64.General, k int) (values, vectors []float64, err error) {
	d := cov.Rows
	var e mat.EigenSym
	if err := await(ctx, func() error { return factorise(&e, mat.NewSymDense(d, cov.Data)) }); err != nil {
		return nil, nil, err
	}
	all := e.Values(nil) // ascending
	var q mat.Dense
	e.VectorsTo(&q)
	values, vectors = make([]float64, k), make([]float64, k*d)
	for i := range k {
		values[i] = all[d-1-i]
		mat.Col(vectors[i*d:(i+1)*d], d-1-i, &q)
	}
	return values, vectors, nil
}

var errNotConverged = errors.New("the eigenvalues of the covariance did not converge")

// factorise solves a symmetric eigenproblem.
func factorise(e *mat.EigenSym, a mat.Symmetric) error {
	if !e.Factorize(a, true) {
		return errNotConverged
	}
	return nil
}

// pcaBytes is the memory of the host that the eigenproblem takes: the covariance, its
// copy as float32 and the eigenvectors with what finding them takes, or two blocks of
// vectors and as much again for their factorisation.
func pcaBytes(d, k int, few bool) float64 {
	wide, block := float64(d), float64(blockSize(d, k))
	switch {
	case few && d > maxCovariance:
		return 8 * (3*block*wide + 4*block*block)
	case few:
		return 8*(wide*wide+3*block*wide+4*block*block) + 4*wide*wide
	}
	return 8*(4*wide*wide+float64(k)*wide) + 4*wide*wide
}

// blockSize is how many vectors are iterated for k wanted ones. The error falls
// by the ratio of the eigenvalues at the block's end and at k in each pass.
func blockSize(d, k int) int { return min(d, k+max(k/2, 12)) }

// subspace finds the leading eigenvectors of a symmetric D x D operator by
// block power iteration with a Rayleigh-Ritz step (Halko, Martinsson and Tropp
// 2011, section 4.5), always from the same start. apply is dst = q C for q of
// blockSize rows. It ends when the sum of the k leading Ritz values, the variance
// that the components explain, changes by less than tol, or after most passes.
func subspace(ctx context.Context, apply func(dst, q blas64.General) error, d, k int, tol float64, most int) (values, vectors []float64, err error) {
	m := blockSize(d, k)
	q, z := newGeneral(m, d), newGeneral(m, d)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range q.Data {
		q.Data[i] = r.NormFloat64()
	}
	var e mat.EigenSym
	sum := math.Inf(-1)
	for pass := range most {
		if err := await(ctx, func() error { orthonormalise(q); return nil }); err != nil {
			return nil, nil, err
		}
		if err := apply(z, q); err != nil {
			return nil, nil, err
		}
		if err := await(ctx, func() error { return factorise(&e, ritz(q, z)) }); err != nil {
			return nil, nil, err
		}
		values = e.Values(nil)
		last := sum
		sum = 0
		for _, v := range values[m-k:] {
			sum += v
		}
		if math.Abs(sum-last) <= tol || pass == most-1 {
			break
		}
		q, z = z, q
	}
	values, vectors = rotate(&e, q, k)
	return values, vectors, nil
}

func newGeneral(rows, cols int) blas64.General {
	return blas64.General{Rows: rows, Cols: cols, Stride: cols, Data: make([]float64, rows*cols)}
}

// orthonormalise replaces the rows of q, at most as many as columns, by an
// orthonormal basis: the Q of its LQ factorisation, which Householder reflections
// keep orthonormal even where rows depend on each other.
func orthonormalise(q blas64.General) {
	tau, size := make([]float64, q.Rows), make([]float64, 1)
	lapack64.Gelqf(q, tau, size, -1)
	work := make([]float64, max(int(size[0]), q.Rows))
	lapack64.Gelqf(q, tau, work, len(work))
	lapack64.Orglq(q, tau, work, len(work))
}

// ritz is q C q^T for z = q C, made exactly symmetric.
func ritz(q, z blas64.General) *mat.SymDense {
	h := newGeneral(q.Rows, q.Rows)
	blas64.Gemm(blas.NoTrans, blas.Trans, 1, z, q, 0, h)
	for i := range h.Rows {
		for j := range i {
			h.Data[j*h.Stride+i] = (h.Data[j*h.Stride+i] + h.Data[i*h.Stride+j]) / 2
		}
	}
	return mat.NewSymDense(h.Rows, h.Data)
}

// rotate turns the basis q into the k leading Ritz vectors, the largest first.
func rotate(e *mat.EigenSym, q blas64.General, k int) (values, vectors []float64) {
	var u mat.Dense
	e.VectorsTo(&u)
	all, m := e.Values(nil), q.Rows
	top := newGeneral(k, m)
	values = make([]float64, k)
	for i := range k {
		values[i] = all[m-1-i]
		mat.Col(top.Data[i*m:(i+1)*m], m-1-i, &u)
	}
	out := newGeneral(k, q.Cols)
	blas64.Gemm(blas.NoTrans, blas.NoTrans, 1, top, q, 0, out)
	return values, out.Data
}

// streamed applies the covariance of rows without forming it: q C = ((X q^T)^T X) / (n-1),
// two products a chunk on the device.
type streamed struct {
	ctx           context.Context
	dev           backend.Device
	rows          Rows
	mem           backend.Memory
	x, y, q, back backend.Tensor // B x D, B x m, m x D, m x D
	host          []float32      // m x D
}

func newStreamed(ctx context.Context, dev backend.Device, x Rows, m int) (*streamed, error) {
	d := x.Width()
	s := &streamed{ctx: ctx, dev: dev, rows: x, host: make([]float32, m*d)}
	batch := min(chunkRows(d), x.Len())
	mem, err := backend.Plan(dev, func(alloc backend.Alloc) {
		s.x, s.y, s.q, s.back = alloc(batch, d), alloc(batch, m), alloc(m, d), alloc(m, d)
	})
	s.mem = mem
	return s, err
}

func (s *streamed) apply(dst, q blas64.General) error {
	for i, e := range q.Data {
		s.host[i] = float32(e)
	}
	s.dev.Upload(s.q, s.host)
	clear(dst.Data)
	scale := 1 / math.Max(float64(s.rows.Len()-1), 1)
	none := backend.Tensor{}
	err := eachChunk(s.ctx, s.rows, func(v []float32, _, n int) error {
		x, y := s.x.Top(n), s.y.Top(n)
		s.dev.Upload(x, v)
		s.dev.Enqueue(backend.Linear{Y: y, Pre: none, X: x, W: s.q, B: none})
		s.dev.Enqueue(backend.LinearBackWeights{DW: s.back, DB: none, DY: y, X: x})
		s.dev.Download(s.host, s.back)
		for i, e := range s.host {
			dst.Data[i] += scale * float64(e)
		}
		return s.dev.Sync()
	})
	if err = ownOf(s.rows).sum(err, dst.Data); err != nil {
		return err
	}
	return inRange(dst.Data)
}
