package settings

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/model"
)

func preset(t *testing.T, name string) Config {
	t.Helper()
	c, err := Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A literal is completed from its preset, where it does not say otherwise.
func TestComplete(t *testing.T) {
	for _, name := range Models() {
		c := Config{Model: name}
		if got, err := c.Complete(); err != nil || !reflect.DeepEqual(got, preset(t, name)) {
			t.Errorf("%s: %v,\n%+v, want\n%+v", name, err, got, preset(t, name))
		}
		if err := (&Config{Model: name}).Validate(); err != nil {
			t.Errorf("%s alone: %v", name, err)
		}
	}
	c, err := Config{Latent: 2, Hidden: Widths{}, Batch: 16, LR: 0.5}.Complete()
	if err != nil || c.Model != "ae" || c.Latent != 2 || len(c.Hidden) != 0 || c.Batch != 16 || c.LR != 0.5 {
		t.Errorf("%+v, %v", c, err)
	}
	if c.Seed != 1 || c.Val != 0.1 || c.Activation != ReLU || c.Optimizer != Adam {
		t.Errorf("what was left out is not the preset's: %+v", c)
	}
	c, err = Config{Model: "sparse", Activation: Identity, CodeActivation: Tanh, Optimizer: SGD, Sparsity: Sparsity{Penalty: model.L1Sparsity{Weight: 1}}}.Complete()
	if err != nil || c.Activation != Identity || c.CodeActivation != Tanh || c.Optimizer != SGD || c.Sparsity.String() != "l1:1" {
		t.Errorf("what was asked for is not kept: %+v, %v", c, err)
	}
}

// A config from a preset means what it says, zero too.
func TestCompleteLeavesAPreset(t *testing.T) {
	c := preset(t, "vae")
	c.Beta, c.Hidden, c.Batch = 0, nil, 0
	got, err := c.Complete()
	if err != nil || got.Beta != 0 || got.Hidden != nil || got.Batch != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestUnknownModel(t *testing.T) {
	c := Config{Model: "vea"}
	_, complete := c.Complete()
	_, spec := c.Spec(3)
	_, update := c.Update()
	_, flags := c.Flags()
	for what, err := range map[string]error{"Complete": complete, "Validate": c.Validate(), "Spec": spec, "Update": update, "Flags": flags, "Write": c.Write(nil)} {
		var bad *Error
		if !errors.As(err, &bad) || bad.Field != "Model" || !strings.Contains(err.Error(), `Model is "vea": expected one of ae, stacked, denoising`) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestValidateRefuses(t *testing.T) {
	for _, tt := range []struct {
		what   string
		model  string
		change func(*Config)
		want   string // in the error
	}{
		{"tied vae", "vae", func(c *Config) { c.Tied = true }, "tied"},
		{"beta without vae", "ae", func(c *Config) { c.Beta = 2 }, "Beta is 2: "},
		{"warm-up without vae", "ae", func(c *Config) { c.KLWarmup = 2 }, "KLWarmup is 2: "},
		{"kl sparsity on relu", "ae", func(c *Config) {
			c.Sparsity.Penalty, c.CodeActivation = model.KLSparsity{Target: 0.05, Weight: 3}, ReLU
		}, "sigmoid"},
		{"topk beyond latent", "ae", func(c *Config) { c.Latent, c.Sparsity.Code = 32, model.TopK{K: 99} }, "topk keeps 99"},
		{"topk vae", "vae", func(c *Config) { c.Sparsity.Code = model.TopK{K: 2} }, "Sparsity is topk:2, and Code gaussian"},
		{"nan rate", "ae", func(c *Config) { c.LR = math.NaN() }, "LR is NaN: expected above 0"},
		{"batch 0", "ae", func(c *Config) { c.Batch = 0 }, "Batch is 0: expected 1 to 2147483647"},
		{"patience without val", "ae", func(c *Config) { c.Patience, c.Val = 3, 0 }, "set Val above 0"},
		{"corruption a layer", "ae", func(c *Config) { c.Corrupt = Corruptions{{}, {}, {}} }, "PretrainEpochs above 0 (Model stacked)"},
		{"too few corruptions", "stacked", func(c *Config) { c.Hidden, c.Corrupt = Widths{512, 256}, Corruptions{{}, {}} }, "2 corruptions for 3 layers"},
		{"unknown corruption", "ae", func(c *Config) { c.Corrupt = Corruptions{{Kind: 9}} }, "unknown corruption"},
		{"masking above 1", "ae", func(c *Config) { c.Corrupt = Corruptions{{Kind: backend.Masking, Level: 1.5}} }, "level 1.5"},
		{"accumulate 0", "ae", func(c *Config) { c.Accumulate = 0 }, "Accumulate is 0"},
		{"unknown lr-scale", "ae", func(c *Config) { c.LRScale.Kind = 9 }, "LRScale: unknown"},
		{"lr-scale of a negative batch", "ae", func(c *Config) { c.LRScale = LRScale{LinearLRScale, -1} }, "LRScale: "},
		{"unknown schedule", "ae", func(c *Config) { c.Schedule.Kind = 9 }, "Schedule: unknown"},
		{"step without epochs", "ae", func(c *Config) { c.Schedule.Kind = StepSchedule }, "Schedule: "},
		{"momentum of 1", "ae", func(c *Config) { c.Momentum.Value = 1 }, "Momentum: "},
		{"unknown precision", "ae", func(c *Config) { c.Precision = 9 }, "Precision: unknown"},
		{"unknown scaling", "ae", func(c *Config) { c.Scale = 9 }, "Scale: unknown"},
		{"unknown activation", "ae", func(c *Config) { c.Activation = 99 }, `Activation: unknown activation "activation(99)"`},
		{"a warm-up without end", "ae", func(c *Config) { c.LRWarmup = 1e300 }, "LRWarmup is 1e+300: expected 0 or more, up to 2147483647"},
		{"an improvement beyond float32", "ae", func(c *Config) { c.MinImprovement = 1e300 }, "MinImprovement is 1e+300: expected 0 or more, up to 3.4e+38"},
		{"unknown initialisation", "ae", func(c *Config) { c.Init = "cold" }, "Init: unknown"},
		{"unknown rule", "ae", func(c *Config) { c.Optimizer = 9 }, "Optimizer is 9"},
		{"unknown classifier", "ae", func(c *Config) { c.Classifier = 9 }, "Classifier: unknown"},
		{"contract with dropout", "contractive", func(c *Config) { c.Dropout = 0.5 }, "dropout"},
		{"a million probes", "ae", func(c *Config) { c.Contract.Penalty = model.Contractive{Weight: 1, Probes: 1000000} }, "expected 1 to 4096"},
		{"eps of 0 in float32", "ae", func(c *Config) { c.Eps = 1e-46 }, "Eps is 1e-46, which is 0 in float32"},
		{"clip of 0 in float32", "ae", func(c *Config) { c.Clip = 1e-46 }, "Clip is 1e-46, which is 0 in float32"},
		{"rate beyond float32", "ae", func(c *Config) { c.LR = 1e39 }, "LR is 1e+39, which is +Inf in float32"},
		{"beta2 of 1 in float32", "ae", func(c *Config) { c.Beta2 = 1 - 1e-12 }, "Beta2 is 0.999999999999, which is 1 in float32: expected 0 or more and below 1"},
		{"infinite free bits", "vae", func(c *Config) { c.FreeBits = math.Inf(1) }, "FreeBits is +Inf"},
		{"layers of too many weights", "ae", func(c *Config) { c.Hidden = Widths{1 << 25, 1 << 25} }, "layer 2 of the encoder has 33554432 x 33554432 weights"},
		{"a width beyond counting", "ae", func(c *Config) { c.Hidden = Widths{math.MaxInt} }, "hidden layer of 9223372036854775807 units"},
		{"a code beyond counting", "vae", func(c *Config) { c.Latent = math.MaxInt }, "Latent is 9.223372036854776e+18: expected 1 to 2147483647"},
		{"too many layers", "ae", func(c *Config) { c.Decoder = slices.Repeat(Widths{2}, 65) }, "Decoder names 65 layers"},
		{"samples beyond counting", "vae", func(c *Config) { c.Samples = math.MaxInt }, "Samples is 9"},
		{"nothing to train", "ae", func(c *Config) { c.Epochs = 0 }, "Epochs is 0"},
	} {
		c := preset(t, tt.model)
		tt.change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.what, err, tt.want)
		}
		if _, err := c.Flags(); err != nil { // whatever is wrong can be said
			t.Errorf("%s: %v", tt.what, err)
		}
	}
}

func TestWords(t *testing.T) {
	c := preset(t, "ae")
	c.Patience, c.Val = 3, 0
	var bad *Error
	if !errors.As(c.Validate(), &bad) {
		t.Fatal(c.Validate())
	}
	got := bad.Words(func(field string) string { return "--" + Name(field) })
	if want := "--patience is 3, without a validation part: set --val above 0"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestSet(t *testing.T) {
	c := preset(t, "ae")
	for name, text := range map[string]string{"latent": "5", "tied": "true", "lr": "0.25", "seed": "9", "device": "cpu", "hidden": "none", "code": "gaussian:3"} {
		if err := c.Set(name, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c.Latent != 5 || !c.Tied || c.LR != 0.25 || c.Seed != 9 || c.Device != "cpu" || len(c.Hidden) != 0 || c.Code.String() != "gaussian:3" {
		t.Errorf("%+v", c)
	}
	for name, text := range map[string]string{"latent": "x", "batch": "0", "beta": "-1", "lr": "", "scale": "big", "seed": "-1", "eps": "1e-46"} {
		var bad *Error
		if err := c.Set(name, text); !errors.As(err, &bad) || Name(bad.Field) != name {
			t.Errorf("%s %q: %v", name, text, err)
		}
	}
	var unknown *UnknownError
	if err := c.Set("latnt", "3"); !errors.As(err, &unknown) || c.Get("latnt") != nil {
		t.Errorf("unknown: %v", err)
	}
}

// What Flags returns sets a preset to the config again.
func TestFlags(t *testing.T) {
	for _, name := range Models() {
		c := preset(t, name)
		c.Tied, c.Hidden, c.LR, c.Beta = !c.Tied, Widths{7, 6}, 0.5, 0
		c.Schedule = Schedule{Kind: CosineSchedule, Floor: 0.1}
		flags, err := c.Flags()
		if err != nil || flags[0] != "--model" || flags[1] != name {
			t.Fatal(flags, err)
		}
		got := preset(t, name)
		for i := 2; i < len(flags); i++ {
			flag, text, in := strings.Cut(flags[i], "=")
			if !in {
				i++
				text = flags[i]
			}
			if err := got.Set(strings.TrimPrefix(flag, "--"), text); err != nil {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(got, c) {
			t.Errorf("%v makes\n%+v, want\n%+v", flags, got, c)
		}
	}
}

func TestUpdateParts(t *testing.T) {
	for _, tt := range []struct {
		batch, accumulate, rows int
		want                    Parts
	}{
		{128, 1, 60000, Parts{128, 128, 1}},
		{128, 4, 60000, Parts{512, 128, 4}},
		{128, 4, 500, Parts{500, 128, 4}}, // the last batch of the only update has 116
		{128, 9, 300, Parts{300, 128, 3}},
		{128, 9, 100, Parts{100, 100, 1}},
		{1 << 40, 1 << 40, 100, Parts{100, 100, 1}},
	} {
		c := Config{Batch: Number(tt.batch), Accumulate: tt.accumulate}
		if got := c.UpdateParts(tt.rows); got != tt.want {
			t.Errorf("batch %d, accumulate %d of %d rows: %+v, want %+v", tt.batch, tt.accumulate, tt.rows, got, tt.want)
		}
	}
}
