package train

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/aegpu/aegpu/model"
)

// heavyLogits are answers to a rare question, and which of three levels there is, that depend on a code with heavy tails.
func heavyLogits(rows int) *startRows {
	rng := rand.New(rand.NewPCG(6, 6))
	r := &startRows{rows: rows, d: 1, t: 4}
	square := 0.0
	for range rows {
		z := math.Copysign(rng.ExpFloat64()*rng.ExpFloat64()*rng.ExpFloat64(), rng.Float64()-0.5)
		square += z * z / float64(rows)
		y := make([]float32, 4)
		if rng.Float64() < 0.02+0.3*min(max(z, 0), 1) {
			y[0] = 1
		}
		y[1+min(int(3*rng.Float64()*(1+min(max(z, 0), 1))), 2)] = 1
		r.x, r.y = append(r.x, float32(z)), append(r.y, y...)
	}
	for i := range r.x {
		r.x[i] /= float32(math.Sqrt(square))
	}
	return r
}

// Slopes of logits are shrunk or stretched to what makes the squared error least among the shares that are tried, with the
// biases that go with it; no share by itself is better, that of codes that tell nothing among them.
func TestLogitsAreShrunk(t *testing.T) {
	l, err := model.ParseLikelihood("columns:bernoulli,softmax*3")
	if err != nil {
		t.Fatal(err)
	}
	rows := heavyLogits(3000)
	rows.y[5] = float32(math.NaN()) // a missing cell
	r := newResponses(rows, outputKinds(l, 4))
	for _, steep := range []float32{0.1, 1, 20} {
		made := &model.Linear{Mean: make([]float32, 1), Encoder: make([]float32, 1), Decoder: []float32{2 * steep, -steep, 0, steep}, Bias: make([]float32, 4)}
		full := append([]float32{}, made.Decoder...)
		r.shrinkLogits(made, l.(model.Columns), rows.x)
		for _, group := range [][2]int{{0, 1}, {1, 4}} {
			from, n := group[0], group[1]-group[0]
			share := float64(made.Decoder[from] / full[from])
			logits, bias := make([]float64, rows.rows*n), make([]float64, n)
			for i := range logits {
				logits[i] = float64(full[from+i%n]) * float64(rows.x[i/n])
			}
			for j := range bias {
				bias[j] = float64(made.Bias[from+j])
			}
			got := r.logitError(logits, bias, share, from)
			for _, s := range append([]float64{0.05, 2}, logitShares...) {
				other := r.logitError(logits, bias, s, from)
				if math.Abs(s-share) > 0.6 && !(got <= other) {
					t.Errorf("slopes of %g: outputs from %d have error %g with a share of %g, %g with %g", steep, from, got, share, other, s)
				}
			}
			if steep == 20 && !(share < 0.5) || steep == 0.1 && !(share > 1) {
				t.Errorf("slopes of %g: a share of %g was taken for outputs from %d", steep, share, from)
			}
		}
	}
}
