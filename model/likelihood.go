package model

import (
	"fmt"
	"math"
	"strings"

	"github.com/aegpu/aegpu/backend"
)

// Likelihood is what the decoder's output says of an example, and so the loss of a
// reconstruction. [Likelihoods] lists the
// kinds.
type Likelihood interface {
	fmt.Stringer
	// MarshalText returns what [ParseLikelihood] reads.
	MarshalText() ([]byte, error)
	// Figure returns the name by which the mean of the loss is known, "" where it has
	// none of its own, what it is, and whether it is minus a log-likelihood in nats,
	// so that log p(x) can be bounded.
	Figure() (name, note string, proper bool)
	// Unit reports whether examples must lie within [0, 1].
	Unit() bool
	// Narrowest returns the smallest variance that an element can have where all have normal
	// likelihoods, so that the likelihood of an example is a density; 0 otherwise.
	Narrowest() float64

	// check returns what is wrong with the likelihood in a model of the spec.
	check(s *Spec) error
	// width is the outputs of the decoder for examples of that many elements.
	width(inputs int) int
	// output is the activation of the decoder's last layer, and mean the one that
	// makes a reconstruction of that layer's output.
	output(s *Spec) backend.Activation
	mean(s *Spec) backend.Activation
	// spreads is how many parameters of its own the likelihood has an output, which
	// are rows of a tensor of the model.
	spreads() int
	// centre sets the biases of the decoder's last layer so that it makes mean, where
	// it can.
	centre(s *Spec, bias, mean []float32)
	bind(g *graph) boundLikelihood
}

// boundLikelihood is a likelihood bound to a graph.
type boundLikelihood interface {
	placed
	// loss enqueues the loss of every row of l.Out against l.Target into l.Rows, in
	// nats if Figure says so, and where l.DOut is there l.Scale times the gradient by
	// l.Out. An evaluation has no l.DOut.
	loss(l backend.Loss)
	// learn enqueues what loss leaves of its gradients to when the weights of the rows are
	// known: those by the likelihood's own parameters, if rows are weighed.
	learn(l backend.Loss, weights backend.Tensor)
	// reconstruction enqueues what makes reconstructions of the decoder's output,
	// n rows, in its place or elsewhere; target is what they are of, where that is there.
	reconstruction(out, target backend.Tensor, n int) backend.Tensor
	// known returns the target that a squared error is of, given the decoder's output
	// before it is a reconstruction: in an evaluation, n rows.
	known(out, target backend.Tensor, n int) backend.Tensor
}

// likelihoods are the kinds of likelihood.
var likelihoods = []kind[Likelihood]{
	{"squared", "squared", 0, 0, func([]float32) (Likelihood, error) { return Squared{}, nil }},
	{"bernoulli", "bernoulli", 0, 0, func([]float32) (Likelihood, error) { return Bernoulli{}, nil }},
	{"gaussian", "gaussian", 0, 0, func([]float32) (Likelihood, error) { return GaussianNLL{}, nil }},
}

// ParseLikelihood returns the likelihood that text stands for, as in bernoulli or
// columns:gaussian*3,softmax*4.
func ParseLikelihood(text string) (Likelihood, error) {
	if runs, ok := strings.CutPrefix(text, columnsName); ok {
		l, err := parseColumns(runs)
		if err != nil {
			return nil, fmt.Errorf("loss %q: %w", text, err)
		}
		return l, nil
	}
	return ParseLoss(text)
}

// ParseLoss is [ParseLikelihood] of those that go with any table: [Likelihoods].
func ParseLoss(text string) (Likelihood, error) { return parse("loss", likelihoods, text) }

// linear is what likelihoods of a linear output have in common.
type linear struct{}

func (linear) output(*Spec) backend.Activation { return backend.Identity }
func (linear) mean(*Spec) backend.Activation   { return backend.Identity }
func (linear) width(inputs int) int            { return inputs }
func (linear) spreads() int                    { return 0 }

func (linear) centre(_ *Spec, bias, mean []float32) { copy(bias, mean) }

// complete is a bound likelihood of data without missing cells, and without memory or
// parameters.
type complete struct{ unplaced }

func (complete) learn(backend.Loss, backend.Tensor) {}

func (complete) known(_, target backend.Tensor, _ int) backend.Tensor { return target }

// outputApplies refuses an output activation, which a likelihood of a linear
// output has no use for.
func outputApplies(s *Spec, name string) error {
	if s.Output != backend.Identity {
		return fmt.Errorf("output activation %v applies to the squared loss only: %s works from the decoder's linear output", s.Output, name)
	}
	return nil
}

// notBinarised refuses inputs that are drawn to 0 or 1.
func notBinarised(s *Spec, name string) error {
	if s.Binarise {
		return fmt.Errorf("binarised inputs need the bernoulli loss, not %s", name)
	}
	return nil
}

// CentreOutput sets the bias of the decoder's last layer so that an untrained
// decoder starts at the mean of what it is to make (mean, Outputs values): its logit for
// cross-entropy, itself for a linear output, for columns what each of them takes. Other outputs keep their bias.
func (m *Model) CentreOutput(mean []float32) error {
	s := &m.Spec
	last := fmt.Sprintf("decoder.%d.bias", len(s.decoderWidths()))
	bias, err := m.Weights(last)
	if err != nil {
		return err
	}
	s.likelihood().centre(s, bias, mean)
	return m.SetWeights(last, bias)
}

// logits sets biases to the logits of mean.
func logits(bias, mean []float32) {
	for i, v := range mean {
		bias[i] = logit(v)
	}
}

// logit is ln(p / (1-p)) with p kept within [0.001, 0.999]: a pixel that is
// always black should not start out of the gradient's reach.
func logit(p float32) float32 {
	q := math.Min(math.Max(float64(p), 1e-3), 1-1e-3)
	return float32(math.Log(q / (1 - q)))
}
