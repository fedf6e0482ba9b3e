package bench

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/train"
)

// rig is a model's training step, planned, on resident rows.
type rig struct {
	rows     backend.Data
	model    *model.Model
	training *model.Training
}

func newRig(dev backend.Device, c train.Config, s *data.Set, batch int) (*rig, error) {
	spec, err := c.Spec(s.Cols)
	if err != nil {
		return nil, &train.RequestError{Err: err}
	}
	opt, err := c.Update()
	if err != nil {
		return nil, &train.RequestError{Err: err}
	}
	r := &rig{}
	if r.rows, err = train.Upload(dev, repeat(s, batch)); err != nil {
		return nil, err
	}
	if r.model, err = model.New(dev, spec, c.Seed); err != nil {
		r.close()
		return nil, err
	}
	r.training, err = r.model.NewTraining(r.rows, backend.Data{}, model.TrainingOptions{Batch: batch, Optimiser: opt, Steps: 1})
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
// was free before; both are zero where the device does not count.
type Memory struct {
	Needed uint64 `json:"needed_bytes"`
	Free   uint64 `json:"free_bytes"`
}

// Plan plans a batch's memory without computing anything.
func Plan(dev backend.Device, c train.Config, s *data.Set, batch int) (Memory, error) {
	before, free := memory(dev)
	if free == 0 {
		return Memory{}, nil
	}
	r, err := newRig(dev, c, s, batch)
	if err != nil {
		return Memory{}, err
	}
	defer r.close()
	after, _ := memory(dev)
	return Memory{Needed: after - before, Free: free}, nil
}

// memory is what the device holds and what is free, zero where it does not count.
func memory(dev backend.Device) (held, free uint64) {
	if c, ok := dev.(backend.MemoryCounter); ok {
		return c.Memory()
	}
	return 0, 0
}
