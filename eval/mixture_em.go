package eval

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
)

// mixtureBlock is how many rows are handled together.
const mixtureBlock = 512

// em is a mixture on the way to its maximum.
type em struct {
	m     *Mixture
	codes []float32 // n x Dim
	n     int
	ridge float64   // r of the penalty
	resp  []float64 // n x k: probability that a row is of a component
}

// start assigns every row to the nearest of k rows, each drawn with probability
// proportional to its squared distance from those drawn before.
func (e *em) start(r *rand.Rand) {
	d, k := e.m.Dim, e.m.K()
	dist, owner := make([]float64, e.n), make([]int, e.n)
	for i := range dist {
		dist[i] = math.Inf(1)
	}
	next := r.IntN(e.n)
	for j := range k {
		centre := e.codes[next*d : (next+1)*d]
		parallel((e.n+mixtureBlock-1)/mixtureBlock, func(b int) {
			for i := b * mixtureBlock; i < min((b+1)*mixtureBlock, e.n); i++ {
				if s := squaredDistance(e.codes[i*d:(i+1)*d], centre); s < dist[i] {
					dist[i], owner[i] = s, j
				}
			}
		})
		// Where all rows coincide with a centre the choice falls on row 0.
		next = choose(dist, r.Float64())
	}
	for i, j := range owner {
		e.resp[i*k+j] = 1
	}
}

func squaredDistance(a, b []float32) (s float64) {
	for i, v := range a {
		d := float64(v) - float64(b[i])
		s += d * d
	}
	return s
}

// maximise is the M step: weights, means and covariances given resp.
func (e *em) maximise() error {
	k := e.m.K()
	errs := make([]error, k)
	parallel(k, func(j int) {
		// A component without rows keeps a trace of weight, so that no logarithm is
		// infinite and no division by zero.
		total := 1e-10
		for i := range e.n {
			total += e.resp[i*k+j]
		}
		e.m.Weights[j] = total
		e.moveMean(j, total)
		e.scatter(j, total)
		errs[j] = e.m.factorise(j)
	})
	floats.Scale(1/floats.Sum(e.m.Weights), e.m.Weights)
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *em) moveMean(j int, total float64) {
	d, k, mean := e.m.Dim, e.m.K(), e.m.mean(j)
	clear(mean)
	for i := range e.n {
		if w := e.resp[i*k+j] / total; w > 0 {
			for c, v := range e.codes[i*d : (i+1)*d] {
				mean[c] += w * float64(v)
			}
		}
	}
}

// scatter puts component j's covariance in the place of its factor.
func (e *em) scatter(j int, total float64) {
	d, k := e.m.Dim, e.m.K()
	l, mean := e.m.factor(j), e.m.mean(j)
	clear(l.Data)
	s := blas64.Symmetric{Uplo: blas.Lower, N: d, Stride: d, Data: l.Data}
	block := newGeneral(mixtureBlock, d)
	fill := 0
	flush := func() {
		part := blas64.General{Rows: fill, Cols: d, Stride: d, Data: block.Data[:fill*d]}
		blas64.Syrk(blas.Trans, 1/total, part, 1, s)
		fill = 0
	}
	for i := range e.n {
		w := math.Sqrt(e.resp[i*k+j])
		if w == 0 {
			continue
		}
		for c, v := range e.codes[i*d : (i+1)*d] {
			block.Data[fill*d+c] = w * (float64(v) - mean[c])
		}
		if fill++; fill == mixtureBlock {
			flush()
		}
	}
	if fill > 0 {
		flush()
	}
	for c := range d {
		l.Data[c*d+c] += e.ridge / total
	}
}

// expect is the E step: it writes resp and returns the objective per row.
func (e *em) expect() float64 {
	d, k := e.m.Dim, e.m.K()
	blocks := (e.n + mixtureBlock - 1) / mixtureBlock
	sums := make([]float64, blocks)
	parallel(blocks, func(b int) {
		lo, hi := b*mixtureBlock, min((b+1)*mixtureBlock, e.n)
		joint := e.m.joint(e.codes[lo*d:hi*d], e.resp[lo*k:hi*k])
		for i := range hi - lo {
			row := joint[i*k : (i+1)*k]
			all := floats.LogSumExp(row)
			sums[b] += all
			for j, v := range row {
				row[j] = math.Exp(v - all)
			}
		}
	})
	return (floats.Sum(sums) - e.penalty()) / float64(e.n)
}

// penalty is r/2 sum_j tr((L_j L_j^T)^-1), the squared norm of L_j^-1.
func (e *em) penalty() float64 {
	d := e.m.Dim
	traces := make([]float64, e.m.K())
	parallel(len(traces), func(j int) {
		inverse := newGeneral(d, d)
		for c := range d {
			inverse.Data[c*d+c] = 1
		}
		blas64.Trsm(blas.Left, blas.NoTrans, 1, e.m.factor(j), inverse)
		traces[j] = floats.Dot(inverse.Data, inverse.Data)
	})
	return e.ridge / 2 * floats.Sum(traces)
}
