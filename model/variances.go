package model

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// Variances returns the variance that each output of a likelihood of columns has learned, 0 of outputs that have none; nil
// where none has one.
func (m *Model) Variances() ([]float64, error) {
	c, ok := m.Spec.likelihood().(Columns)
	if !ok || c.spreads() == 0 {
		return nil, nil
	}
	spread, err := m.Weights(spreadName)
	if err != nil {
		return nil, err
	}
	v := make([]float64, m.Spec.Outputs())
	for _, r := range c.Runs {
		for j := r.From; j < r.To && r.Kind == backend.GaussianColumn; j++ {
			v[j] = math.Exp(backend.SpreadRate*float64(spread[j])) + backend.MinVariance
		}
	}
	return v, nil
}

// SetVariances sets what Variances returns, each to [backend.MinVariance] and a little more at least.
func (m *Model) SetVariances(v []float64) error {
	spread, err := m.Weights(spreadName)
	if err != nil {
		return err
	}
	m.setVariances(spread, func(j int) float64 { return v[j] })
	return m.SetWeights(spreadName, spread)
}

// setVariances writes the logarithms of variances that Gaussian columns learn.
func (m *Model) setVariances(spread []float32, variance func(j int) float64) {
	c, _ := m.Spec.likelihood().(Columns)
	for _, r := range c.Runs {
		for j := r.From; j < r.To && r.Kind == backend.GaussianColumn; j++ {
			v := math.Max(variance(j)-backend.MinVariance, backend.MinVariance)
			spread[j] = float32(math.Log(v) / backend.SpreadRate)
		}
	}
}
