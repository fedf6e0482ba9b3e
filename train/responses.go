package train

import (
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/model"
)

// responses are what is regressed on PCA's codes: what the decoder is to make, of counts ln(1+x), as distances from its mean;
// 0 for missing cells.
type responses struct {
	of             *startRows
	kinds          []backend.ColumnKind
	mean, variance []float64 // of each output over the cells that are there
	there          []float64 // share of them
}

func newResponses(of *startRows, kinds []backend.ColumnKind) *responses {
	r := &responses{of: of, kinds: kinds, mean: make([]float64, of.t), variance: make([]float64, of.t), there: make([]float64, of.t)}
	for i := range of.rows {
		for j := range of.t {
			v := r.at(i, j)
			if v != v {
				continue
			}
			r.there[j]++ // Welford 1962
			d := v - r.mean[j]
			r.mean[j] += d / r.there[j]
			r.variance[j] += d * (v - r.mean[j])
		}
	}
	for j, n := range r.there {
		r.variance[j] /= max(n, 1)
		r.there[j] = n / float64(of.rows)
	}
	return r
}

func (r *responses) at(i, j int) float64 {
	v := float64(r.of.y[i*r.of.t+j])
	if r.kinds[j].Sized() {
		v = math.Log1p(v)
	}
	return v
}

// row is row i of them.
func (r *responses) row(dst []float32, i int) {
	for j := range dst {
		dst[j] = 0
		if v := r.at(i, j); v == v {
			dst[j] = float32(v - r.mean[j])
		}
	}
}

// fit sets the decoder of l to what the codes, whose mean squares are 1, tell of each output, slopes being the means of output
// times code, and returns what each output tells of a code in turn: the inverse of its noise, as a change of the linear output.
func (r *responses) fit(l *model.Linear, slopes []float64) (info []float64) {
	t := r.of.t
	k := len(slopes) / t
	info = make([]float64, t)
	for j := range t {
		b, square := slopes[j*k:(j+1)*k], 0.0
		for i := range b {
			b[i] /= max(r.there[j], 1e-9)
			square += b[i] * b[i]
		}
		left := max(r.variance[j]-square, 0)
		scale, bias := 1.0, math.NaN()
		switch r.kinds[j] {
		case backend.GaussianColumn:
			bias, info[j] = r.mean[j], 1/max(left, backend.MinVariance)
		case backend.BernoulliColumn:
			scale, bias, info[j] = logisticSlope(r.mean[j], math.Sqrt(square))
		case backend.SoftmaxColumns:
			m := max(r.mean[j], 1e-3)
			scale, info[j] = 1/m, m // of all levels together, whose changes weigh 0 in the mean
		default:
			info[j] = 1 / max(left, 0.05)
		}
		for i, v := range b {
			l.Decoder[j*k+i] = float32(scale * v)
		}
		l.Bias[j], l.Variance[j] = float32(bias), float32(left)
	}
	return info
}

// takePCA gives real outputs that are inputs the slopes and the means that PCA has of these, which differ from those of
// regression where cells are missing: it takes them for what they are filled with.
func (r *responses) takePCA(l *model.Linear, p *eval.PCA) {
	k, n := l.Codes(), float64(r.of.rows)
	for j, kind := range r.kinds {
		if kind != backend.GaussianColumn || r.there[j] == 1 {
			continue
		}
		for i := range k {
			l.Decoder[j*k+i] = p.Components[i*r.of.d+j] * float32(math.Sqrt(p.Variance[i]*(n-1)/n))
		}
		l.Bias[j] = p.Mean[j]
	}
}

// logisticSlope returns by what a regression of a yes/no output of that mean on normal codes, of slopes that are of that
// length together, is to be multiplied for its logit, the logit's bias, and the Fisher information of an answer on its logit:
// under a logit of N(m, w^2) the mean is about the logistic of m / sqrt(1 + pi w^2 / 8) (MacKay, The Evidence Framework Applied to
// Classification Networks, 1992), and its covariance with a code the code's slope times the mean derivative (Stein 1981).
func logisticSlope(mean, length float64) (scale, bias, info float64) {
	const most = 1.4 // of sqrt(8/pi), where the logit's deviation would be infinite
	p := min(max(mean, 1e-3), 1-1e-3)
	info = p * (1 - p)
	bias = math.Log(p / (1 - p))
	ratio := min(length/info, most)
	if !(ratio > 0) {
		return 1, bias, info
	}
	w := ratio / math.Sqrt(1-math.Pi/8*ratio*ratio)
	spread := math.Sqrt(1 + math.Pi/8*w*w)
	return w / length, bias * spread, info / spread
}

// startPosterior makes l that of a code that is drawn. Of real columns alone it is probabilistic PCA: with sigma^2 the mean
// variance of the directions left out, the posterior of a code of variance lambda has variance sigma^2 / lambda, and
// its mean and the decoder's slopes are those of l times sqrt(1 - sigma^2 / lambda). Of others what outputs tell of a code is
// added up, as if they told it each by itself.
func (r *responses) startPosterior(l *model.Linear, info []float64) {
	t, k, d := r.of.t, l.Codes(), r.of.d
	left, free := 0.0, 0.0 // variance, and directions that it is of
	for j, kind := range r.kinds {
		if kind != backend.GaussianColumn {
			continue
		}
		left += float64(l.Variance[j])
		if free++; !r.of.others {
			free -= float64(k) / float64(d)
		}
	}
	noise := max(left/max(free, 0.5), leastNoise)
	for j, kind := range r.kinds {
		if kind == backend.GaussianColumn {
			l.Variance[j], info[j] = float32(noise), 1/noise
		}
	}
	l.LogVar = make([]float32, k)
	for i := range k {
		told := 0.0
		for j := range t {
			w := float64(l.Decoder[j*k+i])
			told += info[j] * w * w
		}
		v := 1 / max(told, 1+1e-3)
		l.LogVar[i] = float32(math.Log(v))
		shrink := float32(math.Sqrt(1 - v))
		for j := range d {
			l.Encoder[i*d+j] *= shrink
		}
		for j := range t {
			l.Decoder[j*k+i] *= shrink
		}
	}
}

// leastNoise is the variance of standardised values that a start takes them to have at least beside what the code tells.
const leastNoise = 1e-3
