package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/aegpu/aegpu/backend"
)

// Spec says what an autoencoder is. The zero value of a field is its plainest
// choice; Inputs and Latent must be set.
type Spec struct {
	Inputs  int `json:"inputs"`            // width of the data, D
	Targets int `json:"targets,omitempty"` // width of what the decoder is to make where that is other data, T; 0 where it is the input
	// SameRows says that the targets are the rows that the encoder sees, prepared another
	// way: as a likelihood takes them, missing cells as NaN.
	SameRows bool `json:"same_rows,omitempty"`

	Hidden  []int `json:"hidden,omitempty"`  // widths of the encoder's hidden layers
	Decoder []int `json:"decoder,omitempty"` // widths of the decoder's; nil mirrors Hidden
	Latent  int   `json:"latent"`            // width of the code, L
	Tied    bool  `json:"tied,omitempty"`    // decoder weights are the encoder's, transposed

	Activation     backend.Activation `json:"activation"`      // of the hidden layers
	CodeActivation backend.Activation `json:"code_activation"` // of a code that is not drawn
	Output         backend.Activation `json:"output"`          // of the reconstruction under Squared

	Code       Code       `json:"code,omitempty"`       // nil means Deterministic
	Likelihood Likelihood `json:"likelihood,omitempty"` // nil means Squared
	Corrupt    Corruption `json:"corrupt"`
	Penalties  []Penalty  `json:"penalties,omitempty"`
	Binarise   bool       `json:"binarise,omitempty"` // grey inputs are drawn to 0 or 1 afresh for every batch
	Dropout    float32    `json:"dropout,omitempty"`  // share of hidden units dropped in training

	Init    Init `json:"init,omitempty"`    // how weights are drawn; "" is as Xavier
	Classes int  `json:"classes,omitempty"` // of a classifier on top of the code; 0 for none

	Conditions int `json:"conditions,omitempty"` // levels of what encoder and decoder are told of every example; 0 for nothing
}

// UnmarshalJSON reads a spec as it is written, parts as their texts.
func (s *Spec) UnmarshalJSON(text []byte) error {
	type plain Spec
	file := struct {
		*plain
		Code       string   `json:"code"`
		Likelihood string   `json:"likelihood"`
		Penalties  []string `json:"penalties"`
	}{plain: (*plain)(s)}
	if err := json.Unmarshal(text, &file); err != nil {
		return err
	}
	var err error
	if file.Code != "" {
		if s.Code, err = ParseCode(file.Code); err != nil {
			return err
		}
	}
	if file.Likelihood != "" {
		if s.Likelihood, err = ParseLikelihood(file.Likelihood); err != nil {
			return err
		}
	}
	s.Penalties = nil
	for _, text := range file.Penalties {
		p, err := ParsePenalty("", text)
		if err != nil {
			return err
		}
		s.Penalties = append(s.Penalties, p)
	}
	return nil
}

// String returns what the model is in a few words, as in "autoencoder, gaussian code,
// bernoulli loss".
func (s *Spec) String() string {
	return fmt.Sprintf("autoencoder, %s code, %s loss", s.code(), s.likelihood())
}

func (s *Spec) code() Code {
	if s.Code == nil {
		return Deterministic{}
	}
	return s.Code
}

func (s *Spec) likelihood() Likelihood {
	if s.Likelihood == nil {
		return Squared{}
	}
	return s.Likelihood
}

// HasPrior reports whether codes have a prior to draw new ones from.
func (s *Spec) HasPrior() bool { return s.code().prior(nil, 0, 0) }

// Bounds reports whether log p(x) can be bounded: the code is drawn, and the loss
// is minus a log-likelihood.
func (s *Spec) Bounds() bool {
	return s.HasLikelihood() && s.code().Drawn()
}

// HasLikelihood reports whether the loss is minus a log-likelihood, in nats.
func (s *Spec) HasLikelihood() bool {
	_, _, proper := s.likelihood().Figure()
	return proper
}

