package train

import (
	"testing"

	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// Where the start is left open it is PCA, but not of conditional models, of those whose layers are trained one by one first, and
// of nets that cannot carry it; those that start from other weights have these.
func TestWhatStartsFromPCA(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*settings.Config)
		is     bool
	}{
		{"as it is left open", func(*settings.Config) {}, true},
		{"a VAE", func(c *settings.Config) { c.Code = settings.Code{Code: model.Gaussian{}} }, true},
		{"as asked", func(c *settings.Config) { c.Init = model.PCAInit }, true},
		{"drawn as asked", func(c *settings.Config) { c.Init = model.XavierInit }, false},
		{"conditional", func(c *settings.Config) { c.Condition = "label" }, false},
		{"conditional, as asked", func(c *settings.Config) { c.Condition, c.Init = "label", model.PCAInit }, true},
		{"tanh", func(c *settings.Config) { c.Activation = settings.Tanh }, false},
		{"a cut code", func(c *settings.Config) { c.Code = settings.Code{Code: model.TopK{K: 1}} }, false},
	} {
		o := small(t, "ae")
		o.Init, o.Val = model.AutoInit, 0
		c.change(&o)
		if r := started(t, o, mixed(t, 60)); r.startsFromPCA() != c.is {
			t.Errorf("%s: starts from PCA: %v", c.name, !c.is)
		}
	}
	o := small(t, "stacked")
	o.Init = model.AutoInit
	if r := started(t, o, mixed(t, 60)); r.startsFromPCA() {
		t.Error("layers that are trained one by one start from PCA")
	}
}
