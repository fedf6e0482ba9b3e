package model

import "github.com/aegpu/aegpu/backend"

// activeVariance is the variance of a unit's mean above which it is active.
const activeVariance = 0.01

// activeUnits returns how many units are active (Burda et al. 2016), given the variances of their means.
func activeUnits(variance []float64) (active int) {
	for _, v := range variance {
		if v > activeVariance {
			active++
		}
	}
	return active
}

// codeMoments adds up the means of drawn codes over an evaluation.
type codeMoments struct {
	sums, products backend.Tensor // 1 x L, and L x L: of two units each, of which those of a unit with itself count
}

func (c *codeMoments) reserve(alloc backend.Alloc, latent int) {
	c.sums, c.products = alloc(1, latent), alloc(latent, latent)
}

// clear begins anew.
func (c *codeMoments) clear(to backend.Queue) {
	to.Enqueue(backend.Zero{Dst: c.sums})
	to.Enqueue(backend.Zero{Dst: c.products})
}

// add enqueues the addition of codes, n x L.
func (c *codeMoments) add(to backend.Queue, mu backend.Tensor) {
	to.Enqueue(backend.LinearBackWeights{DW: c.products, DB: c.sums, DY: mu, X: mu, Accumulate: true})
}

// download begins to read the sums, and then the products.
func (c *codeMoments) download(dev backend.Device) []float32 {
	l := c.sums.Cols
	v := make([]float32, l+l*l)
	dev.Download(v[:l], c.sums)
	dev.Download(v[l:], c.products)
	return v
}

// variancesOf are those of the means of l units over so many examples, of which moments has the sums and the products.
func variancesOf(moments []float64, l, rows int) []float64 {
	variance, n := make([]float64, l), float64(rows)
	for j := range variance {
		sum := moments[j]
		variance[j] = (moments[l+j*l+j] - sum*sum/n) / max(n-1, 1)
	}
	return variance
}
