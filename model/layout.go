package model

import (
	"fmt"
	"slices"

	"github.com/aegpu/aegpu/backend"
	"github.com/nlpodyssey/safetensors"
)

// Param is one parameter tensor's place in the flat buffer.
type Param struct {
	Name       string // "encoder.0.weight", "decoder.1.bias", "classifier.weight"
	Off        int
	Rows, Cols int  // weights are out x in
	end        int  // Off + Rows*Cols, rounded up to the alignment
	Weight     bool // it is one, which decays; others are biases, and what a likelihood learns
}

// shape is the tensor's shape in a file: biases are vectors.
func (p *Param) shape() []uint64 {
	if !p.Weight && p.Rows == 1 {
		return []uint64{uint64(p.Cols)}
	}
	return []uint64{uint64(p.Rows), uint64(p.Cols)}
}

// checkShapes refuses a file whose tensors are not those of the layout, before any memory
// is taken for them.
func (l *layout) checkShapes(st safetensors.SafeTensors) error {
	for _, p := range l.params {
		view, ok := st.Tensor(p.Name)
		if !ok {
			return fmt.Errorf("tensor %s is missing", p.Name)
		}
		if want := p.shape(); !slices.Equal(view.Shape(), want) {
			return fmt.Errorf("tensor %s has shape %v: expected %v", p.Name, view.Shape(), want)
		}
	}
	return nil
}

// layout places every parameter tensor in one flat buffer:
//
//	decoder weights | encoder weights | classifier weight | classifier bias | encoder biases | decoder biases | likelihood's spread
//
// so that the whole (a reconstruction), encoder + classifier (fine-tuning) and
// the classifier alone are each one contiguous range with its weights first:
// one update, with weight decay on a prefix of it.
type layout struct {
	params []Param
	size   int
	byName map[string]int
}

// paramAlign keeps every tensor on a 256-byte boundary of the flat buffer.
const paramAlign = 64

func (l *layout) add(p Param) {
	p.Off = l.size
	p.end = (l.size + p.Rows*p.Cols + paramAlign - 1) / paramAlign * paramAlign
	l.byName[p.Name] = len(l.params)
	l.params = append(l.params, p)
	l.size = p.end
}

func (l *layout) addWeight(name string, d dense) {
	l.add(Param{Name: name, Rows: d.out, Cols: d.in, Weight: true})
}

func (l *layout) addBias(name string, d dense) {
	l.add(Param{Name: name, Rows: 1, Cols: d.out})
}

// dense is the shape of one layer.
type dense struct {
	in, out int
	act     backend.Activation
}

// encoderLayers and decoderLayers are the shapes of the two halves, which both see the condition beside their input.
func (s *Spec) encoderLayers() []dense {
	return denseLayers(s.Inputs+s.Conditions, s.Hidden, s.Activation, s.code().width(s.Latent), s.CodeActivation)
}

func (s *Spec) decoderLayers() []dense {
	return denseLayers(s.Latent+s.Conditions, s.decoderWidths(), s.Activation, s.likelihood().width(s.Outputs()), s.likelihood().output(s))
}

func denseLayers(in int, hidden []int, act backend.Activation, out int, last backend.Activation) []dense {
	var d []dense
	for _, w := range hidden {
		d = append(d, dense{in, w, act})
		in = w
	}
	return append(d, dense{in, out, last})
}

func newLayout(s *Spec) *layout {
	l := &layout{byName: map[string]int{}}
	enc, dec := s.encoderLayers(), s.decoderLayers()
	each := func(add func(string, dense), side, kind string, layers []dense) {
		for i, d := range layers {
			add(fmt.Sprintf("%s.%d.%s", side, i, kind), d)
		}
	}
	if !s.Tied {
		each(l.addWeight, "decoder", "weight", dec)
	}
	each(l.addWeight, "encoder", "weight", enc)
	if s.Classes > 0 {
		head := dense{s.Latent, s.Classes, backend.Identity}
		l.addWeight("classifier.weight", head)
		l.addBias("classifier.bias", head)
	}
	each(l.addBias, "encoder", "bias", enc)
	each(l.addBias, "decoder", "bias", dec)
	if n := s.likelihood().spreads(); n > 0 {
		l.add(Param{Name: spreadName, Rows: n, Cols: s.Outputs()})
	}
	return l
}

// span is a contiguous range of parameter tensors, [lo, hi) by index.
type span struct{ lo, hi int }

// span of the parameters that an objective trains.
func (l *layout) span(o Objective) span {
	switch o {
	case FineTune:
		return span{l.byName["encoder.0.weight"], l.byName["decoder.0.bias"]}
	case Frozen:
		return span{l.byName["classifier.weight"], l.byName["classifier.bias"] + 1}
	}
	return span{0, len(l.params)}
}

// segment is a range of parameter tensors in the flat buffer.
type segment struct {
	off, size int
	weights   int   // length of the prefix that holds the weights
	ends      []int // end of each tensor, relative to off
}

func (l *layout) segment(s span) segment {
	g := segment{off: l.params[s.lo].Off}
	for _, p := range l.params[s.lo:s.hi] {
		g.size = p.end - g.off
		g.ends = append(g.ends, g.size)
		if p.Weight {
			g.weights = g.size
		}
	}
	return g
}

// view is the parameter tensor of that name inside a flat buffer.
func (l *layout) view(flat backend.Tensor, name string) backend.Tensor {
	if flat.None() {
		return backend.Tensor{}
	}
	p := l.params[l.byName[name]]
	return flat.Slice(p.Off, p.Rows, p.Cols)
}
