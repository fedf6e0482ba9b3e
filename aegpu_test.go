package aegpu_test

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/settings"
	training "github.com/aegpu/aegpu/train"
)

// tables are some that are none.
var tables = map[string]*aegpu.Table{
	"nil": nil, "empty": {}, "short": {Rows: 50, Cols: 2, F32: make([]float32, 3)}, "negative": {Rows: -1, Cols: -1},
	"few labels": {Rows: 5, Cols: 1, F32: make([]float32, 5), Labels: []int32{0}, Classes: []string{"a"}},
	"NaN":        {Rows: 2, Cols: 1, F32: []float32{1, float32(math.NaN())}},
}

// TestBadTablesAreErrors hands them to all that takes tables.
func TestBadTablesAreErrors(t *testing.T) {
	dev := must(aegpu.Open("cpu"))
	defer dev.Close()
	m := must(aegpu.Fit(dev, must(aegpu.Read("testdata/waves.csv")), aegpu.Settings{Latent: 2, Epochs: 1}))
	defer m.Close()
	for name, bad := range tables {
		for what, do := range map[string]func() error{
			"Fit":         func() error { _, err := aegpu.Fit(dev, bad, aegpu.Settings{}); return err },
			"Encode":      func() error { _, err := m.Encode(bad); return err },
			"Deviations":  func() error { _, err := m.EncodeDeviations(bad); return err },
			"Decode":      func() error { _, err := m.Decode(bad); return err },
			"Reconstruct": func() error { _, err := m.Reconstruct(bad); return err },
			"Evaluate":    func() error { _, err := m.Evaluate(bad, nil); return err },
			"Write":       func() error { return aegpu.Write(filepath.Join(t.TempDir(), "x.npy"), bad) },
		} {
			var wrong *aegpu.DataError
			if err := do(); !errors.As(err, &wrong) {
				t.Errorf("%s of a table that is %s: %v", what, name, err)
			}
		}
	}
	for _, n := range []int{0, -1, math.MaxInt / 8} {
		if _, err := m.Sample(n, 1, must(aegpu.Read("testdata/waves.csv"))); err == nil {
			t.Errorf("%d samples were let through", n)
		}
	}
}

// TestCodesAreFoundByName decodes columns of codes in another order, among others, under other names, and what are none.
func TestCodesAreFoundByName(t *testing.T) {
	dev := must(aegpu.Open("cpu"))
	defer dev.Close()
	rows := must(aegpu.Read("testdata/waves.csv"))
	m := must(aegpu.Fit(dev, rows, aegpu.Settings{Latent: 2, Epochs: 1}))
	defer m.Close()
	codes := must(m.Encode(rows))
	want := must(m.Decode(codes)).F32
	column := func(name string, j int) data.Values {
		values := make([]float64, codes.Rows)
		for i := range values {
			values[i] = codes.At(i, j)
		}
		return data.Numbers(name, values)
	}
	for name, c := range map[string]struct {
		columns []data.Values
		wrong   string
	}{
		"turned":  {[]data.Values{column("code_1", 1), column("code_0", 0)}, ""},
		"more":    {[]data.Values{column("code_1", 1), column("height", 1), column("code_0", 0)}, ""},
		"others":  {[]data.Values{column("z0", 0), column("z1", 1)}, ""},
		"half":    {[]data.Values{column("code_1", 1), column("z1", 1)}, `lacks 1 of the 2 columns of the model's codes: "code_0"`},
		"longer":  {[]data.Values{column("code_0", 0), column("code_1", 1), column("code_2", 1)}, `it has "code_2": expected 2 columns, code_0 to code_1`},
		"twice":   {[]data.Values{column("z0", 0), column("z1", 1), column("z2", 1)}, "rows of 3 numbers: expected codes of 2"},
		"no code": {[]data.Values{column("z0", 0), column("mass", 1)}, `"mass" are columns that the model was trained on`},
	} {
		back, err := m.Decode(must(aegpu.NewTable(name, c.columns...)))
		var bad *aegpu.DataError
		switch {
		case c.wrong != "" && (!errors.As(err, &bad) || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%s: %v", name, err)
		case c.wrong == "" && (err != nil || !slices.Equal(back.F32, want)):
			t.Errorf("%s: other rows, or %v", name, err)
		}
	}
}

// TestFitAsAsked: an unknown model, a device and options that are nil, a context that is
// over; and a run of a table without a name, which can be gone on with.
func TestFitAsAsked(t *testing.T) {
	dev := must(aegpu.Open("cpu"))
	defer dev.Close()
	rows := must(aegpu.Read("testdata/waves.csv"))
	var setting *aegpu.SettingsError
	if _, err := aegpu.Fit(dev, rows, aegpu.Settings{Model: "vea"}); !errors.As(err, &setting) || setting.Field != "Model" {
		t.Errorf("an unknown model: %v", err)
	}
	if _, err := aegpu.Fit(nil, rows, aegpu.Settings{}); err == nil {
		t.Error("no device was let through")
	}
	if _, err := aegpu.Load(nil, "model.safetensors"); err == nil {
		t.Error("a model was loaded without a device")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := aegpu.Fit(dev, rows, aegpu.Settings{Epochs: 1000}, aegpu.WithContext(ctx), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that is over: %v", err)
	}
	var request *training.RequestError
	if _, err := aegpu.Fit(dev, rows, aegpu.Settings{Latent: 2, Epochs: 1}, aegpu.Resuming()); !errors.As(err, &request) || !strings.Contains(err.Error(), "needs a directory") {
		t.Errorf("resuming what is nowhere: %v", err)
	}
	said := ""
	of := aegpu.Settings{Latent: 2, Epochs: 1, DataFingerprint: settings.Fingerprint(strings.Repeat("0a", 32))}
	m, err := aegpu.Fit(dev, rows, of, aegpu.OnWarning(func(line string) { said += line }))
	if err != nil || !strings.Contains(said, "others than those that the settings were written for") {
		t.Errorf("settings of other rows: %v, said %q", err, said)
	} else if of = m.Training.Config; len(of.DataFingerprint) != 64 || strings.Contains(said, string(of.DataFingerprint)) {
		t.Errorf("the fingerprint became %q", of.DataFingerprint)
	}
	said = ""
	if _, err := aegpu.Fit(dev, rows, of, aegpu.OnWarning(func(line string) { said += line })); err != nil || said != "" {
		t.Errorf("settings of these rows: %v, said %q", err, said)
	}
	plain := *rows
	plain.Name = ""
	dir := filepath.Join(t.TempDir(), "run")
	s := aegpu.Settings{Latent: 2, Epochs: 1}
	for range 2 {
		m, err := aegpu.Fit(dev, &plain, s, aegpu.InDirectory(dir), aegpu.Resuming())
		if err != nil {
			t.Fatal(err)
		}
		m.Close()
	}
}
