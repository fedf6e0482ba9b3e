package settings

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
)

// Validate refuses settings that no run can have, with the reason; those that one
// field is at fault for as an [*Error]. What depends on the data is checked when
// the data is there.
func (c *Config) Validate() error {
	full, err := c.Complete()
	if err != nil {
		return err
	}
	return full.check()
}

func (c *Config) check() error {
	for _, check := range []func() error{c.checkNumbers, c.checkChoices, c.checkReading, c.checkLayers, c.checkInit} {
		if err := check(); err != nil {
			return err
		}
	}
	usual := c.Usual()
	if err := usual.checkSpec(); err != nil {
		return err
	}
	if _, err := c.Update(); err != nil {
		return err
	}
	switch {
	case c.Patience > 0 && c.Val == 0 && c.ValData == "":
		return wrong("Patience", "is %d, without a validation part: set {Val} above 0", c.Patience)
	case c.idle():
		return wrong("Epochs", "is 0 and there is nothing else to train")
	}
	return nil
}

// checkSpec refuses models that there are none of, of however many inputs and levels of a condition.
func (c *Config) checkSpec() error {
	spec, err := c.spec(1)
	switch {
	case err != nil || c.Condition == "":
		return err
	case c.Classifier != NoClassifier:
		return wrong("Condition", "is %s: that does not go with {Classifier} %v, as codes depend on it: expected one of both", c.Condition, c.Classifier)
	case c.PretrainEpochs > 0:
		return wrong("Condition", "is %s: that does not go with {PretrainEpochs} %d, as layers on their own are not told of it: expected 0", c.Condition, c.PretrainEpochs)
	}
	spec.Conditions = 2
	if err := spec.Validate(); err != nil {
		return wrong("Condition", "is %s: %s", c.Condition, err)
	}
	return nil
}

// checkChoices refuses choices that there are none of.
func (c *Config) checkChoices() error {
	for _, f := range []struct {
		field string
		err   error
	}{
		{field: "DataFingerprint", err: c.DataFingerprint.check()},
		{field: "Schedule", err: c.Schedule.check()},
		{field: "Momentum", err: c.Momentum.check()},
		{field: "LRScale", err: c.LRScale.check()},
		{field: "OutputBias", err: c.OutputBias.check()},
		{field: "Classifier", err: c.Classifier.check()},
		{field: "SizeFactor", err: c.SizeFactor.check()},
		{field: "Init", err: readable(c.Init.String(), c.Init.UnmarshalText)},
		{field: "Scale", err: readable(c.Scale.String(), new(data.Scaling).UnmarshalText)},
		{field: "Code", err: readable(c.Code.String(), new(Code).UnmarshalText)},
		{field: "Loss", err: readable(c.Loss.String(), new(Loss).UnmarshalText)},
		{field: "Corrupt", err: readable(c.Corrupt.String(), new(Corruptions).UnmarshalText)},
		{field: "Sparsity", err: readable(c.Sparsity.String(), new(Sparsity).UnmarshalText)},
		{field: "Contract", err: readable(c.Contract.String(), new(Contraction).UnmarshalText)},
		{field: "Precision", err: readable(c.Precision.String(), new(backend.Precision).UnmarshalText)},
		{field: "Activation", err: readable(c.Activation.String(), new(backend.Activation).UnmarshalText)},
		{field: "CodeActivation", err: readable(c.CodeActivation.String(), new(backend.Activation).UnmarshalText)},
		{field: "OutputActivation", err: readable(c.OutputActivation.String(), new(backend.Activation).UnmarshalText)},
	} {
		if f.err != nil {
			return &Error{Field: f.field, Err: f.err}
		}
	}
	return nil
}

// checkReading refuses ways to read that there are none of.
func (c *Config) checkReading() error {
	how := c.Reading()
	var bad *data.ReadingError
	if err := how.Validate(); errors.As(err, &bad) {
		return wrong(bad.Field, "%s", bad.Msg)
	}
	return nil
}

// readable tells whether the text of a choice is that of one.
func readable(text string, unmarshal func([]byte) error) error { return unmarshal([]byte(text)) }

func (c *Config) checkLayers() error {
	for i, w := range []Widths{c.Hidden, c.Decoder} {
		if len(w) > maxLayers {
			return wrong([]string{"Hidden", "Decoder"}[i], "names %d layers: expected %d at most", len(w), maxLayers)
		}
	}
	switch n := len(c.Corrupt); {
	case c.Decoder.Auto():
		return wrong("Decoder", "is auto: expected widths, or none, which mirrors {Hidden}")
	case n > 1 && c.PretrainEpochs > 0 && c.Hidden.Auto():
		return wrong("Corrupt", "names %d corruptions, one a layer, and {Hidden} is auto: expected its widths", n)
	}
	return nil
}

