package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// open is a preset whose sizes are small, as are its lengths where short says so, and the rest is left to be found out.
func open(t *testing.T, name string, short bool) settings.Config {
	t.Helper()
	c, err := settings.Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	c.Test = 0
	if short {
		c.Epochs, c.PretrainEpochs = 2, min(1, c.PretrainEpochs)
	}
	return c
}

func settled(t *testing.T, c settings.Config, s *Sets) settings.Config {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	if err := Settle(t.Context(), dev, &c, s); err != nil {
		t.Fatal(err)
	}
	return c
}

// What is left open becomes numbers, each of which is said, once; what was asked for stays.
func TestSettle(t *testing.T) {
	for _, name := range settings.Models() {
		c := open(t, name, false)
		sets := divide(t, c)
		said := len(sets.Found)
		got := settled(t, c, sets)
		if got.Open() || got.Validate() != nil {
			t.Errorf("%s: %+v is left", name, got)
		}
		text := strings.Join(sets.Found[said:], "\n")
		for field, v := range map[string]any{"code of %v:": got.Latent, "hidden layers %v ": got.Hidden} {
			if open := c.Hidden.Auto(); open != strings.Contains(text, fmt.Sprintf(field, v)) {
				t.Errorf("%s: %v %v is not said in %s", name, field, v, text)
			}
		}
		updates := (sets.Train.Rows + int(got.Batch) - 1) / int(got.Batch) * int(got.Epochs)
		if got.Schedule.Kind != settings.CosineSchedule || got.Patience < 1 || got.Patience >= got.Epochs || updates < usualUpdates && got.Epochs < mostEpochs {
			t.Errorf("%s: %d epochs, %d updates, patience %d, %v", name, got.Epochs, updates, got.Patience, got.Schedule)
		}
		if want := fmt.Sprintf("%d epochs: %d updates of %d rows, ended early after %d without improvement (--epochs N)", got.Epochs, updates, got.Batch, got.Patience); !strings.Contains(text, want) {
			t.Errorf("%s: no %q in %s", name, want, text)
		}
		lines := len(sets.Found)
		again := settled(t, got, sets)
		if fmt.Sprint(again) != fmt.Sprint(got) || len(sets.Found) != lines {
			t.Errorf("%s: settled twice it is %+v, was %+v", name, again, got)
		}
	}
	c := open(t, "ae", true)
	c.Latent, c.Batch = 3, 7
	got := settled(t, c, divide(t, c))
	if got.Epochs != 2 || got.Patience != 0 || got.Schedule.Kind != settings.ConstantSchedule || got.Latent != 3 || got.Batch != 7 {
		t.Errorf("what was asked for is not kept: %+v", got)
	}
	c = open(t, "ae", false)
	c.Val = 0
	if got := settled(t, c, divide(t, c)); got.Patience != 0 {
		t.Errorf("a patience of %d without a validation part", got.Patience)
	}
	c = open(t, "ae", true)
	c.Sparsity.Code = model.TopK{K: 20}
	if got := settled(t, c, divide(t, c)); got.Latent != 80 {
		t.Errorf("a code of %d of which 20 are kept", got.Latent)
	}
}

// Many rows, few rows and images have batches, epochs and layers of their own.
func TestCourses(t *testing.T) {
	for _, tt := range []struct {
		updates          int
		work             float64
		epochs, patience int
	}{
		{1, 1, mostEpochs, mostEpochs / patienceShare}, {7, 1, 1429, 285}, {990, 1, 11, 10}, {1000, 1, 10, 0}, {100000, 1, 10, 0},
		{1, usualWork / 60, 60, 12}, {7, usualWork, fewestEpochs, 0},
	} {
		if n := epochsFor(tt.updates, tt.work); n != tt.epochs || patienceFor(n) != tt.patience {
			t.Errorf("%d updates an epoch: %d epochs, patience %d, want %+v", tt.updates, n, patienceFor(n), tt)
		}
	}
	table, image := &Sets{Train: &data.Set{Rows: fewRows, Cols: 9}}, &Sets{Train: &data.Set{Rows: 9, Cols: 9, Height: 3, Width: 3, Channels: 1}}
	if batchFor(table) != usualBatch || batchFor(image) != usualBatch {
		t.Error("batches of few rows")
	}
	table.Train.Rows--
	if batchFor(table) != smallBatch {
		t.Error("batches of many rows of a small table")
	}
	if len(hiddenFor(image, 4)) != len(imageWidths) || len(hiddenFor(table, 4)) != 1 {
		t.Errorf("hidden layers %v, %v", hiddenFor(image, 4), hiddenFor(table, 4))
	}
}

