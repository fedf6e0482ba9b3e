//go:build cuda

package gpu

import (
	"errors"
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/libcuda"
	"gorgonia.org/cu"
)

// landing is page-locked memory that a reading arrives in. It is used again when
// the reading was waited for.
type landing struct {
	host    []byte
	arrived cu.Event
}

const landingSize = 4 << 10 // bytes at least

// reading is accumulators on their way to the host.
type reading struct {
	d  *Device
	n  int
	at *landing // nil when it was waited for, or never begun
}

// FetchSums enqueues a copy of accumulators to the host.
func (d *Device) FetchSums(src backend.Sums) backend.Reading {
	r := &reading{d: d, n: src.N}
	if e := sumsExtent(src); d.sized("FetchSums", e, src.N, src.N) {
		d.do("FetchSums", func() (err error) {
			if r.at, err = d.land(8 * src.N); err != nil || src.N == 0 {
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

// land is a landing for that many bytes.
func (d *Device) land(bytes int) (*landing, error) {
	for i, l := range d.landings {
		if len(l.host) >= bytes {
			d.landings = append(d.landings[:i], d.landings[i+1:]...)
			return l, nil
		}
	}
	l := &landing{}
	var err error
	if l.host, err = libcuda.AllocHost(max(bytes, landingSize)); err != nil {
		return nil, err
	}
	d.landed = append(d.landed, l)
	l.arrived, err = cu.MakeEvent(cu.DisableTiming)
	return l, err
}

func (l *landing) free() error {
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
		d.landings = append(d.landings, r.at)
		r.at = nil
		return nil
	})
	return d.err
}
