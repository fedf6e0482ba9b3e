package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/report"
	"github.com/aegpu/aegpu/settings"
	"github.com/aegpu/aegpu/train"
)

// How many examples the pictures show.
const (
	shownExamples = 20
	shownPanels   = 6 // of examples that are not images
	shownSamples  = 64
)

// pictureNames are those that a run directory may have.
var pictureNames = []string{"reconstructions.png", "loss.png", "samples.png", "filters.png", "codes.png"}

// gallery draws the pictures of a finished run.
type gallery struct {
	model   *model.Model
	config  *settings.Config
	test    *data.Set // raw rows; may be nil
	pca     *eval.PCA // may be nil
	history []train.Record

	pictures []report.Picture
}

func (g *gallery) draw(ctx context.Context) ([]report.Picture, error) {
	for _, one := range []func(context.Context) error{g.reconstructions, g.losses, g.samples, g.filters, g.codes} {
		if err := one(ctx); err != nil {
			return nil, err
		}
	}
	return g.pictures, nil
}

func (g *gallery) add(name, caption string, draw func(io.Writer) error) error {
	var b bytes.Buffer
	if err := draw(&b); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	g.pictures = append(g.pictures, report.Picture{Name: name, Caption: caption, PNG: b.Bytes()})
	return nil
}

// shape is that of the rows that go in.
func (g *gallery) shape() report.Geometry { return geometryOf(g.model.Preparation(), g.test) }

// shapeMade is that of what comes out.
func (g *gallery) shapeMade() report.Geometry {
	if g.model.Spec.OtherData() {
		return geometryOf(g.model.TargetPreparation(), nil)
	}
	return g.shape()
}

func geometryOf(p *data.Preparation, t *data.Set) report.Geometry {
	if m := p.Images; m != nil {
		return report.Geometry{Height: m.Height, Width: m.Width, Channels: m.Channels}
	}
	if t != nil && t.Height > 0 {
		return report.Geometry{Height: t.Height, Width: t.Width, Channels: t.Channels}
	}
	return report.Geometry{Width: p.Inputs()}
}

// pixels undoes the preparation of images, which are looked at as they are, from
// black to white; other data is easier to compare prepared.
func pixels(p *data.Preparation, shape report.Geometry, x []float32) ([]float32, error) {
	if !shape.IsImage() || p.Identity() && (p.Images == nil || p.Images.Bytes) {
		return x, nil
	}
	s, err := p.Undo(x)
	if err != nil {
		return nil, err
	}
	return greys(s), nil
}

// greys are the rows of a set as they are drawn.
func greys(s *data.Set) []float32 {
	x := make([]float32, s.Rows*s.Cols)
	for i := range s.Rows {
		s.Grey(x[i*s.Cols:(i+1)*s.Cols], i)
	}
	return x
}

func (g *gallery) reconstructions(ctx context.Context) error {
	if g.test == nil || g.model.Classifier.FineTuned {
		return nil
	}
	n, corrupt := shownExamples, g.model.Spec.Corrupt
	if !g.shapeMade().IsImage() {
		n = shownPanels
	}
	clean, seen, err := eval.Corrupted(g.model, varied(g.test, n), n, corrupt, g.config.Seed)
	if err != nil {
		return err
	}
	levels, err := g.levels(n)
	if err != nil {
		return err
	}
	y, err := g.model.Prepared(seen, levels...)
	if err != nil {
		return err
	}
	if g.model.Spec.SameRows {
		if y, err = g.asSeen(y); err != nil {
			return err
		}
	}
	versions := []report.Strip{{Label: "original", X: clean}}
	caption := "Test examples and what comes back from the code"
	if !corrupt.None() {
		versions = append(versions, report.Strip{Label: "corrupted", X: seen})
		caption = "Test examples, damaged, and what comes back from the code of the damaged ones"
	}
	versions = append(versions, report.Strip{Label: g.config.Model, X: y})
	if g.pca != nil {
		x, err := g.linear(ctx, seen)
		if err != nil {
			return err
		}
		versions = append(versions, report.Strip{Label: fmt.Sprintf("PCA-%d", g.pca.K()), X: x})
		caption += ", PCA of the same code size below"
	}
	if g.model.Spec.OtherData() {
		return g.mapped(ctx, seen, y, n)
	}
	for i := range versions {
		if versions[i].X, err = pixels(g.model.Preparation(), g.shape(), versions[i].X); err != nil {
			return err
		}
	}
	return g.add("reconstructions.png", caption+".", func(w io.Writer) error {
		return report.Reconstructions(w, g.shape(), versions...)
	})
}

