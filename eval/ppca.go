package eval

import (
	"context"
	"fmt"
	"math"
)

// Noise returns the variance of probabilistic PCA's noise, sigma^2: the mean of those of the directions that are left out
// (Tipping and Bishop 1999, equation 8), of which the first varying-K vary at all. It is 0 where nothing is left out, or
// does not vary.
func (p *PCA) Noise(varying int) float64 {
	rest := p.Total
	for _, v := range p.Variance {
		rest -= v
	}
	if varying <= p.K() || !(rest > 1e-9*p.Total) { // less is rounding
		return 0
	}
	return rest / float64(varying-p.K())
}

// Fixed are columns that had one value in the rows fitted to. No density of these is the right one; they have the
// narrowest that a model gives, N(mean, Variance). The zero value is of none.
type Fixed struct {
	Columns  []bool // D; nil for none
	Variance float64
}

// has reports whether column j is fixed.
func (f Fixed) has(j int) bool { return f.Columns != nil && f.Columns[j] }

// rest is how many of d columns are not.
func (f Fixed) rest(d int) int {
	for _, is := range f.Columns {
		if is {
			d--
		}
	}
	return d
}

// LogLikelihood returns the mean over rows of the log-density that probabilistic PCA gives them, in nats a row:
// x = W z + mean + noise, z from N(0, I) of K numbers and noise from N(0, sigma^2 I), which makes rows normal with the
// covariance C = W W^T + sigma^2 I, whose leading variances are those of the components and whose others are sigma^2
// (Tipping and Bishop, "Probabilistic Principal Component Analysis", Journal of the Royal Statistical Society B 61, 1999;
// the variances have the divisor n-1 here).
//
// Columns that had one value in the rows fitted to have no part in sigma^2, and a density that f says. Without noise there
// is no density, and an error.
func (p *PCA) LogLikelihood(ctx context.Context, x Rows, f Fixed) (float64, error) {
	d := p.Width()
	if x.Width() != d || x.Len() == 0 || f.Columns != nil && len(f.Columns) != d {
		return 0, fmt.Errorf("probabilistic pca: %d rows of %d columns: fitted to %d", x.Len(), x.Width(), d)
	}
	varying := f.rest(d)
	noise := p.Noise(varying)
	if noise == 0 {
		return 0, fmt.Errorf("probabilistic pca: %d components leave nothing of %d columns to noise", p.K(), varying)
	}
	ofOne := -float64(varying) / 2 * math.Log(2*math.Pi) // what no row has a say in
	if varying < d {
		ofOne -= float64(d-varying) / 2 * math.Log(2*math.Pi*f.Variance)
	}
	ofOne -= float64(varying-p.K()) / 2 * math.Log(noise)
	for _, v := range p.Variance {
		ofOne -= math.Log(v) / 2
	}
	sum, rest := []float64{0}, make([]float64, d)
	err := eachChunk(ctx, x, func(v []float32, _, n int) error {
		for i := range n {
			sum[0] += p.distance(rest, v[i*d:(i+1)*d], f, noise)
		}
		return nil
	})
	err = ownOf(x).sum(err, sum)
	return ofOne - sum[0]/2/float64(x.Len()), err
}

// distance returns how far a row is from the mean, squared, in units of what the directions vary. rest is for its use.
// What is left of the row is computed, and not its size as a difference, which would lose its digits where the noise is
// small.
func (p *PCA) distance(rest []float64, row []float32, f Fixed, noise float64) (far float64) {
	d := len(row)
	for j, v := range row {
		rest[j] = float64(v) - float64(p.Mean[j])
		if f.has(j) {
			far += rest[j] * rest[j] / f.Variance
			rest[j] = 0
		}
	}
	for i, variance := range p.Variance {
		component, z := p.Components[i*d:(i+1)*d], 0.0
		for j, c := range component {
			z += float64(c) * rest[j]
		}
		for j, c := range component {
			rest[j] -= z * float64(c)
		}
		far += z * z / variance
	}
	for _, r := range rest {
		far += r * r / noise
	}
	return far
}
