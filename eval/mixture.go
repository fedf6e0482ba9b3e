package eval

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"

	"github.com/aegpu/aegpu/backend/hostmemory"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// Mixture is a Gaussian mixture, a density to draw new codes from for a model
// that has no prior over them. The fields are all there is.
//
//	p(x) = sum_j Weights[j] N(x; Means[j], L_j L_j^T)
type Mixture struct {
	Dim     int       `json:"dim"`
	Weights []float64 `json:"weights"` // k, positive, sum 1
	Means   []float64 `json:"means"`   // k x Dim
	Factors []float64 `json:"factors"` // k lower triangles L_j, Dim x Dim, zero above the diagonal

	// LogLikelihood is the objective after each step of EM, nats per row: the mean
	// log density less the penalty of the regularisation. It never falls.
	LogLikelihood []float64 `json:"log_likelihood"`
}

// Bounds of EM: most steps, and the gain in nats per row at which it ends.
const (
	mixtureSteps = 100
	mixtureGain  = 1e-3
)

// mixtureRidge is the strength of the regularisation, in shares of the data's
// mean variance: what a component of average weight has added to its covariance.
const mixtureRidge = 1e-3

// FitMixture fits k components with full covariance to the n = len(codes)/dim rows
// of codes by expectation and maximisation in float64 (Dempster et al. 1977), from
// a k-means++ start (Arthur and Vassilvitskii 2007) drawn from the seed. The result
// is the same for any number of processors.
//
// Every covariance has a penalty r/2 tr(S^-1), so that EM maximises the penalised
// likelihood (MAP, Fraley and Raftery 2007) and constant columns, or fewer rows in
// a component than dimensions, do no harm: a component's covariance is
// (scatter + r I) / (its share of the rows).
//
// k is 1 to n. A step takes about 2 n k dim^2 operations. The context's error is returned when it ends first; the step
// under way then goes on by itself, and is forgotten.
func FitMixture(ctx context.Context, codes []float32, dim, k int, seed uint64) (*Mixture, error) {
	if dim < 1 || len(codes) == 0 || len(codes)%dim != 0 {
		return nil, fmt.Errorf("mixture: %d values: expected rows of %d", len(codes), dim)
	}
	n := len(codes) / dim
	if k < 1 || k > n {
		return nil, fmt.Errorf("mixture: %d components: expected 1 to %d for %d rows", k, n, n)
	}
	_, variance, err := moments(ctx, Dense(codes, dim))
	if err != nil {
		return nil, fmt.Errorf("mixture: %w", err)
	}
	if err := hostmemory.AskBytes("a mixture of Gaussians", mixtureBytes(n, dim, k)); err != nil {
		return nil, err
	}
	// The smallest normal number keeps a factor where nothing varies at all.
	ridge := math.Max(mixtureRidge*floats.Sum(variance)/float64(dim), 1e-12) * float64(n) / float64(k)
	e := &em{codes: codes, n: n, ridge: ridge, resp: make([]float64, n*k)}
	e.m = &Mixture{Dim: dim, Weights: make([]float64, k), Means: make([]float64, k*dim), Factors: make([]float64, k*dim*dim)}
	if err := await(ctx, func() error { e.start(rand.New(rand.NewPCG(seed, 0x6d69))); return nil }); err != nil {
		return nil, err
	}
	for step := range mixtureSteps {
		now := 0.0
		err := await(ctx, func() error {
			if err := e.maximise(); err != nil {
				return err
			}
			now = e.expect()
			return nil
		})
		if err != nil {
			return nil, err
		}
		e.m.LogLikelihood = append(e.m.LogLikelihood, now)
		if step > 0 && now-e.m.LogLikelihood[step-1] < mixtureGain {
			break
		}
	}
	return e.m, nil
}

// mixtureBytes is the memory of a fit: responsibilities, factors, and a worker's blocks and inverse.
func mixtureBytes(n, dim, k int) float64 {
	d, each := float64(dim), float64(min(k, runtime.GOMAXPROCS(0)))
	return 8 * (float64(n)*float64(k+2) + float64(k)*d*d + each*(mixtureBlock*d+d*d))
}

