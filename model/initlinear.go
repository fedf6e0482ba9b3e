package model

import (
	"errors"
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend"
)

// Linear is a linear autoencoder of K codes: the code of a row x of D numbers is Encoder (x - Mean), and what is made of a
// code z of the T linear outputs of a decoder is Decoder z beside the decoder's bias.
type Linear struct {
	Mean     []float32 // D
	Encoder  []float32 // K x D
	Decoder  []float32 // T x K
	Bias     []float32 // T, of the output; nil, or NaN, leaves it as it is
	Variance []float32 // T: of what is left of each output, for likelihoods that have one; nil leaves it as it is
	LogVar   []float32 // K: of the posterior of each code, for a code that is drawn; nil leaves it at 0
}

// Codes returns K.
func (l *Linear) Codes() int { return len(l.Encoder) / max(len(l.Mean), 1) }

// check returns what is wrong with l as a start of at most so many codes for a model of the spec.
func (l *Linear) check(s *Spec, most int) error {
	k, t := l.Codes(), s.Outputs()
	if k < 1 || k > most {
		return fmt.Errorf("a linear start of %d codes: expected 1 to %d", k, most)
	}
	for _, part := range []struct {
		what string
		v    []float32
		n    int
		may  bool // be left out
	}{
		{"means", l.Mean, s.Inputs, false}, {"encoder weights", l.Encoder, k * s.Inputs, false}, {"decoder weights", l.Decoder, k * t, false},
		{"biases", l.Bias, t, true}, {"variances", l.Variance, t, true}, {"log-variances", l.LogVar, k, true},
	} {
		if len(part.v) != part.n && !(part.may && part.v == nil) {
			return fmt.Errorf("a linear start of %d %s: expected %d", len(part.v), part.what, part.n)
		}
		for _, v := range part.v {
			if w := float64(v); math.IsInf(w, 0) || math.IsNaN(w) && part.what != "biases" {
				return fmt.Errorf("a linear start with %v among its %s: expected finite numbers", v, part.what)
			}
		}
	}
	return nil
}

// pairGain returns g with act(a) - act(-a) = g a for every a, and whether there is one: then two units of a hidden layer
// pass a number on as it is (as in CReLU, Shang et al. 2016).
func pairGain(act backend.Activation) (float32, bool) {
	switch act {
	case backend.Identity:
		return 2, true
	case backend.ReLU, backend.GELU, backend.SiLU, backend.Softplus:
		return 1, true
	case backend.LeakyReLU:
		return 1 + backend.LeakySlope, true
	}
	return 0, false
}

// CarriesLinear returns how many codes of a linear autoencoder the model can start with: all of its own, or as many as
// pairs of units fit into its hidden layers. The error names what it is that a linear start does not go with.
func (s *Spec) CarriesLinear() (int, error) {
	_, paired := pairGain(s.Activation)
	switch {
	case !paired && len(s.Hidden)+len(s.decoderWidths()) > 0:
		return 0, fmt.Errorf("activation %v", s.Activation)
	case s.Tied:
		return 0, errors.New("tied weights")
	case s.CodeActivation != backend.Identity && !s.code().Drawn():
		return 0, fmt.Errorf("code activation %v", s.CodeActivation)
	case s.Output != backend.Identity:
		return 0, fmt.Errorf("output activation %v", s.Output)
	case !s.code().asIs() && !s.code().Drawn():
		return 0, fmt.Errorf("a code that is cut (%v)", s.code())
	}
	n := s.Latent
	for _, half := range [][]int{s.Hidden, s.decoderWidths()} {
		for _, w := range half {
			n = min(n, w/2)
		}
	}
	if n < 1 {
		return 0, errors.New("a hidden layer of one unit")
	}
	return n, nil
}

// StartLinear makes a new model, whose hidden biases are 0, start as the linear autoencoder l, of at most
// [Spec.CarriesLinear] codes, whose outputs are those before the likelihood's own function (logits, logarithms of rates).
// Pairs of units of every hidden layer carry its codes. Units beside them keep the weights they were drawn with and have no
// say in those codes and the output at first; nor have other codes, which are drawn from their prior at first where there
// are units beside that they can be learnt by.
func (m *Model) StartLinear(l *Linear) error {
	s := &m.Spec
	most, err := s.CarriesLinear()
	if err != nil {
		return fmt.Errorf("a linear start does not go with %w", err)
	}
	if err := l.check(s, most); err != nil {
		return err
	}
	flat := make([]float32, m.layout.size)
	m.dev.Download(flat, m.params)
	if err := m.dev.Sync(); err != nil {
		return err
	}
	p := pairs{layout: m.layout, flat: flat, k: l.Codes(), room: l.Codes() < most}
	p.gain, _ = pairGain(s.Activation)
	p.encoder(l, len(s.Hidden), s.Latent)
	p.decoder(l, len(s.decoderWidths()))
	if at, ok := m.layout.byName[spreadName]; ok && l.Variance != nil {
		m.setVariances(flat[m.layout.params[at].Off:], func(j int) float64 { return float64(l.Variance[j]) })
	}
	_, bias := p.layer("decoder", len(s.decoderWidths()))
	for j, v := range l.Bias {
		if v == v {
			bias[j] = v
		}
	}
	m.dev.Upload(m.params, flat)
	return m.dev.Sync()
}

