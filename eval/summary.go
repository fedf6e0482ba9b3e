package eval

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/internal/joint"
	"github.com/aegpu/aegpu/model"
)

// Summary is what a model is worth on a set of examples. Figures are means over
// the examples in the space that the model works in (prepared rows); those that do
// not fit the model are not there. As JSON it is one object with a member a figure.
type Summary struct {
	Examples   int
	Figures    []model.Figure // in the order in which people look at them
	Columns    []ColumnFigure // of a table; nil of images
	Corruption model.Corruption
	PCA        *Baseline

	noDecoder bool     // there are no figures of reconstructions
	units     int      // of a code that is drawn; 0 of another
	said      []string // about the labels
}

// Baseline is the linear model of the same code size on the same examples.
type Baseline struct {
	Components int
	Figures    []model.Figure
	Columns    []ColumnFigure // of the same columns
}

// SummaryOptions choose what Summarise measures beside what always fits.
type SummaryOptions struct {
	Seed     uint64           // of corruption, binarisation and drawn codes
	Corrupt  model.Corruption // of the inputs for the corrupted figures; none: the model's own
	PCA      *PCA             // the baseline, of prepared rows; nil for none
	IWAEK    int              // importance samples an example, 0 for no estimate but that beside probabilistic PCA
	IWAERows int              // rows that the estimate is made on, 0 for all
	Probe    bool             // fit a linear classifier to the codes of the training part
	KNN      int              // neighbours of a nearest-neighbour classifier beside the probe, 0 for none
	Ranks    backend.Ranks    // that measure together, a part of the rows each, all of which have both sets; nil for no others
}

// Get returns the figure of that name, NaN where there is none.
func (s *Summary) Get(name string) float64 { return get(s.Figures, name) }

// Get returns the figure of that name, NaN where there is none.
func (b *Baseline) Get(name string) float64 { return get(b.Figures, name) }

func get(figures []model.Figure, name string) float64 {
	for _, f := range figures {
		if f.Name == name {
			return f.Value
		}
	}
	return math.NaN()
}

// MarshalJSON returns {"examples": n, a member a figure, "columns": [...], "corruption": text,
// "pca": {...}}.
func (s *Summary) MarshalJSON() ([]byte, error) {
	o := object{}
	o.add("examples", s.Examples)
	o.figures(s.Figures)
	o.columns(s.Columns)
	if !s.Corruption.None() {
		o.add("corruption", s.Corruption)
	}
	if s.PCA != nil {
		o.add("pca", s.PCA)
	}
	return o.close()
}

// MarshalJSON returns {"components": k, a member a figure, "columns": [...]}.
func (b *Baseline) MarshalJSON() ([]byte, error) {
	o := object{}
	o.add("components", b.Components)
	o.figures(b.Figures)
	o.columns(b.Columns)
	return o.close()
}

// object is a JSON object whose members keep their order.
type object struct {
	text bytes.Buffer
	err  error
}

func (o *object) add(name string, v any) {
	value, err := json.Marshal(v)
	if err != nil && o.err == nil {
		o.err = err
	}
	o.text.WriteByte("{,"[min(o.text.Len(), 1)])
	o.text.WriteString(strconv.Quote(name))
	o.text.WriteByte(':')
	o.text.Write(value)
}

func (o *object) figures(all []model.Figure) {
	for _, f := range all {
		o.add(f.Name, f.Value)
	}
}

func (o *object) columns(all []ColumnFigure) {
	if len(all) > 0 {
		o.add("columns", all)
	}
}

func (o *object) close() ([]byte, error) {
	o.text.WriteByte('}')
	return o.text.Bytes(), o.err
}

// Summarise measures the model on test. Of a model whose decoder does not fit its codes (see [model.ErrNoDecoder]) there
// are no figures of reconstructions. Both parts are raw rows; train is needed for
// the probe and the explained variance alone. The context's error is returned when it ends first. Ranks all return the
// same summary.
func Summarise(ctx context.Context, m *model.Model, train, test *data.Set, o SummaryOptions) (*Summary, error) {
	if test == nil || test.Rows == 0 {
		return nil, fmt.Errorf("no rows to evaluate on")
	}
	b := summariser{ctx: ctx, model: m, o: o, train: train, test: test, linear: math.NaN(), Summary: &Summary{Examples: test.Rows}}
	if err := joint.Agree(o.Ranks, b.run()); err != nil {
		return nil, err
	}
	return b.Summary, nil
}

