//go:build cuda

package gpu

import (
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/cudasim"
	"github.com/aegpu/aegpu/model"
)

// onHost is a device that keeps every data set in the host's memory.
type onHost struct{ *Device }

func (d onHost) OnHost(int) bool { return true }

func (d onHost) AllocBytes(rows, cols int, v []byte) (backend.Data, error) {
	b, err := d.hostData("AllocBytes", v)
	return backend.Data{Mem: b, Rows: rows, Cols: cols, Bytes: true}, err
}

func (d onHost) AllocFloats(rows, cols int, v []float32) (backend.Data, error) {
	b, err := d.hostData("AllocFloats", asBytes(v))
	return backend.Data{Mem: b, Rows: rows, Cols: cols}, err
}

// eachOrder runs a test with what is forked as late as its dependencies allow, and as
// early; on a GPU as it comes.
func eachOrder(t *testing.T, test func(t *testing.T, sim *cudasim.Sim)) {
	for _, order := range []string{"late", "early"} {
		t.Run(order, func(t *testing.T) {
			sim := device(t)
			t.Setenv("AEGPU_CUDASIM_GRAPH_ORDER", order)
			test(t, sim)
			sound(t, sim)
		})
	}
}

// hostCurve is the losses of a training on data on the host.
func hostCurve(t *testing.T, o Options, spec model.Spec, training model.TrainingOptions) []float64 {
	t.Helper()
	d := open(t, o).(*Device)
	losses := curve(t, onHost{d}, spec, training)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	return losses
}

// residentCurve is the losses of one on data on the device.
func residentCurve(t *testing.T, o Options, spec model.Spec, training model.TrainingOptions) []float64 {
	t.Helper()
	d := open(t, o)
	losses := curve(t, d, spec, training)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	return losses
}
