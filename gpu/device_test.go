//go:build cuda

package gpu

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/backendtest"
	"github.com/aegpu/aegpu/gpu/cudasim"
	"gorgonia.org/cu"
)

// Tests measure nothing into the user's cache.
func TestMain(m *testing.M) {
	if os.Getenv(tuneEnv) == "" {
		os.Setenv(tuneEnv, TuningOff)
	}
	os.Exit(m.Run())
}

// simulator loads the simulator, and skips the test where there is none.
func simulator(t *testing.T) *cudasim.Sim {
	t.Helper()
	sim, err := cudasim.Use()
	if err != nil {
		t.Skip(err)
	}
	sim.Reset()
	return sim
}

// device is for tests that a GPU can run too: without the simulator they do, and
// then the simulator is nil and has nothing to say.
func device(t *testing.T) *cudasim.Sim {
	t.Helper()
	if os.Getenv(cudasim.Env) != "" {
		return simulator(t)
	}
	if infos, err := List(); err != nil || len(infos) == 0 {
		t.Skipf("no simulator (%s) and no GPU: %v", cudasim.Env, err)
	}
	keepContext()
	return nil
}

// keepContext has the GPU's context outlast the devices that tests open and close:
// making one takes a GPU longer than most tests.
var keepContext = sync.OnceFunc(func() { _, _ = cu.Device(0).RetainPrimaryCtx() }) // a device says why it cannot

// sound wants that the simulator, if it is there, found nothing.
func sound(t *testing.T, sim *cudasim.Sim) {
	t.Helper()
	if sim == nil {
		return
	}
	if report := sim.Report(); report != "" {
		t.Errorf("the simulator found:\n%s", report)
	}
	if s := sim.Stats(); s.Live != 0 || s.Leaked != 0 {
		t.Errorf("%d allocations were leaked, %d are live", s.Leaked, s.Live)
	}
}

func open(t *testing.T, o Options) backend.Device {
	t.Helper()
	d, err := OpenWith(0, o)
	if err != nil && o.Precision != FP32 && strings.Contains(err.Error(), "compute capability") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// conform runs the conformance suite, after which the simulator must have found
// nothing.
func conform(t *testing.T, suite backendtest.Suite, o Options) {
	sim := device(t)
	var opened []*Device
	suite.Run(t, func(t *testing.T) backend.Device {
		d := open(t, o)
		opened = append(opened, d.(*Device))
		return d
	})
	sound(t, sim)
	sameAlgorithms(t, opened)
}

// sameAlgorithms wants that whatever device asks for a product gets the same algorithm: another one rounds otherwise.
func sameAlgorithms(t *testing.T, opened []*Device) {
	t.Helper()
	type by struct {
		device int
		*asked
	}
	first := map[string]by{}
	for i, d := range opened {
		for _, a := range d.asked {
			f, known := first[a.product()]
			if !known {
				first[a.product()] = by{i, a}
			} else if f.algorithm != a.algorithm || (f.err == nil) != (a.err == nil) {
				t.Errorf("%s: for device %d of %d %d of %d, %x, %v; for device %d %d of %d, %x, %v", a.product(), f.device, len(opened), f.chosen, f.candidates,
					f.algorithm, f.err, i, a.chosen, a.candidates, a.algorithm, a.err)
			}
		}
	}
}

// long skips the further runs of the whole suite with -short.
func long(t *testing.T) {
	if testing.Short() {
		t.Skip("the suite once more")
	}
}

func TestConformance(t *testing.T) { conform(t, backendtest.Suite{Fuses: true}, Options{}) }

func TestConformanceTF32(t *testing.T) {
	long(t)
	conform(t, backendtest.Suite{Products: backendtest.TF32, Fuses: true}, Options{Precision: TF32})
}

func TestConformanceBF16(t *testing.T) {
	long(t)
	conform(t, backendtest.Suite{Products: backendtest.BF16, Fuses: true}, Options{Precision: BF16})
}

// Where cuBLASLt has no epilogue, kernels stand in for it.
func TestConformanceWithoutEpilogues(t *testing.T) {
	long(t)
	simulator(t)
	t.Setenv("AEGPU_CUDASIM_NO_EPILOGUES", "1")
	conform(t, backendtest.Suite{Fuses: true}, Options{})
}
