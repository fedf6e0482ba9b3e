package cpu

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// Likelihoods of counts. ln x! and the other gamma functions are written as
// Stirling's formula and its error, so that what is large cancels on paper (Loader,
// Fast and Accurate Computation of Binomial Probabilities, 2000).

// fewCounts is up to which whole numbers gamma functions are products.
const fewCounts = 8

// few reports whether x is a whole number of fewCounts at most.
func few(x float64) bool { return x >= 0 && x <= fewCounts && x == math.Floor(x) }

// logFactorials are ln x! of few counts.
var logFactorials = [fewCounts + 1]float64{0, 0, math.Ln2, math.Log(6), math.Log(24), math.Log(120), math.Log(720), math.Log(5040), math.Log(40320)}

// logFactorial is ln x! of x >= 0.
func logFactorial(x float64) float64 {
	if few(x) {
		return logFactorials[int(x)]
	}
	return (x+0.5)*math.Log(x) - x + 0.5*math.Log(2*math.Pi) + stirlingError(x)
}

// stirlingError is ln G(z) - ((z-1/2) ln z - z + ln(2 pi)/2), z > 0.
func stirlingError(z float64) float64 {
	if z < fewCounts {
		const n = fewCounts
		product := 1.0
		for i := range n {
			product *= z + float64(i)
		}
		return stirlingError(z+n) + (z+n-0.5)*math.Log(z+n) - (z-0.5)*math.Log(z) - n - math.Log(product)
	}
	w := 1 / z / z
	return (1.0/12 - w*(1.0/360-w*(1.0/1260-w/1680))) / z
}

// digammaError is ln z - 1/(2z) - psi(z), z > 0.
func digammaError(z float64) float64 {
	if z < fewCounts {
		const n = fewCounts
		sum := 0.5/z + 0.5/(z+n)
		for i := 1; i < n; i++ {
			sum += 1 / (z + float64(i))
		}
		return digammaError(z+n) + sum - math.Log((z+n)/z)
	}
	w := 1 / z / z
	return w * (1.0/12 - w*(1.0/120-w*(1.0/252-w/240)))
}

// excess is w - ln(1+w), 1+w being ratio.
func excess(w, ratio float64) float64 {
	if math.Abs(w) > 0.3 {
		return w - math.Log(ratio)
	}
	s := w / (2 + w) // ln(1+w) = 2 atanh s
	q := s * s
	return w*s - 2*s*q*(1.0/3+q*(1.0/5+q*(1.0/7+q*(1.0/9+q*(1.0/11+q*(1.0/13+q/15))))))
}

// surplus is m - x, u being ln(m/x).
func surplus(x, m, u float64) float64 {
	if math.Abs(u) < 0.5 {
		return x * math.Expm1(u)
	}
	return m - x
}

// poissonLoss is m - x ln m + ln x!, lm being ln m.
func poissonLoss(x, m, lm float64) float64 {
	if x == 0 {
		return m
	}
	if few(x) {
		return m - x*lm + logFactorials[int(x)]
	}
	u := lm - math.Log(x)
	return surplus(x, m, u) - x*u + 0.5*math.Log(2*math.Pi*x) + stirlingError(x)
}

// dispersion is what negative binomial losses of a column share.
type dispersion struct {
	r, slope          float64 // the inverse dispersion, and its derivative by the spread
	stirling, digamma float64 // errors of r
}

// mostSpread is beyond which a count is a Poisson's, to all digits.
const mostSpread = 60

func newDispersion(spread float64) dispersion {
	slope := math.Exp(min(spread, mostSpread))
	r := slope + backend.MinDispersion
	return dispersion{r, slope, stirlingError(r), digammaError(r)}
}

// loss is -ln of the negative binomial probability of x, lm being ln m, and its
// derivative by r.
func (d *dispersion) loss(x, m, lm float64) (loss, byR float64) {
	if !few(x) {
		return d.ofMany(x, m, lm)
	}
	whole := 1 / (d.r + m)
	w := -m * whole
	byR = excess(w, d.r*whole) // less w it is ln(1 + m/r)
	grow := byR - w
	if x == 0 {
		return d.r * grow, byR
	}
	// ln x! less the sum of ln(1 + i/r), i < x
	product := 1.0
	for i := 0.0; i < x; i++ {
		q := 1 / (d.r + i)
		product *= (i + 1) * (d.r * q)
		byR += (i - m) * whole * q
	}
	return math.Log(product) + (d.r+x)*grow - x*lm, byR
}

// ofMany is loss of any x above 0.
func (d *dispersion) ofMany(x, m, lm float64) (loss, byR float64) {
	// x ln(x/m) - (x+r) ln((x+r)/(m+r)), which is 0 for m = x, as x y + r l: both are
	// small where r is, and those of the Poisson where it is large.
	r, u := d.r, lm-math.Log(x)
	over := surplus(x, m, u)
	l := math.Log1p(over / (r + x))
	if over < -0.5*(r+x) {
		l = math.Log((r + m) / (r + x))
	}
	y := l - u
	if q := -over / m * (r / (x + r)); q > -0.5 && q <= 1 {
		y = math.Log1p(q)
	}
	loss = x*y + r*l + 0.5*math.Log(2*math.Pi*x*((x+r)/r)) + stirlingError(x) + d.stirling - stirlingError(x+r)
	byR = excess((x-m)/(r+m), (r+x)/(r+m)) - x/(x+r)/(2*r) - (d.digamma - digammaError(x+r))
	return loss, byR
}

// zeroInflation is what the zeros of a column share: of its zero logit.
type zeroInflation struct{ logit, soft, above float64 } // the logit, softplus(-|logit|), sigmoid(-logit)

func newZeroInflation(logit float64) zeroInflation {
	return zeroInflation{logit, math.Log1p(math.Exp(-math.Abs(logit))), sigmoid(-logit)}
}

// zero is the loss of a count of 0 that is a column's own or else has the loss l, and
// its derivatives by l and by the logit:
// -ln(p + (1-p) e^-l) = softplus(logit) + l - softplus(logit + l).
func (z *zeroInflation) zero(l float64) (loss, byLoss, byLogit float64) {
	both := z.logit + l
	e := math.Exp(-math.Abs(both))
	loss, byLoss = z.soft-math.Log(1+e), 1/(1+e) // twice as fast as Log1p, and good to 1e-16
	switch {
	case z.logit >= 0:
		byLoss *= e
	case both >= 0:
		loss, byLoss = loss-z.logit, e*byLoss
	default:
		loss += l
	}
	return loss, byLoss, byLoss - z.above
}

// other is the loss of a count above 0, and its derivative by the logit.
func (z *zeroInflation) other(l float64) (loss, byLogit float64) {
	return l + max(z.logit, 0) + z.soft, 1 - z.above
}

// softplus is ln(1 + e^a).
func softplus(a float64) float64 { return max(a, 0) + math.Log1p(math.Exp(-math.Abs(a))) }

// sigmoid is 1 / (1 + e^-a).
func sigmoid(a float64) float64 { return 1 / (1 + math.Exp(-a)) }