// pairs writes the weights of units 2i and 2i+1 of hidden layers, which carry code i and minus code i.
type pairs struct {
	layout *layout
	flat   []float32
	k      int
	room   bool // for more of them
	gain   float32
}

// layer returns the rows of a layer's weight, and their biases.
func (p *pairs) layer(side string, i int) (row func(r int) []float32, bias []float32) {
	w := p.layout.params[p.layout.byName[fmt.Sprintf("%s.%d.weight", side, i)]]
	b := p.layout.params[p.layout.byName[fmt.Sprintf("%s.%d.bias", side, i)]]
	return func(r int) []float32 { return p.flat[w.Off+r*w.Cols : w.Off+(r+1)*w.Cols] }, p.flat[b.Off : b.Off+b.Cols]
}

// encoder writes the encoder: of the mean of a code that is drawn, whose log-variances do not depend on the row at first.
func (p *pairs) encoder(l *Linear, hidden, latent int) {
	row, bias := p.layer("encoder", 0)
	d := len(l.Mean)
	for i := range p.k {
		v := l.Encoder[i*d : (i+1)*d]
		sum := 0.0
		for j, m := range l.Mean {
			sum -= float64(v[j]) * float64(m)
		}
		at := float32(sum)
		if hidden == 0 {
			setUnit(row(i), v, 1)
			bias[i] = at
			continue
		}
		setUnit(row(2*i), v, 1)
		setUnit(row(2*i+1), v, -1)
		bias[2*i], bias[2*i+1] = at, -at
	}
	for i := 1; i < hidden; i++ {
		p.pass("encoder", i)
	}
	if hidden > 0 {
		row, bias = p.layer("encoder", hidden)
		for i := range p.k {
			p.take(row(i), i, 1)
		}
	}
	if len(bias) == latent { // no log-variances
		return
	}
	for i := range latent {
		clear(row(latent + i))
		if i >= p.k && p.room {
			clear(row(i))
		}
	}
	copy(bias[latent:], l.LogVar)
}

// decoder writes the decoder.
func (p *pairs) decoder(l *Linear, hidden int) {
	row, _ := p.layer("decoder", 0)
	for i := range p.k * min(hidden, 1) {
		clear(row(2 * i))
		clear(row(2*i + 1))
		row(2 * i)[i], row(2*i + 1)[i] = 1, -1
	}
	for i := 1; i < hidden; i++ {
		p.pass("decoder", i)
	}
	row, bias := p.layer("decoder", hidden)
	outputs := len(l.Decoder) / p.k
	for t := range outputs {
		r := row(t)
		clear(r)
		for i, v := range l.Decoder[t*p.k : (t+1)*p.k] {
			if hidden == 0 {
				r[i] = v
			} else {
				r[2*i], r[2*i+1] = v/p.gain, -v/p.gain
			}
		}
	}
	for t := outputs; t < len(bias); t++ { // log-variances
		clear(row(t))
		if l.Variance != nil {
			bias[t] = float32(math.Log(math.Max(float64(l.Variance[t-outputs]), backend.MinVariance)))
		}
	}
}

// pass makes the pairs of a hidden layer carry what those below them do.
func (p *pairs) pass(side string, i int) {
	row, _ := p.layer(side, i)
	for c := range p.k {
		p.take(row(2*c), c, 1)
		p.take(row(2*c+1), c, -1)
	}
}

// take makes a unit sign times what pair c of the layer below carries.
func (p *pairs) take(row []float32, c int, sign float32) {
	clear(row)
	row[2*c], row[2*c+1] = sign/p.gain, -sign/p.gain
}

// setUnit makes a unit of sign times v; columns of the row beside v, of a condition, have no say.
func setUnit(row, v []float32, sign float32) {
	clear(row)
	for j, x := range v {
		row[j] = sign * x
	}
}
