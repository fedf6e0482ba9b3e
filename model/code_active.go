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

// download begins to read the sums; what it returns tells the units' variances over so many rows once they are there.
func (c *codeMoments) download(dev backend.Device) func(rows int) []float64 {
	l := c.sums.Cols
	sums, products := make([]float32, l), make([]float32, l*l)
	dev.Download(sums, c.sums)
	dev.Download(products, c.products)
	return func(rows int) []float64 {
		variance, n := make([]float64, l), float64(rows)
		for j := range variance {
			sum := float64(sums[j])
			variance[j] = (float64(products[j*l+j]) - sum*sum/n) / max(n-1, 1)
		}
		return variance
	}
}
