package settings

import (
	"reflect"
	"strings"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/model"
)

// presets are the named models, by what they differ in from ae.
var presets = []struct {
	name   string
	change func(*Config)
}{
	{"ae", func(*Config) {}},
	{"stacked", func(c *Config) { c.PretrainEpochs = 3 }},
	{"denoising", func(c *Config) { c.Corrupt = Corruptions{{Kind: backend.Masking, Level: 0.3}} }},
	{"sparse", func(c *Config) {
		c.Hidden, c.Latent, c.CodeActivation = Widths{}, 196, Sigmoid
		c.Sparsity.Penalty = model.KLSparsity{Target: 0.05, Weight: 3}
	}},
	{"vae", func(c *Config) { c.Code = Code{model.Gaussian{}} }},
	{"contractive", func(c *Config) {
		// Tied, because an untied decoder undoes any shrinking of the encoder (Rifai et al. 2011).
		c.Hidden, c.Latent, c.CodeActivation, c.Tied = Widths{}, 256, Sigmoid, true
		c.Contract.Penalty = model.Contractive{Weight: 0.1}
	}},
}

// Models returns the presets' names.
func Models() []string {
	names := make([]string, len(presets))
	for i, p := range presets {
		names[i] = p.name
	}
	return names
}

// Preset returns the complete config of a named model.
func Preset(name string) (Config, error) {
	for _, p := range presets {
		if p.name == name {
			c := plain()
			p.change(&c)
			c.Model = name
			return c, nil
		}
	}
	return Config{}, wrong("Model", "is %q: expected one of %s", name, strings.Join(Models(), ", "))
}

// plain returns the config of an autoencoder without more to it.
func plain() Config {
	return Config{
		Data: "builtin:glyphs", Test: 0.1, Val: 0.1,
		Hidden: Widths{int(Auto)}, Decoder: Widths{}, Latent: Auto, Activation: ReLU, CodeActivation: Identity, OutputActivation: Identity,
		Code: Code{model.Deterministic{}}, Loss: Loss{By: AutoLoss}, Beta: 1, Samples: 1,
		Epochs: Auto, Batch: Auto, Patience: Auto, Schedule: Schedule{Kind: AutoSchedule}, Accumulate: 1, LR: 1e-3, Optimizer: Adam, Momentum: Momentum{Value: 0.9},
		Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, PretrainLR: 1e-3, ClassifierEpochs: 10, ClassifierLR: 1e-3,
		Seed: 1, Device: "auto", complete: true,
	}
}

// Open reports whether a setting is left to be found out from the data.
func (c *Config) Open() bool {
	return c.Hidden.Auto() || c.Latent == Auto || c.Epochs == Auto || c.Batch == Auto || c.Patience == Auto || c.Schedule.Kind == AutoSchedule
}

// Usual returns the complete config with what is left open as it may well be, where there are no data to find it out from.
func (c Config) Usual() Config {
	vae := c.Model == "vae"
	switch {
	case !c.Hidden.Auto():
	case vae:
		c.Hidden = Widths{400}
	default:
		c.Hidden = Widths{512, 256}
	}
	for _, n := range []struct {
		at    *Number
		usual Number
	}{{&c.Epochs, 10}, {&c.Batch, 128}, {&c.Patience, 0}} {
		if *n.at == Auto {
			*n.at = n.usual
		}
	}
	if c.Latent == Auto {
		c.Latent = 32
		if vae {
			c.Latent = 20
		}
		c.Latent = max(c.Latent, Number(c.LeastCode()))
	}
	if c.Schedule.Kind == AutoSchedule {
		c.Schedule = Schedule{}
	}
	return c
}

// LeastCode returns the size that a code has at least where that is left open: of one that keeps some units, several times
// as many.
func (c *Config) LeastCode() int {
	for _, code := range []model.Code{c.Code.Code, c.Sparsity.Code} {
		if top, ok := code.(model.TopK); ok && top.K > 0 && top.K < maxWidth/timesKept {
			return timesKept * top.K
		}
	}
	return 1
}

// timesKept is how many units a code has for each that it keeps.
const timesKept = 4

// Complete returns the config with what was left out taken from its preset (see
// [Config]). An unknown model is an [*Error].
func (c Config) Complete() (Config, error) {
	if c.Model == "" {
		c.Model = "ae"
	}
	preset, err := Preset(c.Model)
	if err != nil || c.complete {
		return c, err
	}
	mine, usual := reflect.ValueOf(&c).Elem(), reflect.ValueOf(preset)
	for _, i := range fields() {
		if mine.Field(i).IsZero() {
			mine.Field(i).Set(usual.Field(i))
		}
	}
	c.complete = true
	return c, nil
}

// idle reports whether there is nothing to train.
func (c *Config) idle() bool {
	return c.Epochs == 0 && c.PretrainEpochs == 0 && (c.Classifier == NoClassifier || c.ClassifierEpochs == 0)
}
