package backendtest

import "github.com/aegpu/aegpu/backend"

// timer is one clock on the three sides.
type timer struct{ on [3]backend.Clock }

// when is a moment whose words all matter: seed, epoch and step need 64 bits.
var when = backend.Time{
	Seed:  0xFEDCBA9876543210,
	Epoch: 0x1_0000_0007,
	Step:  0x2_0000_0005,
}

// timer is a clock that shows t.
func (c *trial) timer(t backend.Time, table ...backend.Hyper) *timer {
	k := &timer{}
	for i, d := range []backend.Device{c.dev, c.ref, c.size} {
		clock, err := d.AllocClock(max(1, len(table)))
		if err != nil {
			c.Fatalf("AllocClock: %v", err)
		}
		c.free = append(c.free, clock.Mem)
		d.SetClock(clock, t, table)
		k.on[i] = clock
	}
	return k
}

func (s side) c(k *timer) backend.Clock { return k.on[s.i] }

func (s side) noise(k *timer, stream uint32) backend.Noise {
	return backend.Noise{Clock: s.c(k), Stream: stream}
}
