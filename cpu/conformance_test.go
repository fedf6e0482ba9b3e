package cpu_test

import (
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/backendtest"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/cpu/simd"
)

// TestConformance holds the device to the suite on every instruction set that
// the machine has.
func TestConformance(t *testing.T) {
	for _, path := range simd.Paths() {
		t.Run(path.String(), func(t *testing.T) {
			t.Setenv("AEGPU_CPU", path.String())
			backendtest.Run(t, func(t *testing.T) backend.Device {
				dev, err := cpu.Open(cpu.Options{})
				if err != nil {
					t.Fatal(err)
				}
				return dev
			})
		})
	}
}