// Narrowest returns the smallest variance that an element can have where the likelihood is a
// density of examples, all elements being normal given the code; 0 otherwise.
func (s *Spec) Narrowest() float64 { return s.likelihood().Narrowest() }

// Drawn reports whether the code of a row is drawn.
func (s *Spec) Drawn() bool { return s.code().Drawn() }

// HasJacobian reports whether the code is a function of the input alone that has a
// Jacobian to speak of: it is neither drawn nor cut.
func (s *Spec) HasJacobian() bool { return s.code().asIs() && !s.HasCondition() }

// Unit reports whether examples must lie within [0, 1].
func (s *Spec) Unit() bool { return s.likelihood().Unit() }

// LossFigure returns the name by which the mean loss of a reconstruction is known, ""
// where it has none of its own, and what it is.
func (s *Spec) LossFigure() (name, note string) {
	name, note, _ = s.likelihood().Figure()
	return name, note
}

// CodeFigures returns what codes of many examples tell, from the mean and the variance
// of every unit over them.
func (s *Spec) CodeFigures(mean, variance []float64) []Figure {
	return s.code().Figures(mean, variance)
}

// batch is the gathering of damaged rows at the clock's time.
func (s *Spec) batch(c backend.Clock, shuffle bool) backend.Batch {
	b := s.Corrupt.Batch(c)
	b.Shuffle, b.Binarise = shuffle, s.Binarise
	return b
}

// total is the sum of counts in a usual row, where totals have a say; else 0.
func (s *Spec) total() float32 {
	c, _ := s.Likelihood.(Columns)
	return c.Total
}

// countsOf makes counts of the shares of a multinomial in rows of reconstructions, in proportion to the totals of their
// targets, or where these are not there to that of a usual row.
func (s *Spec) countsOf(rows, targets []float32) {
	c, ok := s.Likelihood.(Columns)
	if !ok || !c.multinomial() {
		return
	}
	for at := 0; at < len(rows); at += s.Outputs() {
		total := float64(c.Total)
		if targets != nil {
			total = 0
			for _, x := range targets[at+c.Group.From : at+c.Group.To] {
				if x == x {
					total += float64(x)
				}
			}
		}
		for j := c.Group.From; j < c.Group.To; j++ {
			rows[at+j] = float32(total * float64(rows[at+j]))
		}
	}
}

// resize multiplies the means of counts in rows whose targets lack some by what brings those of the others to their sum,
// where totals have a say: a total of the cells that are there is too small by what is missing.
func (s *Spec) resize(rows, targets []float32) {
	c, ok := s.Likelihood.(Columns)
	if !ok || !c.sized() || targets == nil {
		return
	}
	for T := s.Outputs(); len(rows) > 0; rows, targets = rows[T:], targets[T:] {
		there, made, missing := 0.0, 0.0, false
		c.eachCount(func(j int) {
			if x := targets[j]; x == x {
				there, made = there+float64(x), made+float64(rows[j])
			} else {
				missing = true
			}
		})
		if !missing || !(there > 0 && made > 0) {
			continue
		}
		c.eachCount(func(j int) { rows[j] = float32(float64(rows[j]) * (there / made)) })
	}
}

// HasTargets reports whether the decoder is to make other data than the input, or the same
// rows prepared another way.
func (s *Spec) HasTargets() bool { return s.Targets != 0 }

// OtherData reports whether the decoder is to make other data than the rows that the
// encoder sees.
func (s *Spec) OtherData() bool { return s.HasTargets() && !s.SameRows }

// Outputs returns the width of what the decoder is to make.
func (s *Spec) Outputs() int {
	if s.HasTargets() {
		return s.Targets
	}
	return s.Inputs
}

// decoderWidths are the widths of the decoder's hidden layers.
func (s *Spec) decoderWidths() []int {
	if s.Decoder != nil {
		return s.Decoder
	}
	w := slices.Clone(s.Hidden)
	slices.Reverse(w)
	return w
}

