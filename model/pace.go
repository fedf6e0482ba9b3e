package model

import (
	"context"
	"time"

	"github.com/aegpu/aegpu/backend"
)

// paceTime is about how long a device works on what is enqueued between two looks at the context.
const paceTime = 50 * time.Millisecond

// pace keeps a long pass within reach of its context: without it the whole pass would be enqueued on a GPU before the
// first of it was done.
type pace struct {
	dev    backend.Device
	chunks int // between two waits
	done   int // since the last
	since  time.Time
}

func newPace(dev backend.Device) *pace { return &pace{dev: dev, chunks: 1, since: time.Now()} }

// next is called before each chunk. It returns the context's error where that has ended, or the device's.
func (p *pace) next(ctx context.Context) error {
	if p.done == p.chunks {
		if err := p.dev.Sync(); err != nil {
			return err
		}
		switch took := time.Since(p.since); {
		case took < paceTime/2:
			p.chunks *= 2
		case took > paceTime:
			p.chunks = max(1, p.chunks/2)
		}
		p.done, p.since = 0, time.Now()
	}
	p.done++
	return ctx.Err()
}
