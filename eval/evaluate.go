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

// resident is a set on a device, prepared for a model.
type resident struct {
	set          *data.Set    // the prepared rows on the host
	rows, labels backend.Data // labels is zero where there are none; of a set on disk the first rows
	model        *model.Model
}

// whole reports whether all rows are on the device.
func (r resident) whole() bool { return r.rows.Rows == r.set.Rows }

// load returns rows from one on that are on the device, and their labels, for [model.Evaluator.EvaluateIn].
func (r resident) load(from int) (rows, labels backend.Data, err error) {
	if r.whole() {
		return r.rows, r.labels, nil
	}
	n := r.bring(from)
	return r.rows.Head(n), r.labels.Head(min(n, r.labels.Rows)), nil
}

// bring uploads rows from one on, and returns how many.
func (r resident) bring(from int) int {
	n := min(r.rows.Rows, r.set.Rows-from)
	part := r.set.Part(from, n)
	dev := r.model.Device()
	v := make([]float32, n*r.rows.Cols)
	for i := range n {
		part.Row(v[i*r.rows.Cols:], i)
	}
	dev.Upload(backend.Tensor{Mem: r.rows.Mem, Off: r.rows.Off, Rows: n, Cols: r.rows.Cols}, v)
	if r.labels.Mem != nil {
		dev.Upload(backend.Tensor{Mem: r.labels.Mem, Off: r.labels.Off, Rows: n, Cols: 1}, part.LabelNumbers())
	}
	return n
}

// makeResident prepares a set of raw rows and copies it to the model's device, where it
// stays in the host's memory if the device has no room for it.
func makeResident(m *model.Model, s *data.Set) (resident, error) {
	rows, err := prepared(m, s)
	if err != nil {
		return resident{}, err
	}
	r := resident{set: rows, model: m}
	if rows.OnDisk() {
		return r, r.hold()
	}
	if r.rows, err = model.Upload(m.Device(), rows); err != nil {
		return r, err
	}
	if r.labels, err = model.UploadLabels(m.Device(), rows); err != nil {
		r.free()
	}
	return r, err
}

// hold takes the device's memory for some rows at a time, whole batches of them, and brings the first there.
func (r *resident) hold() (err error) {
	n := max(int(r.set.Memory()/16/4/int64(r.set.Cols)), 1)
	n = min(max(n/evalBatch, 1)*evalBatch, r.set.Rows)
	dev := r.model.Device()
	t, err := dev.Alloc(n, r.set.Cols)
	if err != nil {
		return err
	}
	r.rows = t.Data()
	if r.set.Labels != nil {
		if t, err = dev.Alloc(n, 1); err != nil {
			r.free()
			return err
		}
		r.labels = t.Data()
	}
	r.bring(0)
	return nil
}

// prepared returns raw rows as the model sees them.
func prepared(m *model.Model, s *data.Set) (*data.Set, error) {
	p := m.Preparation()
	if !s.OnDisk() && (!p.Identity() || s.IsFloat64()) {
		if err := hostmemory.Ask("prepared rows", s.Rows, p.Inputs(), 4); err != nil {
			return nil, err
		}
	}
	return p.Apply(s)
}

func (r resident) free() {
	for _, d := range []backend.Data{r.rows, r.labels} {
		if d.Mem != nil {
			d.Mem.Free()
		}
	}
}

// measure returns the model's metrics on resident data under a corruption of the
// input.
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
	e, err := c.NewEvaluator(min(evalBatch, r.rows.Rows))
	if err != nil {
		return model.Metrics{}, err
	}
	defer e.Close()
	v, err := e.EvaluateIn(ctx, r.set.Rows, r.load, model.EvaluateOptions{Beta: 1, Seed: seed})
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

// SetRows returns the rows of a data set, bytes as v/255.
func SetRows(s *data.Set) Rows { return RowFunc(s.Rows, s.Cols, s.Row) }

// Corrupted returns the first n rows of a set of raw rows, prepared, as they are and
// damaged: two sets of n x Inputs.
func Corrupted(m *model.Model, s *data.Set, n int, c model.Corruption, seed uint64) (clean, noisy []float32, err error) {
	dev := m.Device()
	r, err := makeResident(m, s.Head(n))
	if err != nil {
		return nil, nil, err
	}
	defer r.free()
	rows, cols := r.rows.Rows, r.rows.Cols
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
	dev.Enqueue(backend.Gather{Clean: both.Top(rows), Noisy: both.Slice(rows*cols, rows, cols), Data: r.rows, Batch: c.Batch(clock)})
	v := make([]float32, both.Len())
	dev.Download(v, both)
	return v[:len(v)/2], v[len(v)/2:], dev.Sync()
}
