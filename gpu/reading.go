//go:build cuda

package gpu

import (
	"errors"
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/libcuda"
	"gorgonia.org/cu"
)

// readingBuffer is page-locked memory that a reading arrives in. It is used again when
// the reading was waited for.
type readingBuffer struct {
	host    []byte
	arrived cu.Event
}

const readingSize = 4 << 10 // bytes at least

// reading is accumulators on their way to the host.
type reading struct {
	d  *Device
	n  int
	at *readingBuffer // nil when it was waited for, or never begun
}

// FetchSums enqueues a copy of accumulators to the host.
func (d *Device) FetchSums(src backend.Sums) backend.Reading {
	r := &reading{d: d, n: src.N}
	if e := sumsExtent(src); d.sized("FetchSums", e, src.N, src.N) {
		d.do("FetchSums", func() (err error) {
			if r.at, err = d.bufferFor(8 * src.N); err != nil || src.N == 0 {
				return err
			}
			if err := cu.MemcpyDtoHAsync(asPointer(r.at.host), address(e), int64(8*src.N), d.stream); err != nil {
				return err
			}
			return r.at.arrived.Record(d.stream)
		})
	}
	return r
}

// bufferFor is a buffer for that many bytes.
func (d *Device) bufferFor(bytes int) (*readingBuffer, error) {
	for i, l := range d.idleReadings {
		if len(l.host) >= bytes {
			d.idleReadings = append(d.idleReadings[:i], d.idleReadings[i+1:]...)
			return l, nil
		}
	}
	l := &readingBuffer{}
	var err error
	if l.host, err = libcuda.AllocHost(max(bytes, readingSize)); err != nil {
		return nil, err
	}
	d.allReadings = append(d.allReadings, l)
	l.arrived, err = cu.MakeEvent(cu.DisableTiming)
	return l, err
}

func (l *readingBuffer) free() error {
	errs := []error{libcuda.FreeHost(l.host)}
	if l.arrived != (cu.Event{}) {
		errs = append(errs, cu.DestroyEvent(&l.arrived))
	}
	return errors.Join(errs...)
}

// Done asks the device. What went wrong comes out of Wait.
func (r *reading) Done() bool {
	return r.at == nil || r.d.closed || r.d.worker.Do(func() error {
		if err := r.at.arrived.Query(); errors.Is(err, cu.NotReady) {
			return err
		}
		return nil
	}) == nil
}

// Wait waits for the copy and hands it out.
func (r *reading) Wait(dst []float64) error {
	d := r.d
	if d.err == nil && (len(dst) != r.n || r.at == nil || d.closed) {
		return fmt.Errorf("FetchSums: %d accumulators that were waited for, or are lost, or do not fit the host's %d", r.n, len(dst))
	}
	d.do("FetchSums", func() error {
		if err := r.at.arrived.Synchronize(); err != nil {
			return err
		}
		copy(asBytes(dst), r.at.host)
		d.idleReadings = append(d.idleReadings, r.at)
		r.at = nil
		return nil
	})
	return d.err
}
