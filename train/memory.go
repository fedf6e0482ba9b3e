package train

import (
	"context"
	"fmt"
	"slices"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// Memory is what a run takes of a device, in bytes.
type Memory struct {
	Data  int // the data set, as it is stored
	Host  int // of the data, what stays in the host's memory instead
	Step  int // parameters, gradients, moments and activations of the largest phase
	batch func(batch int) int
	rows  int // of an update
}

// Total is all of it.
func (m Memory) Total() int { return m.Data + m.Step }

// Line says what is needed and what is free, for people.
func (m Memory) Line(free uint64) string {
	line := fmt.Sprintf("needs %d MiB, %d MiB free", mebibytes(m.Total()), free>>20)
	if m.Host > 0 {
		line += fmt.Sprintf("; %d MiB of data stay in the host's memory", mebibytes(m.Host))
	}
	return line
}

func mebibytes(n int) int { return (n + 1<<20 - 1) >> 20 }

// LargestBatch is the largest batch up to that of the config with which the run
// fits in free bytes, 0 if there is none.
func (m Memory) LargestBatch(free uint64, batch int) int {
	fits := func(n int) bool { return uint64(m.Data+m.batch(n)) <= free }
	low, high := 0, batch+1 // low fits, high does not
	for high-low > 1 {
		if n := low + (high-low)/2; fits(n) {
			low = n
		} else {
			high = n
		}
	}
	return low
}

// Plan counts the memory of a run on dev before anything is allocated. A part of
// the data that would stay in the host's memory does not count.
func Plan(dev backend.Device, c settings.Config, sets *Sets) (Memory, error) {
	c, err := complete(c)
	if err != nil {
		return Memory{}, err
	}
	own := *sets
	own.Found = slices.Clip(own.Found) // what is said of an open setting is of the run
	if err := Settle(context.Background(), dev, &c, &own); err != nil {
		return Memory{}, err
	}
	optimiser, err := c.Update()
	if err != nil {
		return Memory{}, &RequestError{err}
	}
	spec, err := sets.Spec(&c)
	if err != nil {
		return Memory{}, err
	}
	sets.settleWindow(dev, &c)
	p := planned{dev: dev, c: c, sets: sets, spec: spec, optimiser: optimiser}
	m := Memory{rows: c.UpdateRows(sets.Train.Rows)}
	onHost := false
	if n := windowBytes(&c, sets); n > 0 {
		beside, _ := feedBytes(dev, n)
		m.Data = n + beside
	} else {
		m.addData(dev, sets, sets.Train)
		onHost = m.Host > 0
		m.addData(dev, sets, sets.Val)
	}
	m.batch = func(batch int) int {
		most := spec.ParameterBytes()
		for _, s := range stages(&c) {
			most = max(most, p.stage(s, batch))
		}
		if onHost { // batches pass through a buffer
			row := rowBytes(sets.Preparation, sets.Train)
			if sets.Targets != nil && !sets.shared {
				row += rowBytes(sets.Targets, made(sets.Train))
			}
			most += dev.(backend.HostData).BatchBytes(min(batch, sets.Train.Rows), row)
		}
		return most
	}
	m.Step = m.batch(int(c.Batch))
	return m, nil
}

// planned is what the memory of a stage depends on.
type planned struct {
	dev       backend.Device
	c         settings.Config
	sets      *Sets
	spec      model.Spec
	optimiser backend.Optimiser
}

// stage is the memory of one phase beside the data.
func (p *planned) stage(s stage, batch int) int {
	rows := p.sets.Train.Rows
	c := p.c
	c.Batch = settings.Number(batch)
	held := rows // on the device
	if n := p.sets.windowRows(&c); n > 0 {
		held, _ = p.sets.heldRows(&c, n)
	}
	u := c.UpdateParts(rows)
	spec, outside := p.spec, 0 // outside of the phase's own model
	switch {
	case s.layer >= 0:
		one, err := p.spec.LayerSpec(s.layer, s.corrupt)
		if err != nil {
			return 0 // Run says what is wrong
		}
		outside, spec = p.spec.ParameterBytes(), one
		if s.layer > 0 { // the outputs of the layers below
			outside += 4 * held * one.Inputs
		}
	case s.objective != model.Reconstruct:
		outside = p.spec.ParameterBytes()
		spec.Classes = len(p.sets.Train.Classes)
	}
	o := model.TrainingOptions{Shared: p.sets.shared && s.layer <= 0, Objective: s.objective, Batch: u.Batch, Accumulate: u.Batches, Optimiser: p.optimiser, Steps: (rows + u.Rows - 1) / u.Rows, Share: p.sets.Share}
	step := spec.TrainingBytes(o) + p.programs(spec, o, u, s.layer <= 0 && asBytes(p.sets.Preparation, p.sets.Train))
	if v := p.sets.Val; v != nil && s.layer < 0 {
		evaluation := spec.EvaluationBytes(min(evalBatch, v.Rows))
		if p.c.Precision.OperandBytes() < 4 { // operations enqueued one by one read copies of two bytes
			evaluation += (evaluation + spec.ParameterBytes()) / 2
		}
		step += evaluation
	}
	return outside + spec.ParameterBytes() + step
}

// programs is what the device takes of its own for the steps of a phase: that of all
// rows of an update and that of what an epoch leaves.
func (p *planned) programs(spec model.Spec, o model.TrainingOptions, u settings.Parts, bytes bool) (total int) {
	planner, ok := p.dev.(backend.StepPlanner)
	if !ok {
		return 0
	}
	t, err := model.PaperTraining(spec, p.sets.Train.Rows, bytes, o)
	if err != nil {
		return 0 // Run says what is wrong
	}
	weights := 0 // copies of them
	for _, rows := range []int{u.Rows, p.sets.Train.Rows % u.Rows} {
		if rows > 0 {
			own, shared, err := planner.StepBytes(t.Step(rows))
			if err != nil {
				return 0
			}
			total += own
			weights = max(weights, shared)
		}
	}
	return total + weights
}

// asBytes reports whether prepared rows of a part are still the bytes that they were.
func asBytes(p *data.Preparation, part *data.Set) bool { return part.IsBytes() && p.Identity() }

// rowBytes is the size of a row as it is stored, prepared.
func rowBytes(p *data.Preparation, part *data.Set) int {
	if asBytes(p, part) {
		return part.Cols
	}
	return 4 * p.Inputs()
}

// addData counts a part of the data, its targets, its labels and its condition.
func (m *Memory) addData(dev backend.Device, sets *Sets, s *data.Set) {
	if s == nil {
		return
	}
	m.addRows(dev, s.Rows*rowBytes(sets.Preparation, s))
	if sets.Targets != nil && !sets.shared {
		m.addRows(dev, s.Rows*rowBytes(sets.Targets, made(s)))
	}
	if s.Labels != nil {
		m.Data += 4 * s.Rows
	}
	if s.Conditions != nil {
		m.Data += 4 * s.Rows
	}
}

// addRows counts rows of so many bytes, which may stay on the host.
func (m *Memory) addRows(dev backend.Device, bytes int) {
	if h, ok := dev.(backend.HostData); ok && h.OnHost(bytes) {
		m.Host += bytes
		return
	}
	m.Data += bytes
}

// checkMemory refuses a run that does not fit, before anything is allocated.
func checkMemory(dev backend.Device, c settings.Config, sets *Sets) error {
	free := dev.Info().Free
	if free == 0 {
		return nil
	}
	m, err := Plan(dev, c, sets)
	if err != nil || uint64(m.Total()) <= free {
		return err
	}
	return outOfMemory(m, free, int(c.Batch))
}

func outOfMemory(m Memory, free uint64, batch int) error {
	hint := "even one of 1 does not fit: take a smaller model, or fewer rows ({Limit})"
	if n := m.LargestBatch(free, batch); n > 0 {
		times := (m.rows + n - 1) / n
		hint = fmt.Sprintf("the largest batch that fits is %d; {Batch} %d with {Accumulate} %d makes updates of about as many rows", n, m.rows/times, times)
	}
	return &settings.Error{Field: "Batch", Msg: fmt.Sprintf("is %d: that %s; %s", batch, m.Line(free), hint), Err: backend.ErrOutOfMemory}
}

// askHost refuses a run that the host would have no memory for: the best weights, and with checkpoints, each of which is
// a copy of the parameters, the optimiser's moments and the best weights, those too. On the CPU the training itself is in
// the same memory.
func askHost(dev backend.Device, c settings.Config, sets *Sets, checkpoints bool) error {
	optimiser, err := c.Update()
	if err != nil {
		return err
	}
	spec, err := sets.Spec(&c)
	if err != nil {
		return err
	}
	const beside = 7 // the model itself, the best weights twice, one buffer on its way; and garbage, of the model file before
	copies, what := 1, "the training"
	if checkpoints {
		copies, what = optimiser.Kind.Moments()+beside, "the training and its checkpoints"
	}
	need := float64(spec.ParameterBytes()) * float64(copies)
	if n := windowBytes(&c, sets); n > 0 {
		_, host := feedBytes(dev, n)
		need += float64(host)
	} else if !sets.Preparation.Identity() || sets.Targets != nil && !sets.Targets.Identity() {
		need += 4 * float64(sets.Train.Rows) * float64(sets.width())
	}
	if dev.Info().Kind == "cpu" {
		m, err := Plan(dev, c, sets)
		if err != nil {
			return err
		}
		need += float64(m.Total())
	}
	if err := hostmemory.AskBytes(what, need); err != nil {
		return fmt.Errorf("%w: take a smaller model, or fewer rows", err)
	}
	return nil
}
