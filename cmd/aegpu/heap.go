package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/settings"
	"github.com/aegpu/aegpu/train"
)

// limitHeap has Go collect its garbage before it takes memory that the process is not allowed (a control group's, or
// ulimit -v), unless GOMEMLIMIT says otherwise.
func limitHeap() {
	free := hostmemory.Free()
	if free == 0 || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	debug.SetMemoryLimit(int64(m.Sys-m.HeapReleased) + int64(free/10*8))
}

// prepared are rows as a model sees them, where the host has memory for them.
func prepared(p *data.Preparation, s *data.Set) (*data.Set, error) {
	if !p.Identity() || s.F64 != nil {
		if err := hostmemory.Ask("prepared rows", s.Rows, p.Inputs(), 4); err != nil {
			return nil, err
		}
	}
	return p.Apply(s)
}

// askForRun refuses a training whose checkpoints the host would have no memory to write: each is a copy of the
// parameters, the optimiser's moments and the best weights. On the CPU the training itself is in the same memory.
// What else is wrong with the request, train.Run says.
func askForRun(dev backend.Device, c *settings.Config, sets *train.Sets) error {
	spec, err := c.Spec(sets.Preparation.Inputs())
	if err != nil {
		return nil
	}
	optimiser, err := c.Update()
	if err != nil {
		return nil
	}
	m, err := train.Plan(dev, *c, sets)
	if err != nil {
		return nil
	}
	if free := dev.Info().Free; free > 0 && uint64(m.Total()) > free {
		return nil // which says the batch that fits
	}
	const beside = 7 // the model itself, the best weights twice, one buffer on its way; and garbage, of the model file before
	need := float64(spec.ParameterBytes()) * float64(optimiser.Kind.Moments()+beside)
	if !sets.Preparation.Identity() {
		need += 4 * float64(sets.Train.Rows) * float64(sets.Preparation.Inputs())
	}
	if dev.Info().Kind == "cpu" {
		need += float64(m.Total())
	}
	if err := hostmemory.AskBytes("the training and its checkpoints", need); err != nil {
		return fmt.Errorf("%w: take a smaller model, or fewer rows (--limit)", err)
	}
	return nil
}