// run measures all there is to measure.
func (b *summariser) run() (err error) {
	b.countClasses()
	if b.resident, err = makeResident(b.model, b.test, portionOf(b.o.Ranks, b.test.Rows, evalBatch)); err != nil {
		return err
	}
	defer b.free()
	if len(b.test.Classes) > b.model.Spec.Classes {
		b.at.Labels.Rows = 0 // not the classes that the classifier knows
	}
	parts := []func() error{b.reconstruction, b.explained, b.corrupted, b.likelihood, b.code, b.baseline, b.probe}
	if b.noDecoder = b.model.Classifier.FineTuned; b.noDecoder {
		parts = []func() error{b.classifier, b.code, b.baseline, b.probe}
	}
	for _, part := range parts {
		if err := b.ctx.Err(); err != nil {
			return err
		}
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// summariser puts a summary together.
type summariser struct {
	*Summary
	resident
	ctx         context.Context
	model       *model.Model
	o           SummaryOptions
	train, test *data.Set   // raw rows
	losses      []float64   // of raw columns, nats a row; nil where these have none of their own
	spread      float64     // of images about the training rows' mean; 0 where it is not known
	yardsticks  *yardsticks // of a table; nil of images, and where nothing is reconstructed
	linear      float64     // log-likelihood of probabilistic PCA, nats a row; NaN where it does not stand beside the model's
}

// countClasses has a label mean the same class in both parts and to the classifier.
func (b *summariser) countClasses() {
	classes := b.model.Classifier.Classes
	if classes == nil && b.train != nil && b.train.Labels != nil && b.model.Spec.Classes == 0 {
		classes = b.train.Classes
	}
	if classes != nil && b.test.Labels != nil {
		var said string
		if b.test, said = b.test.Classed(classes); said != "" {
			b.said = append(b.said, said)
		}
		classes = b.test.Classes
	}
	if classes != nil && b.train != nil && b.train.Labels != nil {
		b.train, _ = b.train.Classed(classes)
	}
	if k := b.model.Spec.Classes; k > 0 && len(b.test.Classes) > k {
		b.said = append(b.said, fmt.Sprintf("no accuracy: %s has labels that the classifier does not know, such as %q", b.test.Name, b.test.Classes[k]))
	}
}

// add appends a figure, if it is a finite number.
func add(figures *[]model.Figure, name string, v float64, note string) {
	if v-v == 0 {
		*figures = append(*figures, model.Figure{Name: name, Value: v, Note: note})
	}
}

// addErrors appends the figures of a squared error summed over an example, s being a portion of the examples. The peak of a
// table means nothing.
func addErrors(figures *[]model.Figure, sse float64, s *data.Set, p portion, image bool) error {
	mse := sse / float64(s.Cols)
	add(figures, "sse", sse, "squared error summed over an example")
	add(figures, "mse", mse, "squared error per element")
	if !image {
		return nil
	}
	peak, err := psnr(mse, s, p)
	add(figures, "psnr_db", peak, "peak signal-to-noise ratio")
	return err
}

// reconstruction is what one pass over the clean examples tells.
func (b *summariser) reconstruction() error {
	v, err := measure(b.ctx, b.model, b.resident, model.Corruption{}, b.o.Seed)
	if err != nil {
		return err
	}
	all := &b.Figures
	if err := addErrors(all, v.SSE, b.target, b.portion, b.image()); err != nil {
		return err
	}
	b.losses = b.model.ColumnLosses(&v)
	if name, note := b.model.Spec.LossFigure(); name != "" {
		add(all, name, v.NLL, note)
	}
	for _, t := range v.Terms {
		add(all, t.Name, t.Value, "nats an example")
	}
	add(all, "elbo", v.ELBO, "lower bound of log p(x), nats an example")
	if b.o.IWAEK == 0 && v.Samples > 1 {
		b.bound(-v.Bound, v.Samples, v.Examples)
	}
	addAccuracy(all, v)
	return nil
}

// classifier is what one pass tells of a model without a decoder that fits.
func (b *summariser) classifier() error {
	v, err := measure(b.ctx, b.model, b.resident, model.Corruption{}, b.o.Seed)
	if err == nil {
		addAccuracy(&b.Figures, v)
	}
	return err
}

func addAccuracy(figures *[]model.Figure, v model.Metrics) {
	add(figures, "accuracy", v.Accuracy, "of the classifier")
	add(figures, "test_error", 1-v.Accuracy, "1 - accuracy")
}

// corrupted is the reconstruction of damaged inputs held against the clean ones.
func (b *summariser) corrupted() error {
	corrupt := b.o.Corrupt
	if corrupt.None() {
		corrupt = b.model.Spec.Corrupt
	}
	if corrupt.None() {
		return nil
	}
	v, err := measure(b.ctx, b.model, b.resident, corrupt, b.o.Seed)
	if err != nil {
		return err
	}
	b.Corruption = corrupt
	add(&b.Figures, "corrupted_sse", v.SSE, fmt.Sprintf("sse from inputs damaged by %s", corrupt))
	add(&b.Figures, "corrupted_mse", v.SSE/float64(b.target.Cols), "mse likewise")
	return nil
}

// code is what the codes themselves tell.
func (b *summariser) code() error {
	codes, err := b.model.Encode(b.ctx, b.of(b.test))
	if err != nil {
		return err
	}
	mean, variance, err := moments(b.ctx, b.shares(Dense(codes.F32, codes.Cols)))
	if err != nil {
		return err
	}
	if b.model.Spec.Drawn() {
		b.units = codes.Cols
	}
	for _, f := range b.model.Spec.CodeFigures(mean, variance) {
		add(&b.Figures, f.Name, f.Value, f.Note)
	}
	jacobian := []float64{0, 0} // and of how many examples: the first rows, which the first rank has
	if joint.First(b.ranks) {
		var examples int
		jacobian[0], examples, err = jacobianNorm(b.ctx, b.model, b.at.Rows)
		jacobian[1] = float64(examples)
	}
	err = b.sum(err, jacobian)
	if examples := jacobian[1]; examples > 0 {
		add(&b.Figures, "jacobian_norm", jacobian[0], fmt.Sprintf("how much the code moves with the input, on %.0f examples", examples))
		add(&b.Figures, "jacobian_examples", examples, "")
	}
	return err
}

// baseline measures PCA on the same examples.
func (b *summariser) baseline() (err error) {
	if b.o.PCA == nil {
		return nil
	}
	if b.model.Spec.HasTargets() { // in other terms than those of the rows that the encoder sees
		b.PCA = &Baseline{Components: b.o.PCA.K()}
	} else if b.PCA, err = b.o.PCA.baseline(b.ctx, b.model.Device(), b.set, b.portion, b.image()); err != nil {
		return err
	}
	add(&b.PCA.Figures, logLikelihoodName, b.linear, "log p(x) of probabilistic PCA, nats a row, on as many examples as the model's")
	if b.yardsticks == nil {
		addExplained(&b.PCA.Figures, b.PCA.Get("sse"), b.spread)
		return nil
	}
	b.PCA.Columns, err = b.yardsticks.table(b.ctx, &b.PCA.Figures, b.test, b.o.PCA.maker(b.model.Device(), b.model.Preparation(), b.model.TargetPreparation()))
	return err
}

// baseline returns the reconstruction error on a portion of prepared rows.
func (p *PCA) baseline(ctx context.Context, dev backend.Device, test *data.Set, of portion, image bool) (*Baseline, error) {
	sse, err := p.SSE(ctx, dev, of.shares(SetRows(test)))
	if err != nil {
		return nil, err
	}
	b := &Baseline{Components: p.K()}
	return b, addErrors(&b.Figures, sse, test, of, image)
}

// psnr is the peak signal-to-noise ratio in dB, for data within [0, 1]; NaN for
// others.
func psnr(mse float64, s *data.Set, p portion) (float64, error) {
	outside := []float64{0} // of how many ranks
	if !s.IsBytes() {
		if lo, hi := s.Range(); lo < 0 || hi > 1 {
			outside[0]++
		}
	}
	if err := p.sum(nil, outside); err != nil || outside[0] > 0 {
		return math.NaN(), err
	}
	return 10 * math.Log10(1/mse), nil
}
