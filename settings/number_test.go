package settings

import (
	"strings"
	"testing"

	"github.com/aegpu/aegpu/model"
)

// What is left open is written and read as auto, and a number below 0 is no way to say it.
func TestOpenNumbers(t *testing.T) {
	c := preset(t, "ae")
	for _, written := range []string{"latent: auto\nhidden: auto\n", text(t, c)} {
		got, err := ReadConfig(strings.NewReader(written))
		if err != nil || got.Latent != Auto || !got.Hidden.Auto() || !got.Open() {
			t.Errorf("%q: %v, code %v, hidden layers %v", written, err, got.Latent, got.Hidden)
		}
	}
	for _, name := range []string{"latent", "epochs", "batch", "patience"} {
		for text, want := range map[string]string{"-1": "is -1: expected ", "1.5": "a whole number, or auto", "99999999999999999999": "up to 9223372036854775807"} {
			if err := c.Set(name, text); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s %s: %v, want %s", name, text, err, want)
			}
			if _, err := ReadConfig(strings.NewReader(name + ": " + text)); err == nil {
				t.Errorf("a file's %s: %s was let through", name, text)
			}
		}
	}
}

// A model of sizes that are left open has no spec without data, and one with the usual ones has.
func TestOpenSizesHaveNoSpec(t *testing.T) {
	for _, name := range Models() {
		c := preset(t, name)
		if _, err := c.Spec(784); c.Hidden.Auto() != (err != nil) {
			t.Errorf("%s: %v", name, err)
		}
		usual := c.Usual()
		if spec, err := usual.Spec(784); err != nil || usual.Open() || spec.Latent < 20 {
			t.Errorf("%s: %v, %+v", name, err, spec)
		}
	}
	c := preset(t, "ae")
	c.Sparsity.Code = model.TopK{K: 100}
	if usual := c.Usual(); usual.Latent != 400 || c.Validate() != nil {
		t.Errorf("a code of %v of which 100 are kept: %v", usual.Latent, c.Validate())
	}
}

// What cannot be left open is refused, as are numbers that are neither open nor counts.
func TestOpenRefuses(t *testing.T) {
	for _, tt := range []struct {
		model  string
		change func(*Config)
		want   string // in the error
	}{
		{"stacked", func(c *Config) { c.Corrupt = Corruptions{{}, {}, {}} }, "3 corruptions, one a layer, and Hidden is auto"},
		{"ae", func(c *Config) { c.Decoder = AutoWidths }, "Decoder is auto: expected widths"},
		{"ae", func(c *Config) { c.Epochs = -2 }, "Epochs is -2: expected 0 to 2147483647"},
		{"ae", func(c *Config) { c.Patience = -2 }, "Patience is -2: expected 0 or more"},
	} {
		c := preset(t, tt.model)
		tt.change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v, want %s", err, tt.want)
		}
	}
}
