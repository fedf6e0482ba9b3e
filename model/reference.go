package model

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/nlpodyssey/safetensors"
)

// Tensors of a model file that hold CodeMean and CodeWhitener.
const (
	codeMeanTensor     = "reference.code_mean"
	codeWhitenerTensor = "reference.code_whitener"
)

// referenceKey is the metadata entry that holds a model's Reference as JSON.
const referenceKey = "aegpu.reference"

// Reference is what the rows that a model was trained on are like, so that it can be said how rare another is.
type Reference struct {
	Mean     []float32 `json:"mean"`     // of what the decoder is to make, prepared: one a column of its output
	Error    []float64 `json:"error"`    // levels (see Levels) of the rows' minus log-likelihood, of their squared error where the loss is none
	Distance []float64 `json:"distance"` // levels of the squared error that Mean leaves
	Code     []float64 `json:"code"`     // levels of the codes' distance, see CodeDistance

	CodeMean     []float32 `json:"-"` // Latent
	CodeWhitener []float32 `json:"-"` // W: Latent x Latent, lower triangular, or Latent, the diagonal of one that has nothing else
}

// CodeDistance returns |W (code - mean)|^2, the squared Mahalanobis distance of a code from those of the training rows where
// W^T W is the inverse of their covariance.
func (r *Reference) CodeDistance(code []float32) float64 {
	distance, k := 0.0, len(r.CodeMean)
	for i := range code {
		sum := 0.0
		if len(r.CodeWhitener) == k {
			sum = float64(r.CodeWhitener[i]) * (float64(code[i]) - float64(r.CodeMean[i]))
		} else {
			for j, w := range r.CodeWhitener[i*k : i*k+i+1] {
				sum += float64(float64(w) * (float64(code[j]) - float64(r.CodeMean[j])))
			}
		}
		distance += float64(sum * sum)
	}
	return min(distance, math.MaxFloat32)
}

// levelStep is how far levels are apart, in nats.
const levelStep = 0.05

// Levels returns of n numbers those that a share of exp(-t) of them are at or above, for t = 0, 0.05, 0.1 and so on up to
// ln(n): the share's nearest whole number of them, at least one. So the first is the smallest and the last the largest. v is sorted.
func Levels(v []float64) []float64 {
	slices.Sort(v)
	var levels []float64
	for t := 0; ; t++ {
		above := float64(len(v)) * math.Exp(-levelStep*float64(t))
		if above < 1 {
			return levels
		}
		levels = append(levels, v[len(v)-int(math.Round(above))])
	}
}

// Rarity returns minus the natural logarithm of the share of numbers that are v or more, by their levels: 0 of the smallest, between
// two levels along a line. Beyond the largest, where the share says nothing, it goes on as ln(1 + (v - largest) / scale), scale being
// how far the largest is from the level that e times as many are above, so that larger numbers stay rarer. Where that is as
// large, since rows that are equal or nearly so are the farthest out, scale is the distance to the first that is not, a factor of e
// in how many are above: with none, the next row a little farther out would count more than all else of it.
func Rarity(levels []float64, v float64) float64 {
	i, _ := slices.BinarySearch(levels, v)
	switch last := len(levels) - 1; {
	case i == 0:
		return 0
	case i > last:
		most := levels[last]
		scale := tail(levels)
		return levelStep*float64(last) + math.Log1p((v-most)/max(scale, 1e-9*(1+math.Abs(most))))
	}
	below := levels[i-1]
	return levelStep * (float64(i-1) + (v-below)/(levels[i]-below))
}

// sameLevel is the share of all that levels span by which two differ at least that are not as good as equal.
const sameLevel = 1e-6

// tail returns how far the largest level is from the one that e times as many are above, or, where these are as good as
// equal, from the next below that is not, by how many times a factor of e more are above that.
func tail(levels []float64) float64 {
	last, step := len(levels)-1, int(1/levelStep)
	most := levels[last]
	at := max(0, last-step)
	for at > 0 && most-levels[at] <= sameLevel*(most-levels[0]) {
		at--
	}
	return (most - levels[at]) / max(1, float64(last-at)/float64(step))
}

// check says what is wrong with a reference for outputs and codes of that width.
func (r *Reference) check(outputs, latent int) error {
	if len(r.Mean) != outputs {
		return fmt.Errorf("a mean of %d numbers: expected %d", len(r.Mean), outputs)
	}
	if n := len(r.CodeWhitener); len(r.CodeMean) != latent || n != latent && n != latent*latent {
		return fmt.Errorf("a mean of %d numbers and a whitener of %d for codes of %d", len(r.CodeMean), n, latent)
	}
	for _, v := range [][]float32{r.Mean, r.CodeMean, r.CodeWhitener} {
		if err := Finite(v); err != nil {
			return err
		}
	}
	for _, levels := range [][]float64{r.Error, r.Distance, r.Code} {
		if len(levels) == 0 || !slices.IsSorted(levels) || math.IsNaN(levels[0]) || math.IsInf(levels[0], 0) || math.IsInf(levels[len(levels)-1], 0) {
			return fmt.Errorf("levels are not one or more finite numbers in order")
		}
	}
	return nil
}

// writeReference puts the reference into a file's metadata and tensors, where there is one.
func (m *Model) writeReference(views map[string]safetensors.TensorView, meta map[string]string) error {
	r := m.Reference
	if r == nil {
		return nil
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	meta[referenceKey] = string(text)
	if views[codeMeanTensor], err = Float32View(r.CodeMean, uint64(len(r.CodeMean))); err != nil {
		return err
	}
	views[codeWhitenerTensor], err = Float32View(r.CodeWhitener, uint64(len(r.CodeWhitener)))
	return err
}

// readReference sets the reference, where a file has one.
func (m *Model) readReference(meta map[string]string, st safetensors.SafeTensors) error {
	text, ok := meta[referenceKey]
	if !ok {
		return nil
	}
	r := &Reference{}
	err := json.Unmarshal([]byte(text), r)
	for name, to := range map[string]*[]float32{codeMeanTensor: &r.CodeMean, codeWhitenerTensor: &r.CodeWhitener} {
		if view, ok := st.Tensor(name); ok && err == nil {
			*to, err = Float32s(view)
		}
	}
	if err == nil {
		err = r.check(m.Spec.Outputs(), m.Spec.Latent)
	}
	if err != nil {
		return fmt.Errorf("%s in the metadata: %w", referenceKey, err)
	}
	m.Reference = r
	return nil
}
