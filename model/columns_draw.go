package model

import (
	"math"
	"math/rand/v2"

	"github.com/aegpu/aegpu/backend"
	"gonum.org/v1/gonum/stat/distuv"
)

// drawCells replaces the means of a row by draws from their likelihoods; spread is what the columns learned. The shares of a
// multinomial stay as they are.
func (l Columns) drawCells(y, spread []float32, rng *rand.Rand) {
	for _, c := range l.Runs {
		if c.Kind == backend.SoftmaxColumns {
			if c != l.Group {
				drawLevel(y[c.From:c.To], rng)
			}
			continue
		}
		for j := c.From; j < c.To; j++ {
			s, zero := 0.0, 0.0
			if c.Kind.Spreads() > 0 {
				s = float64(spread[j])
			}
			if c.Kind.Spreads() > 1 {
				zero = float64(spread[len(y)+j])
			}
			y[j] = float32(drawCell(c.Kind, float64(y[j]), s, zero, rng))
		}
	}
}

// drawLevel makes a draw of a category of the chances of its levels.
func drawLevel(chances []float32, rng *rand.Rand) {
	u, at := rng.Float64(), 0
	for at < len(chances)-1 && u >= float64(chances[at]) {
		u -= float64(chances[at])
		at++
	}
	clear(chances)
	chances[at] = 1
}

// drawCell is a draw of the likelihood of that kind, mean, spread and zero logit.
func drawCell(kind backend.ColumnKind, mean, spread, zero float64, rng *rand.Rand) float64 {
	s := backend.SpreadRate * spread
	switch kind {
	case backend.GaussianColumn:
		return mean + math.Sqrt(math.Exp(s)+backend.MinVariance)*rng.NormFloat64()
	case backend.BernoulliColumn:
		if rng.Float64() < mean {
			return 1
		}
		return 0
	case backend.PoissonColumn:
		return drawPoisson(mean, rng)
	}
	if kind == backend.ZeroInflatedColumn {
		there := 1 / (1 + math.Exp(backend.SpreadRate*zero))
		if rng.Float64() >= there {
			return 0
		}
		mean /= there // that of those that are no zeros of their own
	}
	r := math.Exp(s) + backend.MinDispersion
	rate := distuv.Gamma{Alpha: r, Beta: r / max(mean, math.SmallestNonzeroFloat32), Src: rng}.Rand()
	return drawPoisson(rate, rng)
}

func drawPoisson(mean float64, rng *rand.Rand) float64 {
	if !(mean > 0) {
		return 0
	}
	return distuv.Poisson{Lambda: mean, Src: rng}.Rand()
}
