package train

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/settings"
)

// fedData takes a device's memory for rows, and returns it with the way there.
func fedData(dev backend.Device, rows, cols int) (backend.Data, backend.Feed, error) {
	to, err := dev.Alloc(rows, cols)
	if err != nil {
		return backend.Data{}, nil, err
	}
	f, err := feedTo(dev, to)
	if err != nil {
		to.Mem.Free()
		return backend.Data{}, nil, err
	}
	return to.Data(), f, nil
}

func feedTo(dev backend.Device, to backend.Tensor) (backend.Feed, error) {
	if f, ok := dev.(backend.Feeder); ok {
		return f.NewFeed(to)
	}
	return &uploads{dev: dev, to: to, from: make([]float32, to.Len())}, nil
}

// nextOf is where the next rows of a feed are read to, nil of none.
func nextOf(f backend.Feed) []float32 {
	if f == nil {
		return nil
	}
	return f.Next()
}

// feedBytes is what the feeds of a window of so many bytes take beside it: of the device, and of the host.
func feedBytes(dev backend.Device, window int) (device, host int) {
	if _, ok := dev.(backend.Feeder); ok {
		return window, 2 * window
	}
	return 0, window
}

// windowBytes is the size of a window, 0 where all rows are on the device.
func windowBytes(c *settings.Config, s *Sets) int {
	rows := s.windowRows(c)
	if rows == 0 {
		return 0
	}
	_, rows = s.heldRows(c, rows)
	if s.Val != nil && windowRows(c, s.Train.Rows) == 0 { // a rank's share of it stays beside
		rows += evaluationCut(s.Share, s.Val.Rows).most(s.Val.Rows)
	}
	cols := s.width()
	if s.Train.Labels != nil {
		cols++
	}
	if s.Train.Conditions != nil {
		cols++
	}
	return 4 * rows * cols
}

// uploads is the feed of a device that computes in the host's memory: an upload there is a copy, and no wait. So one buffer
// is enough, which rows are read to while others are trained on.
type uploads struct {
	dev  backend.Device
	to   backend.Tensor
	from []float32
	rows int
}

func (u *uploads) Next() []float32 { return u.from }

func (u *uploads) Send(rows int) error {
	if rows > u.to.Rows {
		return fmt.Errorf("%d rows to a window of %d", rows, u.to.Rows)
	}
	u.rows = rows
	return nil
}

func (u *uploads) Take() {
	to := u.to.Top(u.rows)
	u.dev.Upload(to, u.from[:to.Len()])
}

func (u *uploads) Free() { u.from = nil }
