// Package aegpu trains autoencoders and uses them: from a table or images to codes,
// reconstructions and new examples, on an NVIDIA GPU or on the CPU with the same
// results from the same seed.
//
//	dev, err := aegpu.Open("auto")               // a usable GPU, else the CPU
//	rows, err := aegpu.Read("table.csv")         // or FromDense, NewTable
//	m, err := aegpu.Fit(dev, rows, aegpu.Settings{Model: "vae", Latent: 2})
//	codes, err := m.Encode(rows)                 // rows x 2, with the rows' names and labels
//	scores, err := m.Score(rows, aegpu.ScoreOptions{}) // how strange each row is
//	err = m.Save("model.safetensors")            // and Load
//
// Rows go in as they are and come out in their own units: how they are scaled is
// fitted to the rows trained on, and kept with the model.
//
// Bad input is an error that says what, where and what was expected: a [*DataError]
// about data, a [*SettingsError] about settings, a [*DeviceError] about a device.
package aegpu

import (
	"context"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/settings"
	"github.com/aegpu/aegpu/train"
)

type (
	// Device computes: the CPU or a GPU. It is used from one goroutine at a time.
	Device = backend.Device
	// Table is rows of named, typed columns, with names of rows, labels and missing
	// cells where there are any; a matrix and a set of images are special cases.
	Table = data.Set
	// Column is the name and the kind of a table's column.
	Column = data.Column
	// Widths are those of hidden layers.
	Widths = settings.Widths
	// Settings are what is asked of a training; a zero field is the preset's default.
	Settings = settings.Config
	// Evaluation is what a model is worth on a table, figure by figure.
	Evaluation = eval.Summary
	// ScoreOptions choose what Model.Score tells of a row beside its scores.
	ScoreOptions = eval.ScoreOptions
	// Progress is where a training stands within an epoch.
	Progress = train.Progress
	// Epoch is what an epoch came to.
	Epoch = train.Record

	// DataError says what is wrong with data, and where.
	DataError = data.Error
	// SettingsError says which field of Settings is wrong, and how.
	SettingsError = settings.Error
)

// Presets returns the names of the models that Settings.Model chooses from.
func Presets() []string { return settings.Models() }

// Preset returns the settings of a model by name, every default filled in.
func Preset(model string) (Settings, error) { return settings.Preset(model) }

// Read returns the rows of a file or folder in any of the formats of package data, or of
// "builtin:glyphs"; [data.Read] takes what a file leaves open. Of data with a test part of its own it returns
// the training part; [ReadParts] returns both.
func Read(name string) (*Table, error) {
	train, _, err := ReadParts(context.Background(), name)
	return train, err
}

// ReadParts returns the training part and the test part, nil where the data has none.
func ReadParts(ctx context.Context, name string) (train, test *Table, err error) {
	source, err := data.Open(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	return source.Train, source.Test, nil
}

// Write writes a table in the format that the name ends in, see [data.Write]. The file is
// whole or not there.
func Write(name string, t *Table) error {
	if err := checkTable(t); err != nil {
		return err
	}
	return data.Write(name, t)
}

// Split holds out a share of the rows of a valid table, which the seed chooses by what is in them: equal rows stay together,
// and the order of rows and named columns has no say.
func Split(t *Table, seed uint64, share float64) (rest, held *Table) {
	return data.Split(t, seed, share)
}

// NewTable returns a table of columns that a program has in memory; see [data.Numbers],
// [data.Counts], [data.YesNos], [data.Texts] and [data.RowIDs].
func NewTable(name string, columns ...data.Values) (*Table, error) {
	return data.NewTable(name, columns...)
}
