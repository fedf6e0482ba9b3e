package bench

import (
	"time"

	"github.com/aegpu/aegpu/backend"
)

// The clocks that there are.
const (
	DeviceEvents = "device events"
	HostClock    = "host"
)

// ClockOf names the clock that times a device: its own where it has one.
func ClockOf(dev backend.Device) string {
	if _, ok := dev.(backend.Timer); ok {
		return DeviceEvents
	}
	return HostClock
}

// elapsed is the seconds that what f enqueues takes.
func elapsed(dev backend.Device, f func()) (float64, error) {
	if t, ok := dev.(backend.Timer); ok {
		return t.Time(f)
	}
	start := time.Now()
	f()
	err := dev.Sync()
	return time.Since(start).Seconds(), err
}