// asSeen makes rows of what comes out such as the encoder sees, where these are prepared another way.
func (g *gallery) asSeen(y []float32) ([]float32, error) {
	raw, err := g.model.TargetPreparation().Undo(y)
	if err != nil {
		return nil, err
	}
	rows, err := eval.Prepared(g.model.Preparation(), raw)
	if err != nil {
		return nil, err
	}
	return eval.Matrix(rows), nil
}

// levels are those of the first n examples, of a conditional model.
func (g *gallery) levels(n int) ([]int32, error) {
	c := g.model.Condition()
	if c == nil {
		return nil, nil
	}
	s, err := c.Match(varied(g.test, n).Head(n))
	if err != nil {
		return nil, err
	}
	return s.Conditions, nil
}

// mapped draws what the decoder made of n examples beside what it was to make, below what it saw where that looks alike.
func (g *gallery) mapped(ctx context.Context, seen, y []float32, n int) error {
	p, shape := g.model.TargetPreparation(), g.shapeMade()
	want, err := eval.Prepared(p, varied(g.test, n).Head(n).Target)
	if err != nil {
		return err
	}
	versions := []report.Strip{{Label: "target", X: make([]float32, want.Rows*want.Cols)}, {Label: g.config.Model, X: y}}
	for i := range want.Rows {
		want.Row(versions[0].X[i*want.Cols:], i)
	}
	for i := range versions {
		if versions[i].X, err = pixels(p, shape, versions[i].X); err != nil {
			return err
		}
	}
	if shape.IsImage() && g.shape() == shape {
		if seen, err = pixels(g.model.Preparation(), shape, seen); err != nil {
			return err
		}
		versions = append([]report.Strip{{Label: "input", X: seen}}, versions...)
	}
	return g.add("reconstructions.png", "What the decoder is to make of test examples, and what it makes.", func(w io.Writer) error {
		return report.Reconstructions(w, shape, versions...)
	})
}

// varied returns a set whose first n rows are of several classes, where the set has them: n rows from end to end where
// it starts with as many of one class, as a folder of pictures does.
func varied(s *data.Set, n int) *data.Set {
	one := func(labels []int32) bool {
		return !slices.ContainsFunc(labels, func(l int32) bool { return l != labels[0] })
	}
	if s.Labels == nil || n >= s.Rows || !one(s.Labels[:n]) || one(s.Labels) {
		return s
	}
	rows := make([]int, n)
	for k := range rows {
		rows[k] = k * s.Rows / n
	}
	return s.Subset(rows)
}

// linear is PCA's reconstruction of rows.
func (g *gallery) linear(ctx context.Context, x []float32) ([]float32, error) {
	codes, err := g.pca.Encode(ctx, g.model.Device(), eval.Dense(x, g.model.Spec.Inputs))
	if err != nil {
		return nil, err
	}
	return g.pca.Decode(g.model.Device(), codes)
}

