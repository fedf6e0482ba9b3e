package cpu_test

import (
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/backendtest"
	"github.com/aegpu/aegpu/cpu"
)

func TestConformance(t *testing.T) {
	backendtest.Run(t, func(t *testing.T) backend.Device {
		dev, err := cpu.Open(cpu.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return dev
	})
}
