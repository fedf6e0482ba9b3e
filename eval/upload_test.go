package eval

import (
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/model"
)

// narrowDevice keeps every data set in the host's memory, as a GPU does one that it has no
// room for, and counts them.
type narrowDevice struct {
	*ref64.Device
	onHost int
}

func (*narrowDevice) OnHost(int) bool         { return true }
func (*narrowDevice) BatchBytes(int, int) int { return 0 }
func (d *narrowDevice) AllocFloats(rows, cols int, v []float32) (backend.Data, error) {
	d.onHost++
	t, err := d.Alloc(rows, cols)
	if err != nil {
		return backend.Data{}, err
	}
	d.Upload(t, v)
	return t.Data(), nil
}

// TestEvaluationLeavesDataWhereTrainingWould measures on a device without room for the
// rows: they stay on the host, as in training.
func TestEvaluationLeavesDataWhereTrainingWould(t *testing.T) {
	dev := &narrowDevice{Device: ref64.New()}
	s := gradients(20)
	m, err := model.New(dev, model.Spec{Inputs: s.Cols, Latent: 2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Summarise(t.Context(), m, s, s, SummaryOptions{}); err != nil {
		t.Fatal(err)
	}
	if dev.onHost != 1 {
		t.Errorf("%d data sets are on the host, want the one that is measured", dev.onHost)
	}
}