// losses draws a panel a phase, and the parts of the last phase's loss.
func (g *gallery) losses(context.Context) error {
	if len(g.history) == 0 {
		return nil
	}
	var series []report.Series
	curve := func(panel, name string, rec train.Record, v float64) {
		i := slices.IndexFunc(series, func(s report.Series) bool { return s.Panel == panel && s.Name == name })
		if i < 0 {
			i, series = len(series), append(series, report.Series{Panel: panel, Name: name})
		}
		series[i].X, series[i].Y = append(series[i].X, float64(rec.Epoch)), append(series[i].Y, v)
	}
	phases := map[string]bool{}
	for _, r := range g.history {
		phases[r.Phase] = true
	}
	for _, r := range g.history {
		panel := "loss"
		if len(phases) > 1 {
			panel = r.Phase
		}
		curve(panel, "training", r, r.Train.Loss())
		if r.Validation != nil {
			curve(panel, "validation", r, r.Validation.Loss())
		}
		if r.Phase == "autoencoder" {
			parts(curve, r)
		}
	}
	return g.add("loss.png", "The loss over the epochs.", func(w io.Writer) error {
		return report.LossCurves(w, series, report.CurveOptions{XLabel: "epoch"})
	})
}

// parts adds the terms of a loss that has several.
func parts(curve func(panel, name string, r train.Record, v float64), r train.Record) {
	part := func(t model.Term) bool {
		return t.Name != model.LossTerm && t.Name != model.AccuracyTerm && t.Name != model.SSETerm && t.Name != model.StandardisedTerm && (t.Value != 0 || t.Name == model.ActiveUnitsTerm)
	}
	several := func(t model.Term) bool { return part(t) && t.Name != model.ReconstructionTerm }
	if !slices.ContainsFunc(r.Train, several) {
		return
	}
	for _, of := range []struct {
		name  string
		terms model.Terms
	}{{"training", r.Train}, {"validation", r.Validation}} {
		for _, t := range of.terms {
			if part(t) {
				curve(t.Name, of.name, r, t.Value)
			}
		}
	}
}

func (g *gallery) samples(ctx context.Context) error {
	if !g.model.Spec.HasPrior() {
		return nil
	}
	x, err := g.model.Sample(ctx, shownSamples, g.config.Seed)
	if err != nil {
		return err
	}
	if !g.shapeMade().IsImage() { // a category has a column a level there, as in the other pictures
		p := g.model.TargetPreparation()
		if g.model.Spec.SameRows {
			p = g.model.Preparation()
		}
		if x, err = eval.Prepared(p, x); err != nil {
			return err
		}
	}
	caption := "New examples, decoded from draws of the prior."
	if c := g.model.Condition(); c != nil {
		caption = fmt.Sprintf("New examples, decoded from draws of the prior; %s drawn as often as in the training rows.", c.Name)
	}
	return g.add("samples.png", caption, func(w io.Writer) error {
		return report.Samples(w, g.shapeMade(), greys(x))
	})
}

// filters draws what the first layer's units look for.
func (g *gallery) filters(context.Context) error {
	w0, err := g.model.Weights("encoder.0.weight")
	if err != nil || !g.shape().IsImage() {
		return err
	}
	if s := &g.model.Spec; s.HasCondition() { // whose weights stand behind those of the pixels
		in, wide := s.Inputs, s.Inputs+s.Conditions
		own := make([]float32, 0, len(w0)/wide*in)
		for ; len(w0) > 0; w0 = w0[wide:] {
			own = append(own, w0[:in]...)
		}
		w0 = own
	}
	return g.add("filters.png", "Weights of the encoder's first units: red excites, blue inhibits.", func(w io.Writer) error {
		return report.Filters(w, g.shape(), w0)
	})
}

// codes draws a code of two numbers.
func (g *gallery) codes(ctx context.Context) error {
	if g.model.Spec.Latent != 2 || g.test == nil {
		return nil
	}
	codes, err := g.model.Encode(ctx, g.test)
	if err != nil {
		return err
	}
	return g.add("codes.png", "The codes of the test examples.", func(w io.Writer) error {
		return report.Codes2D(w, codes.F32, g.test.Labels, g.test.Classes)
	})
}
