package eval

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// Reconstructions is what comes out for rows that are scaled already, scaled.
func Reconstructions(m *model.Model, x []float32) ([]float32, error) {
	plain, err := bare(m)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	y := make([]float32, len(x))
	return y, plain.ReconstructRows(y, x)
}

// Corrupted is the first n rows of a set, as they are and damaged.
func Corrupted(dev backend.Device, s *data.Set, n int, c model.Corruption, seed uint64) (clean, noisy []float32, err error) {
	s = s.Head(n)
	r, err := makeResident(dev, s)
	if err != nil {
		return nil, nil, err
	}
	defer r.free()
	both, err := dev.Alloc(2*s.Rows, s.Cols)
	if err != nil {
		return nil, nil, err
	}
	defer both.Mem.Free()
	clock, err := dev.AllocClock(1)
	if err != nil {
		return nil, nil, err
	}
	defer clock.Mem.Free()
	batch := backend.Batch{Clock: clock, Corrupt: c.Kind, Level: c.Level, Low: c.Low, High: c.High}
	if batch.Low == 0 && batch.High == 0 {
		batch.High = 1
	}
	dev.SetClock(clock, backend.Time{Seed: seed}, nil)
	dev.Enqueue(backend.Gather{Clean: both.Top(s.Rows), Noisy: both.Slice(s.Rows*s.Cols, s.Rows, s.Cols), Data: r.rows, Batch: batch})
	v := make([]float32, both.Len())
	dev.Download(v, both)
	return v[:len(v)/2], v[len(v)/2:], dev.Sync()
}
