package aegpu

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/train"
)

// Model is a trained autoencoder on a device. It is used from one goroutine at a time.
type Model struct {
	// Training is what the training came to: its history, steps, seconds; nil of a model
	// that was loaded.
	Training *train.Result

	engine *model.Model
}

// Load returns the model in a file that Save wrote, or in a run directory, on dev. A
// file that is not whole is a [*DataError].
func Load(dev Device, path string) (*Model, error) {
	if dev == nil {
		return nil, errNoDevice
	}
	file := path
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		file = filepath.Join(path, train.ModelFile)
		if err := train.CheckFiles(path); err != nil {
			return nil, &DataError{Path: path, Msg: err.Error(), Err: err}
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, &DataError{Path: file, Msg: "cannot be read: " + reason(err), Err: err}
	}
	m, err := model.Read(dev, text)
	if errors.Is(err, backend.ErrOutOfMemory) {
		return nil, err
	}
	if err != nil {
		return nil, &DataError{Path: file, Msg: err.Error(), Err: err}
	}
	return &Model{engine: m}, nil
}

// reason is the system's word for what went wrong, without the path.
func reason(err error) string {
	if e := (*os.PathError)(nil); errors.As(err, &e) {
		return e.Err.Error()
	}
	return err.Error()
}

// Save writes the model as a safetensors file: weights, architecture and preparation.
// The file is whole or not there; the same model gives the same bytes.
func (m *Model) Save(path string) error {
	return data.WriteAtomic(path, func(w io.Writer) error { return m.engine.Write(w) })
}

// Close frees the model's memory on the device.
func (m *Model) Close() { m.engine.Close() }

// Inputs returns the number of columns of the rows that the model takes, Latent the
// size of its code.
func (m *Model) Inputs() int { return m.engine.Preparation().Width() }

// Latent returns the size of the code.
func (m *Model) Latent() int { return m.engine.Spec.Latent }

// Engine returns the model as the engine knows it: layers, weights, training steps.
func (m *Model) Engine() *model.Model { return m.engine }

// Encode returns the codes of rows, rows x Latent; the means of codes that are drawn.
// Columns with names are found by name, whatever their order.
func (m *Model) Encode(rows *Table) (*Table, error) {
	if err := checkTable(rows); err != nil {
		return nil, err
	}
	return m.engine.Encode(context.Background(), rows)
}

// EncodeDeviations returns what the codes of rows are drawn from, rows x 2 Latent: the means, which are Encode's codes, and
// behind them their standard deviations, in columns deviation_0, deviation_1 and so on. It takes a code that is drawn, as
// that of a VAE; [model.ErrNotDrawn] otherwise.
func (m *Model) EncodeDeviations(rows *Table) (*Table, error) {
	if err := checkTable(rows); err != nil {
		return nil, err
	}
	return m.engine.EncodeDeviations(context.Background(), rows)
}

// Decode returns the rows that codes stand for, in the units of the rows trained on. Columns with the names that Encode
// gives, code_0, code_1 and so on, are found by name, whatever their order; others are taken in order, unless they are some
// of those trained on.
func (m *Model) Decode(codes *Table) (*Table, error) {
	if err := checkTable(codes); err != nil {
		return nil, err
	}
	return m.engine.Decode(context.Background(), codes)
}

// Reconstruct returns what comes back for rows that go through the code.
func (m *Model) Reconstruct(rows *Table) (*Table, error) {
	if err := checkTable(rows); err != nil {
		return nil, err
	}
	return m.engine.Reconstruct(context.Background(), rows)
}

// Score returns how strange rows are to the model, a row each, with their labels and names: how rare rows as strange are
// among those trained on, the squared error of their reconstructions in standard deviations of the columns trained on,
// and minus their log-likelihood where the loss is one; see [ScoreOptions] and [eval.Score]. A higher number is stranger. Nothing is drawn.
func (m *Model) Score(rows *Table, o ScoreOptions) (*Table, error) {
	if err := checkTable(rows); err != nil {
		return nil, err
	}
	return eval.Score(context.Background(), m.engine, rows, o)
}

// Predict returns the class of every row and the probability of each class, with the rows' labels and names, of a model
// that was trained with a classifier; [eval.ErrNoClassifier] of another.
func (m *Model) Predict(rows *Table) (*Table, error) {
	if err := checkTable(rows); err != nil {
		return nil, err
	}
	return eval.Predict(context.Background(), m.engine, rows)
}

// maxSample bounds the numbers of a table of new rows, which is in memory as a whole.
const maxSample = 1 << 34

// Sample returns n new rows, decoded from draws of the code's prior. A code without a
// prior is drawn from a Gaussian mixture fitted to the codes of like, rows as those
// that are to be made; a code with one does not look at like, which may be nil.
func (m *Model) Sample(n int, seed uint64, like *Table) (*Table, error) {
	if most := maxSample / max(m.Inputs(), m.Latent()); n < 1 || n > most {
		return nil, fmt.Errorf("%d rows to sample: expected 1 to %d", n, most)
	}
	if like != nil {
		if err := checkTable(like); err != nil {
			return nil, err
		}
	}
	codes, _, err := eval.Draw(context.Background(), m.engine, like, n, seed)
	if err != nil {
		return nil, err
	}
	if m.engine.Spec.HasPrior() {
		return m.engine.DecodePrior(context.Background(), codes)
	}
	return m.engine.Decode(context.Background(), codes)
}

// Evaluate measures the model on test. With train, the rows trained on, PCA of the same
// code size stands beside it and, where both have labels, how well a linear classifier
// on the codes does; train may be nil. Columns of the result has the figures of a table by
// column.
func (m *Model) Evaluate(test, train *Table) (*Evaluation, error) {
	if err := checkTable(test); err != nil {
		return nil, err
	}
	o := eval.SummaryOptions{Seed: 1}
	if train != nil {
		if err := checkTable(train); err != nil {
			return nil, err
		}
		pca, err := eval.Linear(context.Background(), m.engine, train, nil)
		if err != nil {
			return nil, err
		}
		o.PCA, o.Probe = pca, train.Labels != nil && test.Labels != nil
	}
	return eval.Summarise(context.Background(), m.engine, train, test, o)
}
