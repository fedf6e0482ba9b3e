package model

import (
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend"
)

// Penalty is a term that training adds to the loss of a reconstruction. The kinds
// are [KLSparsity], [L1Sparsity], [Contractive].
type Penalty interface {
	fmt.Stringer
	// MarshalText returns what [ParsePenalty] reads.
	MarshalText() ([]byte, error)
	// Term returns the name of the term in the loss, and its weight there.
	Term() (name string, weight float32)

	// check returns what is wrong with the penalty in a model of the spec.
	check(s *Spec) error
	bind(g *graph) boundPenalty
}

// boundPenalty is a penalty bound to a training's graph. A step calls its methods
// in this order, on n examples.
type boundPenalty interface {
	placed
	// afterDecoder follows the decoder's backward pass.
	afterDecoder(n int)
	// onCode adds the gradient by code h to the code's, where byCode.
	onCode(h backend.Tensor, n int)
	// afterCode follows the delta of the encoder's last layer.
	afterCode(n int)
	// afterEncoder follows the encoder's backward pass.
	afterEncoder(n int)

	// byCode reports whether the penalty is a function of the code.
	byCode() bool
	// leavesWeights reports whether afterDecoder leaves a part of the gradients by
	// the encoder's weights, to be added to.
	leavesWeights() bool
}

// The settings that offer penalties; [ParsePenalty] reads those of one.
const (
	SparsitySetting    = "sparsity"
	ContractionSetting = "contract"
)

// penalties are the kinds of penalty, by the setting that offers them.
var penalties = map[string][]kind[Penalty]{
	SparsitySetting: {
		{"kl", "kl:TARGET:WEIGHT", 2, 2, func(v []float32) (Penalty, error) { return KLSparsity{Target: v[0], Weight: v[1]}, nil }},
		{"l1", "l1:WEIGHT", 1, 1, func(v []float32) (Penalty, error) { return L1Sparsity{Weight: v[0]}, nil }},
	},
	ContractionSetting: {
		{"exact", "exact:WEIGHT", 1, 1, func(v []float32) (Penalty, error) { return Contractive{Weight: v[0]}, nil }},
		{"stochastic", "stochastic:WEIGHT[:PROBES]", 1, 2, makeStochastic},
	},
}

// ParsePenalty returns the penalty that text stands for among those that a setting
// offers, or among all where it is "".
func ParsePenalty(setting, text string) (Penalty, error) {
	if setting != "" {
		return parse(setting, penalties[setting], text)
	}
	return parse("penalty", append(penalties[SparsitySetting], penalties[ContractionSetting]...), text)
}

// noHooks is a penalty that does nothing, to be embedded.
type noHooks struct{ unplaced }

func (noHooks) afterDecoder(int)           {}
func (noHooks) onCode(backend.Tensor, int) {}
func (noHooks) afterCode(int)              {}
func (noHooks) afterEncoder(int)           {}
func (noHooks) byCode() bool               { return false }
func (noHooks) leavesWeights() bool        { return false }

// weighed is the term of a penalty, of which there is one an example.
func weighed(p Penalty) term {
	name, weight := p.Term()
	return term{name: name, weight: func(float64) float64 { return float64(weight) }}
}

// checkWeight refuses weights below 0.
func checkWeight(p Penalty) error {
	if name, weight := p.Term(); !(weight >= 0 && weight <= math.MaxFloat32) {
		return fmt.Errorf("the weight of the %s penalty is %g: expected a number, 0 or more", name, weight)
	}
	return nil
}

// checkSparse refuses codes that have a constraint of their own.
func checkSparse(s *Spec, name string) error {
	if c := s.code(); !c.asIs() {
		return fmt.Errorf("%s sparsity on a %s code: that code has a constraint of its own", name, c)
	}
	return nil
}
