package eval

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// evalBatch is how many rows are measured at a time.
const evalBatch = 1000

// Codes is the code of every row of a set that is scaled already, the means of a
// Gaussian one: Rows x Latent.
func Codes(m *model.Model, s *data.Set) ([]float32, error) {
	plain, err := bare(m)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	if s.Cols != m.Spec.Inputs {
		return nil, fmt.Errorf("data of %d columns does not fit a model of %d inputs", s.Cols, m.Spec.Inputs)
	}
	codes := make([]float32, s.Rows*m.Spec.Latent)
	err = eachChunk(SetRows(s), func(v []float32, start, n int) error {
		l := m.Spec.Latent
		return plain.EncodeRows(codes[start*l:(start+n)*l], v)
	})
	return codes, err
}

// bare is a copy of the model that takes rows as they are: scaled already, and
// not to be corrupted.
func bare(m *model.Model) (*model.Model, error) {
	c, err := m.Clone()
	if err != nil {
		return nil, err
	}
	c.Input, c.Spec.Corrupt = model.Scaling{}, model.Corruption{}
	return c, nil
}

// measure is the model's metrics on resident data under a corruption of the
// input.
func measure(m *model.Model, r resident, corrupt model.Corruption, seed uint64) (model.Metrics, error) {
	c, err := bare(m)
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
	return e.Evaluate(r.rows, r.labels, model.EvaluateOptions{Beta: 1, Seed: seed})
}

// jacobianRows is how many examples the Jacobian's norm is measured on: the
// first 500, fewer where these would take more than jacobianWork multiplications.
const (
	jacobianRows = 500
	jacobianWork = 2e10
)

// jacobianNorm is the root mean square Frobenius norm of the encoder's Jacobian,
// and on how many examples it was measured; none where even a few take too long.
func jacobianNorm(m *model.Model, rows backend.Data) (norm float64, examples int, err error) {
	if m.Spec.Code == model.TopK {
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
	norm, err = m.JacobianNorm(rows, examples)
	return norm, examples, err
}
