package model

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aegpu/aegpu/backend"
)

// slow is a device that takes its time for what it was given.
type slow struct {
	backend.Device
	chunk   time.Duration
	given   int
	longest time.Duration // that the host waited
}

func (s *slow) Sync() error {
	took := time.Duration(s.given) * s.chunk
	s.longest, s.given = max(s.longest, took), 0
	time.Sleep(took)
	return nil
}

// A pass over many chunks never has more on the device than is done soon, and waits seldom where chunks are fast.
func TestPaceOfALongPass(t *testing.T) {
	for _, c := range []struct {
		chunk   time.Duration
		n, most int // waits
	}{{20 * time.Millisecond, 20, 20}, {0, 10000, 20}} {
		dev := &slow{chunk: c.chunk}
		look := newPace(dev)
		waits := 0
		for range c.n {
			before := dev.given
			if err := look.next(t.Context()); err != nil {
				t.Fatal(err)
			}
			if dev.given < before {
				waits++
			}
			dev.given++
		}
		if dev.longest > 4*paceTime || waits == 0 || waits > c.most {
			t.Errorf("chunks of %v: %d waits for %d, %v at the most", c.chunk, waits, c.n, dev.longest)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newPace(&slow{}).next(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
