package model

import (
	"errors"
	"fmt"

	"github.com/aegpu/aegpu/backend"
)

// Code is a kind of code: what becomes of the output of the encoder's last layer
// on its way to the decoder. [Codes] lists the kinds.
type Code interface {
	fmt.Stringer
	// MarshalText returns what [ParseCode] reads.
	MarshalText() ([]byte, error)
	// WithBound returns the code with that many draws an example, above 1 for the
	// importance-weighted bound, and with so many nats of KL a unit that are not
	// penalised. Codes that are not drawn refuse both.
	WithBound(samples int, freeBits float32) (Code, error)
	// Drawn reports whether codes are drawn from a posterior, whose KL from the
	// prior is a term of the loss.
	Drawn() bool
	// Figures are what codes of many examples tell, from the mean and the variance
	// of every unit over them.
	Figures(mean, variance []float64) []Figure

	// check returns what is wrong with the code in a model of the spec.
	check(s *Spec) error
	// divergence returns the KL from the prior of the posterior that an encoder's output
	// of one example says, in nats; 0 of codes that are not drawn.
	divergence(h []float32) float64
	// deviations turns the output of the encoder of one example, where it says what a code
	// is drawn from, into the means and the deviations of that.
	deviations(h []float32)
	// width is the outputs of the encoder for a code of latent units.
	width(latent int) int
	// samples is the codes drawn for every example, 1 of those that are not drawn.
	samples() int
	// asIs reports whether the decoder sees the encoder's output itself, in training
	// too: penalties on the code and its Jacobian then apply, and its gradient comes
	// straight out of the decoder, without back where no penalty needs it.
	asIs() bool
	// prior fills codes of latent units each with draws from the prior, of which the
	// value first of all is the first, and reports
	// whether there is one.
	prior(codes []float32, first, seed uint64) bool
	bind(g *graph) boundCode
}

// boundCode is a code bound to a graph. Tensors are of n examples.
type boundCode interface {
	placed
	// encode enqueues what makes the code of the encoder's output h, before draws.
	encode(h backend.Tensor, n int) backend.Tensor
	// mean enqueues the code that is handed out, given that of encode.
	mean(h backend.Tensor, n int) backend.Tensor
	// draw enqueues the codes that the decoder sees in training, and that an
	// evaluation measures the loss at, n*samples of them.
	draw(h backend.Tensor, n int) backend.Tensor
	// score enqueues the sum of the losses in rows, n*samples of them, and weighs
	// the gradient by the decoder's output with the draws' weights.
	score(h, rows, delta backend.Tensor, n int)
	// weigh enqueues the importance weights of n examples' draws, and returns the
	// bound of each, none where codes are not drawn.
	weigh(h, rows backend.Tensor, n int) backend.Tensor
	// drawWeights are the weights that weigh found, N of them, none where draws are not
	// weighed.
	drawWeights(N int) backend.Tensor
	// gradient is where the gradient by the decoder's input goes, B*samples x L.
	gradient() backend.Tensor
	// back enqueues the delta of the encoder's last layer from gradient.
	back(h backend.Tensor, n int)
	// backMean does the same from a gradient by the mean, for a classifier.
	backMean(h backend.Tensor, n int)
	// begin enqueues that measure sums up from nothing what is not in accumulators, and
	// readMoments begins to read what that came to: of codes that are drawn the sums of the
	// units' means, and those of the products of two ([variancesOf]); nil of others.
	begin()
	readMoments() []float32
	// measure enqueues what an evaluation sums up beside the losses in rows.
	measure(h, z, rows backend.Tensor, n int)
	// conclude adds to metrics what those sums, as means over examples, come to.
	conclude(m *Metrics, mean func(slot int) float64, beta float64)
}

// codes are the kinds of code.
var codes = []kind[Code]{
	{"deterministic", "deterministic", 0, 0, func([]float32) (Code, error) { return Deterministic{}, nil }},
	{"topk", "topk:K[:ALPHA]", 1, 2, makeTopK},
	{"gaussian", "gaussian[:SAMPLES[:FREE-BITS]]", 0, 2, makeGaussian},
}

// ParseCode returns the code that text stands for, as in topk:25.
func ParseCode(text string) (Code, error) { return parse("code", codes, text) }

// undrawn is what codes that are not drawn have in common.
type undrawn struct{}

// bound refuses what belongs to codes that are drawn.
func (undrawn) bound(c Code, samples int, freeBits float32) (Code, error) {
	if samples > 1 || freeBits > 0 {
		return nil, errors.New("samples and free bits belong to a code that is drawn (gaussian), not to " + c.String())
	}
	return c, nil
}

// Drawn returns false.
func (undrawn) Drawn() bool { return false }

// Figures returns the mean activation.
func (undrawn) Figures(mean, _ []float64) []Figure {
	sum := 0.0
	for _, v := range mean {
		sum += v
	}
	return []Figure{{"mean_activation", sum / float64(len(mean)), "of the code's units"}}
}

func (undrawn) divergence([]float32) float64         { return 0 }
func (undrawn) deviations([]float32)                 {}
func (undrawn) width(latent int) int                 { return latent }
func (undrawn) samples() int                         { return 1 }
func (undrawn) prior([]float32, uint64, uint64) bool { return false }

// boundUndrawn is such a code bound to a graph: the encoder's output itself, where
// no more is said.
type boundUndrawn struct {
	unplaced
	*graph
}

func (boundUndrawn) encode(h backend.Tensor, _ int) backend.Tensor   { return h }
func (boundUndrawn) mean(h backend.Tensor, _ int) backend.Tensor     { return h }
func (boundUndrawn) draw(h backend.Tensor, _ int) backend.Tensor     { return h }
func (boundUndrawn) weigh(_, _ backend.Tensor, _ int) backend.Tensor { return backend.Tensor{} }
func (boundUndrawn) drawWeights(int) backend.Tensor                  { return backend.Tensor{} }
func (boundUndrawn) begin()                                          {}
func (boundUndrawn) readMoments() []float32                          { return nil }
func (boundUndrawn) measure(_, _, _ backend.Tensor, _ int)           {}
func (boundUndrawn) conclude(*Metrics, func(int) float64, float64)   {}
func (b boundUndrawn) gradient() backend.Tensor                      { return b.enc.last().delta }
func (b boundUndrawn) backMean(h backend.Tensor, n int)              { b.backActivation(n) }

func (b boundUndrawn) score(_, rows, _ backend.Tensor, _ int) {
	b.to.Enqueue(backend.Accumulate{Sums: b.sums, Slot: sumLoss, V: rows, Scale: 1})
}

func (b boundUndrawn) back(h backend.Tensor, n int) { b.backActivation(n) }

// backActivation enqueues the derivative of the last layer's activation, in place,
// and adds what a penalty has left beside.
func (g *graph) backActivation(n int) {
	last := g.enc.last()
	delta := last.delta.Top(n)
	g.to.Enqueue(backend.ActivateBack{DX: delta, DY: delta, Saved: last.saved().Top(n), Act: last.act})
	if !last.extra.None() {
		g.to.Enqueue(backend.Add{Dst: delta, Src: last.extra.Top(n)})
	}
}
