package aegpu

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/internal/joint"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/train"
)

// Option is how a training is watched and where it is kept; none changes what is
// computed.
type Option func(*fitting)

type fitting struct {
	ctx     context.Context
	options train.Options
}

// WithContext ends the training between two steps when the context does, with a
// checkpoint where there is a run directory; Fit then returns the context's error.
func WithContext(ctx context.Context) Option {
	return func(f *fitting) {
		if ctx != nil {
			f.ctx = ctx
		}
	}
}

// InDirectory keeps settings, weights, checkpoints, metrics and a GPU's algorithms in a
// new or empty directory, as `aegpu train` does.
func InDirectory(dir string) Option { return func(f *fitting) { f.options.Dir = dir } }

// Resuming goes on with the run that InDirectory names, to the same bits as if it had
// never stopped, or starts it where there is none. Without InDirectory, Fit returns a [*train.RequestError].
func Resuming() Option { return func(f *fitting) { f.options.Resume = true } }

// OnProgress is told a few times a second where the training stands.
func OnProgress(tell func(Progress)) Option {
	return func(f *fitting) { f.options.Progress = tell }
}

// OnEpoch is told what every epoch came to.
func OnEpoch(tell func(Epoch)) Option { return func(f *fitting) { f.options.Epoch = tell } }

var errNoDevice = errors.New("the device is nil: expected one that Open returned")

// checkTable refuses what is no table of rows.
func checkTable(t *Table) error {
	if t == nil {
		return &DataError{Path: "table", Msg: "nil: expected rows"}
	}
	if err := t.Validate(); err != nil {
		return err
	}
	if t.Rows < 1 || t.Cols < 1 {
		return &DataError{Path: nameOf(t), Msg: fmt.Sprintf("%d rows of %d columns: expected one or more of each", t.Rows, t.Cols)}
	}
	return nil
}

// nameOf is what settings call a table: its name, as text.
func nameOf(t *Table) string {
	if name := strings.ToValidUTF8(t.Name, "?"); name != "" {
		return name
	}
	return "table"
}

// OnWarning is told, in a line, what is otherwise than it should be and does no harm to
// the result, as a damaged checkpoint that was passed over for the one before it.
func OnWarning(tell func(line string)) Option { return func(f *fitting) { f.options.Warn = tell } }

// Fit trains a model of the settings on rows, of which it holds out Settings.Val for
// validation, and returns the model with the best weights. The caller closes it. What
// Settings leave open is found out from the rows: Model.Training has them as numbers.
// Settings.Data, Test, TestData, ValData, Device and Precision are the command's: rows and
// device are those that are handed in.
//
// A [*SettingsError] says what is wrong with a setting, a [*DataError] what with the
// rows; errors.Is(err, backend.ErrOutOfMemory) where they do not fit the device, and a
// [*train.DivergedError] says that the training broke down.
func Fit(dev Device, rows *Table, s Settings, how ...Option) (*Model, error) {
	f := &fitting{ctx: context.Background()}
	for _, set := range how {
		if set != nil {
			set(f)
		}
	}
	if dev == nil {
		return nil, errNoDevice
	}
	if err := checkTable(rows); err != nil {
		return nil, err
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if len(s.Target) > 0 && rows.Target == nil {
		return nil, &SettingsError{Field: "Target", Msg: "is set, and the rows have no targets: expected them in Table.Target"}
	}
	s.TestData, s.ValData = "", ""
	s, err := s.Complete()
	if err != nil {
		return nil, err
	}
	s.Data, s.Test, s.Device = nameOf(rows), 0, "auto" // what is held out for a test is the caller's, as is the device
	sets, err := train.Divide(&data.Source{Train: rows}, s)
	if err != nil {
		return nil, err
	}
	if !sets.SameData(&s) {
		if f.options.Warn != nil {
			f.options.Warn(fmt.Sprintf("the rows of %s are others than those that the settings were written for (fingerprint %.12s, then %.12s)", s.Data, sets.Source, s.DataFingerprint))
		}
		s.DataFingerprint = "" // rows that are handed in are meant
	}
	result, err := train.Run(f.ctx, dev, s, sets, f.options)
	if err != nil {
		return nil, err
	}
	if err := f.refer(result, sets.Train); err != nil {
		result.Model.Close()
		return nil, err
	}
	return &Model{engine: result.Model, Training: result}, nil
}

// refer has the model know what its training rows are like, in its file too.
func (f *fitting) refer(result *train.Result, rows *Table) (err error) {
	m, ctx := result.Model, f.ctx
	if ranks := f.options.Ranks; ranks != nil {
		ctx = model.WithRanks(ctx, ranks)
	}
	if m.Reference, err = eval.FitReference(ctx, m, rows); err != nil || f.options.Dir == "" || !joint.First(f.options.Ranks) {
		return err
	}
	return data.WriteAtomic(filepath.Join(f.options.Dir, train.ModelFile), m.Write)
}
