package train

import (
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/model"
)

// logitShares are what slopes of logits are multiplied by: the best of them is taken. Slopes are those of codes that are
// normal; of codes with heavy tails they make a chance of 1 of what is a rare answer still.
var logitShares = []float64{0, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1, 1.2, 1.5}

// shrinkLogits multiplies the slopes of each yes/no output, and of each category, by what makes its squared error over the
// rows least; z are the rows' codes, k a row.
func (r *responses) shrinkLogits(l *model.Linear, likelihood model.Columns, z []float32) {
	for _, c := range likelihood.Runs {
		switch c.Kind {
		case backend.BernoulliColumn:
			for j := c.From; j < c.To; j++ {
				r.shrink(l, z, j, j+1)
			}
		case backend.SoftmaxColumns:
			r.shrink(l, z, c.From, c.To)
		case backend.GaussianColumn:
		default:
			sizes := r.sizes(likelihood)
			for j := c.From; j < c.To; j++ {
				r.shrinkRate(l, z, j, sizes)
			}
		}
	}
}

// sizes are the size factors of the rows: 1 each where totals have no say.
func (r *responses) sizes(c model.Columns) []float64 {
	sizes := make([]float64, r.of.rows)
	for i := range sizes {
		if sizes[i] = 1; c.Total > 0 {
			sum := 0.0
			for _, k := range c.Runs {
				for j := k.From; j < k.To && k.Kind.Sized(); j++ {
					if v := float64(r.of.y[i*r.of.t+j]); v == v {
						sum += v
					}
				}
			}
			sizes[i] = max(sum, 1) / float64(c.Total)
		}
	}
	return sizes
}

// shrinkRate does for output j, a count, what shrink does: with its mean as it is, and slopes of its rate's logarithm.
func (r *responses) shrinkRate(l *model.Linear, z []float32, j int, sizes []float64) {
	k := l.Codes()
	slopes := l.Decoder[j*k : (j+1)*k]
	logs := make([]float64, r.of.rows)
	for i := range logs {
		for q, w := range slopes {
			logs[i] += float64(w) * float64(z[i*k+q])
		}
	}
	best, share := math.Inf(1), 1.0
	for _, s := range logitShares {
		sum, made := 0.0, 0.0
		for i, u := range logs {
			if y := float64(r.of.y[i*r.of.t+j]); y == y {
				sum, made = sum+y, made+sizes[i]*math.Exp(min(s*u, 50))
			}
		}
		base, e := max(sum, 1e-3)/max(made, 1e-9), 0.0
		for i, u := range logs {
			if y := float64(r.of.y[i*r.of.t+j]); y == y {
				d := base*sizes[i]*math.Exp(min(s*u, 50)) - y
				e += d * d
			}
		}
		if e < best {
			best, share = e, s
			l.Bias[j] = float32(math.Log(base))
		}
	}
	for q := range slopes {
		slopes[q] *= float32(share)
	}
}

// shrink does so for outputs from one on to another, one yes/no or the levels of a category.
func (r *responses) shrink(l *model.Linear, z []float32, from, to int) {
	k, n := l.Codes(), to-from
	logits := make([]float64, r.of.rows*n)
	square := 0.0
	for i := range r.of.rows {
		for j := range n {
			u := 0.0
			for q, w := range l.Decoder[(from+j)*k : (from+j+1)*k] {
				u += float64(w) * float64(z[i*k+q])
			}
			logits[i*n+j] = u
			square += u * u / float64(len(logits))
		}
	}
	best, share, bias := math.Inf(1), 1.0, make([]float64, n)
	tried := make([]float64, n)
	for _, s := range logitShares {
		for j := range tried {
			p := min(max(r.mean[from+j], 1e-3), 1-1e-3)
			if tried[j] = math.Log(p); n == 1 {
				tried[j] = math.Log(p/(1-p)) * math.Sqrt(1+math.Pi/8*s*s*square)
			}
		}
		if e := r.logitError(logits, tried, s, from); e < best {
			best, share = e, s
			copy(bias, tried)
		}
	}
	for j := range n {
		l.Bias[from+j] = float32(bias[j])
		for q := range k {
			l.Decoder[(from+j)*k+q] *= float32(share)
		}
	}
}

// logitError is the squared error of what biases and a share of logits make.
func (r *responses) logitError(logits, bias []float64, share float64, from int) (sum float64) {
	n := len(bias)
	made := make([]float64, n)
	for i := range r.of.rows {
		all := 0.0
		for j := range made {
			made[j] = math.Exp(min(bias[j]+share*logits[i*n+j], 50))
			all += made[j]
		}
		if n == 1 {
			all++
		}
		for j := range made {
			if y := r.at(i, from+j); y == y {
				d := made[j]/all - y
				sum += d * d
			}
		}
	}
	return sum
}
