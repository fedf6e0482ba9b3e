package settings

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/model"
)

// TestErrorsNameTheirField wants the field at fault of what a model says of its spec, and
// a refusal of parts whose text a file could not be read back from.
func TestErrorsNameTheirField(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		field string
		c     Config
	}{
		{"Tied", Config{Model: "vae", Tied: true}}, {"Samples", Config{Samples: 5}}, {"FreeBits", Config{FreeBits: 1}},
		{"Code", Config{Latent: 32, Code: Code{model.TopK{K: 99}}}}, {"Code", Config{Code: Code{model.TopK{K: 1, Alpha: inf}}}},
		{"Latent", Config{Latent: math.MaxInt}}, {"Hidden", Config{Hidden: Widths{-3}}},
		{"Sparsity", Config{Sparsity: Sparsity{Penalty: model.Contractive{Weight: 1}}}},
		{"Sparsity", Config{Sparsity: Sparsity{Code: model.Gaussian{}}}},
		{"Sparsity", Config{Sparsity: Sparsity{Penalty: model.L1Sparsity{Weight: inf}}}},
		{"Contract", Config{Contract: Contraction{model.L1Sparsity{Weight: 1}}}},
		{"Contract", Config{Model: "contractive", Dropout: 0.5}},
		{"DataFingerprint", Config{DataFingerprint: "12"}}, {"KLWarmup", Config{Model: "vae", KLWarmup: 1e300}},
		{"Activation", Config{Activation: Tanh + 1}}, {"CodeActivation", Config{CodeActivation: Tanh + 1}},
		{"Corrupt", Config{Corrupt: Corruptions{{Kind: 1, Level: float32(math.NaN())}}}},
	} {
		var bad *Error
		if err := c.c.Validate(); !errors.As(err, &bad) || bad.Field != c.field {
			t.Errorf("%+v: %v, want an error of %s", c.c, err, c.field)
		}
	}
	if _, err := ReadConfig(strings.NewReader("model: [vae]\n")); err == nil {
		t.Error("a list of models was let through")
	}
	if err := (&Config{Limit: -1 << 40}).Validate(); err == nil || strings.Contains(err.Error(), "e+") {
		t.Errorf("a count in the error %v", err)
	}
}
