package train

import (
	"testing"

	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/internal/realdata"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// TestOnMNIST trains for a short while on the real thing. The bounds leave a
// tenth of room over what docs/results.md reports.
func TestOnMNIST(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	for _, c := range []struct {
		name   string
		preset string
		change func(*settings.Config)
		sse    float64
	}{
		{"deep, one epoch", "ae", func(*settings.Config) {}, 9.0}, // PyTorch: 17.5
		{"linear", "ae", func(c *settings.Config) { // PCA at the same code size: 13.866
			c.Hidden, c.Latent, c.Loss, c.Epochs, c.Schedule.Kind = nil, 30, squared, 10, settings.CosineSchedule
		}, 13.866 * 1.02},
	} {
		t.Run(c.name, func(t *testing.T) {
			config, err := settings.Preset(c.preset)
			if err != nil {
				t.Fatal(err)
			}
			config.Data, config.Val, config.Epochs = realdata.Path(t, "mnist"), 0, 1
			c.change(&config)
			if got := testSSE(t, config); !(got <= c.sse) {
				t.Errorf("test sse %.4f, want at most %.4f", got, c.sse)
			}
		})
	}
}

// testSSE trains and measures the squared error on the test part.
func testSSE(t *testing.T, c settings.Config) float64 {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	sets, err := Load(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	res, err := Run(t.Context(), dev, c, sets, Options{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := res.Model.NewEvaluator(1000)
	if err != nil {
		t.Fatal(err)
	}
	test, err := model.Upload(dev, sets.Test)
	if err != nil {
		t.Fatal(err)
	}
	m, err := e.Evaluate(t.Context(), model.Resident{Rows: test}, model.EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return m.SSE
}
