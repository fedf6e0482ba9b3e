//go:build cuda

package gpu

import (
	"testing"
	"time"

	"github.com/aegpu/aegpu/backend"
)

// The events lie around what is enqueued between them, and within what the host
// sees of it.
func TestTime(t *testing.T) {
	sim := device(t)
	dev := open(t, Options{})
	x, err := dev.Alloc(100, 1000)
	if err != nil {
		t.Fatal(err)
	}
	timer, began := dev.(backend.Timer), time.Now()
	seconds, err := timer.Time(func() { dev.Enqueue(backend.Activate{Y: x, X: x, Act: backend.Tanh}) })
	if most := time.Since(began).Seconds(); err != nil || seconds <= 0 || seconds > most {
		t.Errorf("%g s of at most %g s, %v", seconds, most, err)
	}
	dev.Enqueue(backend.Zero{})
	if _, err := timer.Time(func() {}); err == nil {
		t.Error("the device's first error did not stick")
	}
	x.Mem.Free()
	if err := dev.Close(); err == nil {
		t.Error("Close does not return the first error")
	}
	sound(t, sim)
}