// K is the number of components.
func (m *Mixture) K() int { return len(m.Weights) }

func (m *Mixture) mean(j int) []float64 { return m.Means[j*m.Dim : (j+1)*m.Dim] }

func (m *Mixture) factor(j int) blas64.Triangular {
	d := m.Dim
	return blas64.Triangular{Uplo: blas.Lower, Diag: blas.NonUnit, N: d, Stride: d, Data: m.Factors[j*d*d : (j+1)*d*d]}
}

// Sample draws n rows, n x Dim. The same seed gives the same rows.
func (m *Mixture) Sample(n int, seed uint64) []float32 {
	out := make([]float32, n*m.Dim)
	m.sampler(seed)(out)
	return out
}

// sampler returns what fills rows with the next draws.
func (m *Mixture) sampler(seed uint64) func(out []float32) {
	r := rand.New(rand.NewPCG(seed, 0x7361))
	z := make([]float64, m.Dim)
	return func(out []float32) {
		for i := range len(out) / m.Dim {
			j := choose(m.Weights, r.Float64())
			for c := range z {
				z[c] = r.NormFloat64()
			}
			blas64.Trmv(blas.NoTrans, m.factor(j), blas64.Vector{N: m.Dim, Inc: 1, Data: z})
			for c, mean := range m.mean(j) {
				out[i*m.Dim+c] = float32(mean + z[c])
			}
		}
	}
}

// choose is the first index at which the running sum of weights passes u times
// their total.
func choose(weights []float64, u float64) int {
	u *= floats.Sum(weights)
	last := 0
	for j, w := range weights {
		if w == 0 {
			continue
		}
		if u < w {
			return j
		}
		u -= w
		last = j
	}
	return last // rounding
}

// LogDensity is log p(x) of every row of codes.
func (m *Mixture) LogDensity(codes []float32) []float64 {
	n := len(codes) / m.Dim
	out := make([]float64, n)
	blocks := (n + mixtureBlock - 1) / mixtureBlock
	parallel(blocks, func(b int) {
		lo, hi := b*mixtureBlock, min((b+1)*mixtureBlock, n)
		joint := m.joint(codes[lo*m.Dim:hi*m.Dim], make([]float64, (hi-lo)*m.K()))
		for i := range hi - lo {
			out[lo+i] = floats.LogSumExp(joint[i*m.K() : (i+1)*m.K()])
		}
	})
	return out
}

// joint writes log(Weights[j] N(x_i; j)) for the rows of codes to out, rows x k.
func (m *Mixture) joint(codes []float32, out []float64) []float64 {
	d, k := m.Dim, m.K()
	n := len(codes) / d
	// One column a row of codes: L^-1 (X - mean)^T by one triangular solve.
	x := newGeneral(d, n)
	for j := range k {
		mean, l := m.mean(j), m.factor(j)
		constant := math.Log(m.Weights[j]) - float64(d)/2*math.Log(2*math.Pi)
		for c := range d {
			constant -= math.Log(l.Data[c*d+c])
			for i := range n {
				x.Data[c*n+i] = float64(codes[i*d+c]) - mean[c]
			}
		}
		blas64.Trsm(blas.Left, blas.NoTrans, 1, l, x)
		for i := range n {
			out[i*k+j] = 0
		}
		for c := range d {
			for i, v := range x.Data[c*n : (c+1)*n] {
				out[i*k+j] += v * v
			}
		}
		for i := range n {
			out[i*k+j] = constant - out[i*k+j]/2
		}
	}
	return out
}

// factorise replaces the covariance in component j's place by its Cholesky factor.
func (m *Mixture) factorise(j int) error {
	l := m.factor(j)
	s := blas64.Symmetric{Uplo: blas.Lower, N: l.N, Stride: l.Stride, Data: l.Data}
	if _, ok := lapack64.Potrf(s); !ok {
		return fmt.Errorf("mixture: the covariance of component %d is not positive definite", j+1)
	}
	for r := range l.N {
		clear(l.Data[r*l.N+r+1 : (r+1)*l.N])
	}
	return nil
}
