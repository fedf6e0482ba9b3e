package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
)

// A conditional model tells its encoder and its decoder what is known of an example, the level of a condition, as a
// one-hot code beside what they see (Sohn, Lee and Yan, NeurIPS 2015): q(z|x,c) and p(x|z,c). What the condition
// explains the code need not hold, and examples can be made for a level.

// condition is what a graph has for it: nothing without one.
type condition struct {
	levels   backend.Tensor // B x 1: that of every example, by number
	input    backend.Tensor // B x (D+C): what the encoder sees
	code     backend.Tensor // B*K x (L+C): what the decoder sees
	gradient backend.Tensor // B*K x (L+C): the gradient by that; none in inference
}

func (c *condition) place(g *graph, alloc backend.Alloc) {
	s, n := &g.Spec, g.batch*g.samples
	c.levels, c.input, c.code = alloc(g.batch, 1), alloc(g.batch, s.Inputs+s.Conditions), alloc(n, s.Latent+s.Conditions)
	if g.training {
		c.gradient = alloc(n, s.Latent+s.Conditions)
	}
}

func (c *condition) tensors(add func(string, backend.Tensor)) {
	add("levels", c.levels)
	add("input+level", c.input)
	add("code+level", c.code)
	add("dcode+level", c.gradient)
}

// HasCondition reports whether encoder and decoder are told the level of a condition.
func (s *Spec) HasCondition() bool { return s.Conditions != 0 }

// checkCondition refuses what does not go with a condition.
func (s *Spec) checkCondition() error {
	switch {
	case !s.HasCondition():
		return nil
	case s.Tied:
		return errors.New("tied weights do not fit a condition: encoder and decoder each have weights of their own for it")
	case s.Classes > 0:
		return errors.New("a classifier does not go with a condition, which the code of an example depends on: expected one of both")
	}
	return nil
}

// gatherLevels enqueues the levels of the batch, where there is a condition.
func (g *graph) gatherLevels(r Resident, shuffle bool, n int) {
	if to := g.condition.levels; !to.None() {
		g.to.Enqueue(backend.Gather{Clean: to.Top(n), Data: r.Conditions, Batch: backend.Batch{Clock: g.clock, Shuffle: shuffle}})
	}
}

// tellEncoder enqueues what the encoder sees of n rows of x, and returns it: x itself without a condition.
func (g *graph) tellEncoder(x backend.Tensor, n int) backend.Tensor {
	return g.beside(g.condition.input, x.Top(n), n)
}

// tellDecoder does so with the codes of n examples, of which there may be several each.
func (g *graph) tellDecoder(z backend.Tensor, n int) backend.Tensor {
	return g.beside(g.condition.code, z, n)
}

func (g *graph) beside(to, x backend.Tensor, n int) backend.Tensor {
	if to.None() {
		return x
	}
	g.to.Enqueue(backend.Beside{Dst: to.Top(x.Rows), X: x, Class: g.condition.levels.Top(n)})
	return to.Top(x.Rows)
}

// encoderInput is what the encoder has seen in a training.
func (g *graph) encoderInput() backend.Tensor {
	if g.condition.input.None() {
		return g.input()
	}
	return g.condition.input
}

// backToCode enqueues the decoder's first product of the backward pass, whose DX is to be dx, the gradient by the code: of
// a conditional model its first columns.
func (g *graph) backToCode(dx backend.Tensor, product backend.LinearBackInput) {
	product.DX = dx
	if !g.condition.gradient.None() {
		product.DX = g.condition.gradient.Top(dx.Rows)
	}
	g.to.Enqueue(product)
	if product.DX != dx {
		g.to.Enqueue(backend.CopyColumns{Dst: dx, Src: product.DX})
	}
}

// upload brings the levels of n rows from row at on to the graph, where there is a condition.
func (a *applier) upload(levels []int32, at, n int) {
	if a.condition.levels.None() {
		return
	}
	v := make([]float32, n)
	for i, l := range levels[at : at+n] {
		v[i] = float32(l)
	}
	a.dev.Upload(a.condition.levels.Top(n), v)
}

// levels are those of the rows of a set, numbered as in the training; nil without a condition.
func (m *Model) levels(s *data.Set) ([]int32, error) {
	if !m.Spec.HasCondition() {
		return nil, nil
	}
	s, err := m.condition.Match(s)
	if err != nil {
		return nil, err
	}
	return s.Conditions, nil
}

// Condition returns what the model is told of every example; nil without a condition. It is shared and must not be
// changed.
func (m *Model) Condition() *data.Condition { return m.condition }

// SetCondition names the condition and its levels, of which there must be Spec.Conditions.
func (m *Model) SetCondition(c *data.Condition) error {
	if c == nil || len(c.Levels) != m.Spec.Conditions {
		return fmt.Errorf("a condition that does not fit a model of %d levels", m.Spec.Conditions)
	}
	if err := c.Validate(); err != nil {
		return err
	}
	m.condition = c
	return nil
}

// unnamedCondition is that of a new model, whose levels have numbers for names; nil for none.
func unnamedCondition(levels int) *data.Condition {
	if levels == 0 {
		return nil
	}
	c := &data.Condition{Name: data.LabelCondition}
	for k := range levels {
		c.Levels, c.Rows = append(c.Levels, strconv.Itoa(k)), append(c.Rows, 1)
	}
	return c
}

// readCondition sets the condition that a file holds.
func (m *Model) readCondition(meta map[string]string) error {
	if !m.Spec.HasCondition() {
		return nil
	}
	c := &data.Condition{}
	if err := json.Unmarshal([]byte(meta[conditionKey]), c); err != nil {
		return fmt.Errorf("%s in the metadata: %w", conditionKey, err)
	}
	return m.SetCondition(c)
}

// sameCondition refuses weights of a condition with other levels.
func (m *Model) sameCondition(meta map[string]string) error {
	if !m.Spec.HasCondition() {
		return nil
	}
	c := &data.Condition{}
	if err := json.Unmarshal([]byte(meta[conditionKey]), c); err != nil {
		return fmt.Errorf("%s in the metadata: %w", conditionKey, err)
	}
	if !slices.Equal(c.Levels, m.condition.Levels) {
		return fmt.Errorf("other data: the condition %q has the levels %s in the file, %s here", c.Name, data.Listed(c.Levels), data.Listed(m.condition.Levels))
	}
	return nil
}

// DrawLevels returns codes with levels drawn for them in the proportions of the training rows, those that all codes from
// the first draw on would get, start of which came before; the codes themselves without a condition.
func (m *Model) DrawLevels(codes *data.Set, start int, seed uint64) *data.Set {
	if !m.Spec.HasCondition() {
		return codes
	}
	total := 0
	for _, n := range m.condition.Rows {
		total += n
	}
	levels := make([]int32, codes.Rows)
	for i := range levels {
		at := uint64(start + i)
		four := backend.Philox(seed, backend.StreamLevel, at/4>>32, uint32(at/4))
		left := int(uint64(four[at%4]) * uint64(total) >> 32)
		for left >= m.condition.Rows[levels[i]] {
			left -= m.condition.Rows[levels[i]]
			levels[i]++
		}
	}
	return m.condition.Put(codes, levels)
}
