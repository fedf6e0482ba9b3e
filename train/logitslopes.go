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
		}
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