// Validate returns what cannot be built or makes no sense, with the reason.
func (s *Spec) Validate() error {
	if err := s.checkWidths(); err != nil {
		return err
	}
	if !(s.Dropout >= 0 && s.Dropout < 1) {
		return fmt.Errorf("dropout is %g: expected 0 or more and below 1", s.Dropout)
	}
	if err := s.code().check(s); err != nil {
		return err
	}
	if err := s.likelihood().check(s); err != nil {
		return err
	}
	if err := s.Corrupt.check(); err != nil {
		return err
	}
	if err := s.checkTargets(); err != nil {
		return err
	}
	if err := s.checkCondition(); err != nil {
		return err
	}
	return s.checkPenalties()
}

// checkTargets refuses what belongs to a decoder that makes the input again.
func (s *Spec) checkTargets() error {
	switch {
	case s.SameRows && !s.HasTargets():
		return errors.New("rows prepared another way are targets: expected their width")
	case !s.HasTargets():
		return nil
	case s.Binarise:
		return errors.New("binarised inputs are those that the decoder makes again: expected none with targets of their own")
	case s.Tied && s.Targets != s.Inputs:
		return fmt.Errorf("tied weights need a decoder that ends in %d units, as the encoder starts with: expected as many targets, not %d", s.Inputs, s.Targets)
	}
	return nil
}

func (s *Spec) checkPenalties() error {
	terms := map[string]Penalty{}
	for _, p := range s.Penalties {
		if err := p.check(s); err != nil {
			return err
		}
		name, _ := p.Term()
		if other := terms[name]; other != nil {
			return fmt.Errorf("two %s penalties, %v and %v: expected one", name, other, p)
		}
		terms[name] = p
	}
	return nil
}

// maxWidth bounds the units of a layer, maxLayer its weights, so that no count of bytes
// passes an int. What memory can hold is far less, and the device's to say.
const (
	maxWidth = 1 << 31
	maxLayer = 1 << 48
)

func (s *Spec) checkWidths() error {
	for _, w := range []struct {
		what string
		n    int
	}{{"inputs", s.Inputs}, {"targets", s.Outputs()}, {"latent", s.Latent}} {
		if w.n < 1 || w.n > maxWidth {
			return fmt.Errorf("%s is %d: expected 1 to %d", w.what, w.n, maxWidth)
		}
	}
	for _, w := range slices.Concat(s.Hidden, s.Decoder) {
		if w < 1 || w > maxWidth {
			return fmt.Errorf("a hidden layer of %d units: expected 1 to %d", w, maxWidth)
		}
	}
	if s.Conditions == 1 || s.Conditions < 0 || s.Conditions > maxWidth {
		return fmt.Errorf("a condition of %d levels: expected at least 2", s.Conditions)
	}
	if s.Classes == 1 || s.Classes < 0 || s.Classes > maxWidth {
		return fmt.Errorf("a classifier of %d classes: expected at least 2", s.Classes)
	}
	if s.Tied && s.Decoder != nil {
		if mirror := (&Spec{Hidden: s.Hidden}).decoderWidths(); !slices.Equal(s.Decoder, mirror) {
			return fmt.Errorf("tied weights need a decoder that mirrors the encoder: decoder %v does not mirror hidden %v", s.Decoder, s.Hidden)
		}
	}
	return s.checkLayers()
}

// checkLayers refuses layers of more than maxLayer weights. Widths are checked.
func (s *Spec) checkLayers() error {
	for _, half := range []struct {
		name   string
		layers []dense
	}{{"encoder", s.encoderLayers()}, {"decoder", s.decoderLayers()}, {"classifier", []dense{{in: s.Latent, out: s.Classes}}}} {
		for i, d := range half.layers {
			if d.out > maxLayer/d.in { // a product could pass an int
				return fmt.Errorf("layer %d of the %s has %d x %d weights: expected %d at most", i+1, half.name, d.out, d.in, maxLayer)
			}
		}
	}
	return nil
}
