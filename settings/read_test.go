package settings

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func text(t testing.TB, c Config) string {
	t.Helper()
	var b strings.Builder
	if err := c.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// testdata/presets holds what every preset was written as before settings had types
// and before there was one called code.
func TestPresetsAreWrittenAsTheyWere(t *testing.T) {
	for _, name := range Models() {
		c, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		old, err := os.ReadFile(filepath.Join("testdata", "presets", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		now := text(t, c)
		if got := strings.Replace(now, "code: "+c.Code.String()+"\n", "", 1); got != string(old) {
			t.Errorf("%s is written as\n%s, was\n%s", name, got, old)
		}
		for _, written := range []string{string(old), now} {
			if got, err := ReadConfig(strings.NewReader(written)); err != nil || !reflect.DeepEqual(got, c) {
				t.Errorf("%s was read as %+v, %v, want %+v", name, got, err, c)
			}
		}
	}
}

func TestReadConfig(t *testing.T) {
	got, err := ReadConfig(strings.NewReader(`# by hand
hidden: [200, 100]
latent: 8.0
lr: 1e-4
momentum: 0.5
corrupt: masking:0.1
batch: 1e2
tied: true
device: 0
classifier:
seed: 7
`))
	if err != nil {
		t.Fatal(err)
	}
	want, err := Preset("ae")
	if err != nil {
		t.Fatal(err)
	}
	want.Hidden, want.Latent, want.LR, want.Momentum.Value, want.Batch, want.Tied, want.Device, want.Seed = Widths{200, 100}, 8, 1e-4, 0.5, 100, true, "0", 7
	if err := want.Corrupt.UnmarshalText([]byte("masking:0.1")); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read\n%+v, want\n%+v", got, want)
	}
	as, err := ReadConfigAs(strings.NewReader("model: sparse\nlatent: 9\n"), "vae")
	if err != nil || as.Model != "vae" || as.Latent != 9 || !as.Code.Drawn() {
		t.Errorf("as a vae: %+v, %v", as, err)
	}
	if empty, err := ReadConfig(strings.NewReader("")); err != nil || empty.Model != "ae" || empty.Batch != Auto || !empty.Hidden.Auto() {
		t.Errorf("of an empty file: %+v, %v", empty, err)
	}
}

func TestReadConfigRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"model: vae\nlatnt: 3\n":   "line 2: unknown setting latnt",
		"model: vae\nbatch: 1.5\n": "line 2: Batch is 1.5: expected a whole number",
		"\nepochs: many\n":         "line 2: Epochs is many: expected a whole number",
		"batch: .inf\n":            "line 1: Batch is .inf",
		"batch: 0\n":               "line 1: Batch is 0: expected 1 to 2147483647",
		"lr: .nan\n":               "line 1: LR is NaN: expected above 0",
		"eps: 1e-46\n":             "line 1: Eps is 1e-46, which is 0 in float32",
		"seed: -1\n":               "line 1: Seed is -1: expected a whole number, 0 or more",
		"tied: 3\n":                "line 1: Tied is 3: expected true or false",
		"latent: [3]\n":            "line 1: Latent is a list",
		"data: x\nmodel: vea\n":    `line 2: Model is "vea": expected one of ae, stacked`,
		"schedule: linear\n":       "line 1: Schedule: unknown schedule",
		"sparsity: \"\"\n":         "line 1: Sparsity is empty",
		"hidden: 1" + strings.Repeat(",1", 64) + "\n": "line 1: Hidden: 65 layers: expected 64 at most",
		"model: [ae\n":                      "line",
		"# " + strings.Repeat("x", maxFile): "more than 1048576 bytes",
	} {
		if _, err := ReadConfig(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %s", text, err, want)
		}
	}
	files, err := filepath.Glob("testdata/refused/*.yaml")
	if err != nil || len(files) < 7 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ReadConfig(bytes.NewReader(text)); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// A file that asks for a hundred thousand layers is refused before any is made.
func TestReadConfigOfABomb(t *testing.T) {
	bomb := "hidden: [1" + strings.Repeat(",1", 100000) + "]\n"
	start := time.Now()
	_, err := ReadConfig(strings.NewReader(bomb))
	var bad *Error
	if !errors.As(err, &bad) || bad.Field != "Hidden" || bad.Line != 1 {
		t.Errorf("%v", err)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
}

// FuzzReadConfig holds that what is read is written and read again as the same, or is
// refused.
func FuzzReadConfig(f *testing.F) {
	for _, pattern := range []string{"testdata/presets/*.yaml", "testdata/refused/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, in string) {
		c, err := ReadConfig(strings.NewReader(in))
		if err != nil {
			return
		}
		if err := c.Validate(); err != nil {
			return
		}
		once := text(t, c)
		again, err := ReadConfig(strings.NewReader(once))
		if err != nil {
			t.Fatalf("%v in what was written:\n%s", err, once)
		}
		if twice := text(t, again); twice != once {
			t.Errorf("%s became\n%s", once, twice)
		}
	})
}
