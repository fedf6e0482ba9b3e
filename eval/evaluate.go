package eval

import (
	"context"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// evalBatch is how many rows are measured at a time.
const evalBatch = 1000

// resident is a set on a device, prepared for a model; of several ranks one's portion, or the first row in place of none.
type resident struct {
	portion
	set    *data.Set      // the prepared rows on the host
	target *data.Set      // what the decoder is to make of them, prepared
	at     model.Resident // of a set on disk the first rows
	model  *model.Model
}

// whole reports whether all rows are on the device.
func (r resident) whole() bool { return r.at.Rows.Rows == r.set.Rows }

// load returns rows from one on that are on the device, for [model.Evaluator.EvaluateIn].
func (r resident) load(from int) (model.Resident, int, error) {
	if r.whole() {
		return r.at, r.set.Rows, nil
	}
	n := r.bring(from)
	return r.at.Head(n), n, nil
}

// bring uploads rows from one on, and returns how many.
func (r resident) bring(from int) int {
	n := min(r.at.Rows.Rows, r.set.Rows-from)
	part := r.set.Part(from, n)
	r.upload(r.at.Rows, part)
	if r.at.Targets.Mem != nil {
		r.upload(r.at.Targets, r.target.Part(from, n))
	}
	for _, one := range []struct {
		to backend.Data
		v  []float32
	}{{r.at.Labels, part.LabelNumbers()}, {r.at.Conditions, part.ConditionNumbers()}} {
		if one.to.Mem != nil {
			r.model.Device().Upload(backend.Tensor{Mem: one.to.Mem, Off: one.to.Off, Rows: n, Cols: 1}, one.v)
		}
	}
	return n
}

// upload brings rows to their place.
func (r resident) upload(to backend.Data, part *data.Set) {
	v := make([]float32, part.Rows*to.Cols)
	for i := range part.Rows {
		part.Row(v[i*to.Cols:], i)
	}
	r.model.Device().Upload(backend.Tensor{Mem: to.Mem, Off: to.Off, Rows: part.Rows, Cols: to.Cols}, v)
}

// makeResident prepares a portion of a set of raw rows and copies it to the model's device, where it
// stays in the host's memory if the device has no room for it.
func makeResident(m *model.Model, s *data.Set, p portion) (resident, error) {
	r := resident{portion: p, model: m}
	var err error
	if r.set, r.target, err = prepared(m, p.of(s)); err != nil {
		return r, err
	}
	if r.onDisk() {
		return r, r.hold()
	}
	if err = r.bringAll(); err != nil {
		r.free()
	}
	return r, err
}

// bringAll copies all rows to the device.
func (r *resident) bringAll() (err error) {
	dev := r.model.Device()
	if r.at.Rows, err = model.Upload(dev, r.set); err != nil {
		return err
	}
	if r.model.Spec.HasTargets() {
		if r.at.Targets, err = model.Upload(dev, r.target); err != nil {
			return err
		}
	}
	if r.at.Conditions, err = model.UploadConditions(dev, r.set); err != nil {
		return err
	}
	r.at.Labels, err = model.UploadLabels(dev, r.set)
	return err
}

// onDisk reports whether there are too many rows for memory.
func (r *resident) onDisk() bool { return r.set.OnDisk() || r.target.OnDisk() }

// held is how many rows of those on disk are on the device at a time, at the most.
func (r *resident) held() int {
	n := int(r.set.Memory() / 16 / 4 / int64(r.set.Cols+r.target.Cols))
	return max(n/evalBatch, 1) * evalBatch
}

// hold takes the device's memory for some rows at a time, whole batches of them, and brings the first there.
func (r *resident) hold() (err error) {
	n := min(r.held(), r.set.Rows)
	for _, p := range []struct {
		there bool
		cols  int
		at    *backend.Data
	}{{true, r.set.Cols, &r.at.Rows}, {r.model.Spec.HasTargets(), r.target.Cols, &r.at.Targets}, {r.set.Labels != nil, 1, &r.at.Labels}, {r.set.Conditions != nil, 1, &r.at.Conditions}} {
		if !p.there {
			continue
		}
		t, err := r.model.Device().Alloc(n, p.cols)
		if err != nil {
			r.free()
			return err
		}
		*p.at = t.Data()
	}
	r.bring(0)
	return nil
}

// prepared returns raw rows as the model sees them, and what the decoder is to make of them: they themselves, or their targets.
func prepared(m *model.Model, s *data.Set) (rows, target *data.Set, err error) {
	if c := m.Condition(); c != nil {
		if s, err = c.Match(s); err != nil {
			return nil, nil, err
		}
	}
	if rows, err = Prepared(m.Preparation(), s); err != nil || !m.Spec.HasTargets() {
		return rows, rows, err
	}
	raw, err := m.TargetsOf(s)
	if err != nil {
		return nil, nil, err
	}
	target, err = Prepared(m.TargetPreparation(), raw)
	return rows, target, err
}

// Prepared returns rows as a model of the preparation sees them, where the host has memory for them.
func Prepared(p *data.Preparation, s *data.Set) (*data.Set, error) {
	if !s.OnDisk() && (!p.Identity() || s.IsFloat64()) {
		if err := hostmemory.Ask("prepared rows", s.Rows, p.Inputs(), 4); err != nil {
			return nil, err
		}
	}
	return p.Apply(s)
}

func (r resident) free() {
	r.at.Free()
}

// measure returns the model's metrics on resident data under a corruption of the
// input, over all ranks' portions.
func measure(ctx context.Context, m *model.Model, r resident, corrupt model.Corruption, seed uint64) (model.Metrics, error) {
	if err := ctx.Err(); err != nil {
		return model.Metrics{}, err
	}
	c, err := m.Clone()
	if err != nil {
		return model.Metrics{}, err
	}
	defer c.Close()
	c.Spec.Corrupt = corrupt
	e, err := c.NewEvaluator(min(evalBatch, r.all))
	if err != nil {
		return model.Metrics{}, err
	}
	defer e.Close()
	together := func(sums []float64) error { return r.sum(nil, sums) }
	v, err := e.EvaluateIn(ctx, r.rows(), r.load, model.EvaluateOptions{Beta: 1, Seed: seed, Before: r.lo, Of: r.all, Together: together})
	if err == nil && !r.whole() {
		r.bring(0)
	}
	return v, err
}

// jacobianRows is how many examples the Jacobian's norm is measured on: the
// first 500, fewer where these would take more than jacobianWork multiplications.
const (
	jacobianRows = 500
	jacobianWork = 2e10
)

// jacobianNorm returns the root mean square Frobenius norm of the encoder's Jacobian,
// and on how many examples it was measured; none where there is no Jacobian or even a
// few take too long.
func jacobianNorm(ctx context.Context, m *model.Model, rows backend.Data) (norm float64, examples int, err error) {
	if !m.Spec.HasJacobian() {
		return 0, 0, nil
	}
	work := 0.0 // of one example
	in := m.Spec.Inputs
	for _, out := range append(append([]int{}, m.Spec.Hidden...), m.Spec.Latent) {
		work += float64(in) * float64(out) * float64(m.Spec.Latent)
		in = out
	}
	if len(m.Spec.Hidden) == 0 { // in closed form
		work /= float64(m.Spec.Latent)
	}
	examples = min(jacobianRows, rows.Rows, int(jacobianWork/work))
	if examples < min(10, rows.Rows) {
		return 0, 0, nil
	}
	norm, err = m.JacobianNorm(ctx, rows, examples)
	return norm, examples, err
}

// Matrix returns the rows of a set, one after the other, bytes as v/255.
func Matrix(s *data.Set) []float32 {
	x := make([]float32, s.Rows*s.Cols)
	SetRows(s).Read(x, 0, s.Rows)
	return x
}

// SetRows returns the rows of a data set, bytes as v/255.
func SetRows(s *data.Set) Rows { return RowFunc(s.Rows, s.Cols, s.Row) }

// Corrupted returns the first n rows of a set of raw rows, prepared, as they are and
// damaged: two sets of n x Inputs.
func Corrupted(m *model.Model, s *data.Set, n int, c model.Corruption, seed uint64) (clean, noisy []float32, err error) {
	dev := m.Device()
	s = s.Head(n)
	r, err := makeResident(m, s, portionOf(nil, s.Rows, evalBatch))
	if err != nil {
		return nil, nil, err
	}
	defer r.free()
	rows, cols := r.at.Rows.Rows, r.at.Rows.Cols
	both, err := dev.Alloc(2*rows, cols)
	if err != nil {
		return nil, nil, err
	}
	defer both.Mem.Free()
	clock, err := dev.AllocClock(1)
	if err != nil {
		return nil, nil, err
	}
	defer clock.Mem.Free()
	dev.SetClock(clock, backend.Time{Seed: seed}, nil)
	dev.Enqueue(backend.Gather{Clean: both.Top(rows), Noisy: both.Slice(rows*cols, rows, cols), Data: r.at.Rows, Batch: c.Batch(clock)})
	v := make([]float32, both.Len())
	dev.Download(v, both)
	return v[:len(v)/2], v[len(v)/2:], dev.Sync()
}