// bound is what a number must be.
type bound struct {
	field string
	value float64
	ok    func(float64) bool
	want  string
	in32  bool // it is computed with in float32
}

func notNegative(v float64) bool { return v >= 0 }
func above(v float64) bool       { return v > 0 }
func warmUp(v float64) bool      { return v >= 0 && v <= maxEpochs }
func rise(v float64) bool        { return v >= 0 && v <= math.MaxFloat32 } // losses are sums of numbers of float32
func share(v float64) bool       { return v >= 0 && v < 1 }

// MaxSamples bounds the codes that are drawn for an example.
const MaxSamples = 1 << 24

const (
	wantNotNegative = "0 or more"
	wantAbove       = "above 0"
	wantShare       = "0 or more and below 1"
	wantWarmUp      = "0 or more, up to 2147483647"
	wantRise        = "0 or more, up to 3.4e+38"
	maxEpochs       = math.MaxInt32 // so that steps can be counted
	maxBatch        = math.MaxInt32 // rows, and batches of an update, so that its rows can be counted
	maxWidth        = math.MaxInt32 // units of a layer
)

// bounds are those of the numbers.
func (c *Config) bounds() []bound {
	count := func(field string, v int) bound {
		return bound{field: field, value: float64(v), ok: notNegative, want: wantNotNegative}
	}
	between := func(field string, v, least, most int) bound {
		return bound{field: field, value: float64(v), ok: func(v float64) bool { return v >= float64(least) && v <= float64(most) }, want: fmt.Sprintf("%d to %d", least, most)}
	}
	double := func(field string, v float64, ok func(float64) bool, want string) bound {
		return bound{field: field, value: v, ok: ok, want: want}
	}
	single := func(field string, v float64, ok func(float64) bool, want string) bound {
		return bound{field: field, value: v, ok: ok, want: want, in32: true}
	}
	open := func(field string, v Number, least, most int) bound {
		b := between(field, 0, least, most)
		in := b.ok
		b.value, b.ok = float64(v), func(x float64) bool { return Number(x) == Auto || in(x) }
		return b
	}
	patience := open("Patience", c.Patience, 0, math.MaxInt)
	patience.want = wantNotNegative
	return []bound{
		count("Limit", c.Limit),
		count("Window", c.Window),
		count("Block", c.Block),
		double("Test", c.Test, share, wantShare),
		double("Val", c.Val, share, wantShare),
		open("Latent", c.Latent, 1, maxWidth),
		single("Dropout", c.Dropout, share, wantShare),
		single("Beta", c.Beta, notNegative, wantNotNegative),
		double("KLWarmup", c.KLWarmup, warmUp, wantWarmUp),
		single("FreeBits", c.FreeBits, notNegative, wantNotNegative),
		between("Samples", c.Samples, 1, MaxSamples),
		open("Epochs", c.Epochs, 0, maxEpochs),
		open("Batch", c.Batch, 1, maxBatch),
		between("Accumulate", c.Accumulate, 1, maxBatch),
		single("LR", c.LR, above, wantAbove),
		single("Beta1", c.Beta1, share, wantShare),
		single("Beta2", c.Beta2, share, wantShare),
		single("Eps", c.Eps, above, wantAbove),
		double("LRWarmup", c.LRWarmup, warmUp, wantWarmUp),
		single("WeightDecay", c.WeightDecay, notNegative, wantNotNegative),
		single("Clip", c.Clip, notNegative, wantNotNegative),
		patience,
		double("MinImprovement", c.MinImprovement, rise, wantRise),
		between("PretrainEpochs", c.PretrainEpochs, 0, maxEpochs),
		single("PretrainLR", c.PretrainLR, above, wantAbove),
		between("ClassifierEpochs", c.ClassifierEpochs, 0, maxEpochs),
		single("ClassifierLR", c.ClassifierLR, above, wantAbove),
	}
}

// decimal returns a number as people write it: a count in full, where float64 has it.
func decimal(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// check returns what is wrong with the number.
func (b *bound) check() error {
	v := b.value
	if !b.ok(v) || math.IsInf(v, 0) {
		return wrong(b.field, "is %s: expected %s", decimal(v), b.want)
	}
	in := float64(float32(v))
	if b.in32 && (!b.ok(in) || math.IsInf(in, 0) || in == 0 && v != 0) {
		return wrong(b.field, "is %g, which is %g in float32: expected %s", v, in, b.want)
	}
	return nil
}

func (c *Config) checkNumbers() error {
	for _, b := range c.bounds() {
		if err := b.check(); err != nil {
			return err
		}
	}
	return nil
}

// checkNumber checks the number in one field, if there is one.
func (c *Config) checkNumber(field string) error {
	for _, b := range c.bounds() {
		if b.field == field {
			return b.check()
		}
	}
	return nil
}
