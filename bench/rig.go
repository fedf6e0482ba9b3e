package bench

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
	"github.com/aegpu/aegpu/train"
)

// rig is a model's training step, planned, on resident rows.
type rig struct {
	rows     backend.Data
	model    *model.Model
	training *model.Training
}

func newRig(dev backend.Device, c settings.Config, s *data.Set, batch int) (*rig, error) {
	spec, err := c.Spec(s.Cols)
	if err != nil {
		return nil, &train.RequestError{Err: err}
	}
	opt, err := c.Update()
	if err != nil {
		return nil, &train.RequestError{Err: err}
	}
	r := &rig{}
	if r.rows, err = model.Upload(dev, repeat(s, batch)); err != nil {
		return nil, err
	}
	if r.model, err = model.New(dev, spec, c.Seed); err != nil {
		r.close()
		return nil, err
	}
	r.training, err = r.model.NewTraining(model.Resident{Rows: r.rows}, model.TrainingOptions{Batch: batch, Optimiser: opt, Steps: 1})
	if err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *rig) close() {
	if r.training != nil {
		r.training.Close()
	}
	if r.model != nil {
		r.model.Close()
	}
	r.rows.Mem.Free()
}

// Memory is what training at a batch size takes of a device's memory, and what
// was free when the device was opened, 0 where it does not know.
type Memory struct {
	Needed uint64 `json:"needed_bytes"`
	Free   uint64 `json:"free_bytes"`
}

// Fits reports whether it does, as far as is known.
func (m Memory) Fits() bool { return m.Free == 0 || m.Needed <= m.Free }

// Plan plans the memory of a point on prepared rows without taking it.
func Plan(dev backend.Device, c settings.Config, s *data.Set, batch int) (Memory, error) {
	c.Batch = settings.Number(batch)
	rows := *s
	rows.Rows, rows.Labels = max(s.Rows, batch), nil // of which only the number counts
	m, err := train.Plan(dev, c, &train.Sets{Train: &rows, Preparation: data.IdentityPreparation(s.Cols)})
	need, info := m.Total(), dev.Info()
	if info.Kind == "cpu" && batch > s.Rows { // the repeated rows lie in the same memory before they are the device's
		need += m.Data
	}
	return Memory{Needed: uint64(need), Free: info.Free}, err
}

// held is what the device has taken, 0 where it does not count.
func held(dev backend.Device) uint64 {
	if c, ok := dev.(backend.MemoryCounter); ok {
		return uint64(c.HeldBytes())
	}
	return 0
}