// The settings that a run leaves have nothing open, and make the same model.
func TestSettledConfigMakesTheSame(t *testing.T) {
	for _, name := range settings.Models() {
		first, second := t.TempDir(), t.TempDir()
		if _, err := runIn(t, t.Context(), open(t, name, true), Options{Dir: first}); err != nil {
			t.Fatal(err)
		}
		c, err := configOf(filepath.Join(first, ConfigFile))
		if err != nil || c.Open() {
			t.Fatalf("%s: %+v, %v", name, c, err)
		}
		if _, err := runIn(t, t.Context(), c, Options{Dir: second}); err != nil {
			t.Fatal(err)
		}
		sameModel(t, first, second, name)
		if a, b := read(t, first, ConfigFile), read(t, second, ConfigFile); !bytes.Equal(a, b) {
			t.Errorf("%s: the settings became\n%s", name, b)
		}
	}
}

// A run that goes on keeps what it was begun with where that is left open, be the rules others by then, as a run of the
// same command may be that was begun by another version.
func TestResumeTakesWhatWasSettled(t *testing.T) {
	began := open(t, "stacked", true)
	began.Latent, began.Hidden, began.Batch, began.Schedule.Kind = 3, settings.Widths{7}, 20, settings.BurdaSchedule
	whole := trained(t, began)
	now := open(t, "stacked", true)
	for _, damage := range []string{"", CheckpointFile} {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		_, err := runIn(t, ctx, began, Options{Dir: dir, Epoch: func(r Record) {
			if r.Phase == autoencoderPhase {
				cancel()
			}
		}})
		cancel()
		if !Interrupted(err) {
			t.Fatal(err)
		}
		if damage != "" {
			if err := os.WriteFile(filepath.Join(dir, damage), []byte("no checkpoint"), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := runIn(t, t.Context(), now, Options{Dir: dir, Resume: true}); err != nil {
			t.Fatal(err)
		}
		sameModel(t, whole, dir, "gone on with, all left open")
	}
	now.Latent = 4
	if err := resumed(t, whole, now); err == nil || !strings.Contains(err.Error(), `"latent: 3", now it is "latent: 4"`) {
		t.Errorf("another code: %v", err)
	}
}

// Sizes that are left open are those of the weights that a run starts from, and a file that is none is refused.
func TestSizesOfTheWeightsBefore(t *testing.T) {
	c := open(t, "ae", true)
	c.Latent, c.Hidden, c.Decoder = 3, settings.Widths{7}, settings.Widths{6, 5}
	first := trained(t, c)
	c = open(t, "ae", true)
	c.InitFrom = first
	got := settled(t, c, divide(t, c))
	if got.Latent != 3 || got.Hidden.String() != "7" || got.Decoder.String() != "6,5" {
		t.Errorf("a code of %v, hidden layers %v and %v", got.Latent, got.Hidden, got.Decoder)
	}
	trained(t, c)
	bad := filepath.Join(t.TempDir(), "bad")
	if err := os.WriteFile(bad, []byte("no weights"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{bad, bad + "s"} {
		c.InitFrom = path
		var wrong *settings.Error
		if err := Settle(t.Context(), &backend.Paper{}, &c, divide(t, c)); !errors.As(err, &wrong) || wrong.Field != "InitFrom" {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// A plan of a run whose sizes are left open is that of the run, and says nothing of it.
func TestPlanOfOpenSizes(t *testing.T) {
	c := open(t, "ae", true)
	sets := divide(t, c)
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	lines := len(sets.Found)
	a, err := Plan(dev, c, sets)
	if err != nil {
		t.Fatal(err)
	}
	if len(sets.Found) != lines {
		t.Errorf("it said %v", sets.Found[lines:])
	}
	b, err := Plan(dev, settled(t, c, sets), sets)
	if err != nil || a.Total() != b.Total() || a.Total() == 0 {
		t.Errorf("%d bytes, settled %d: %v", a.Total(), b.Total(), err)
	}
}
