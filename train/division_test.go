package train

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// savedModel reads a model file.
func savedModel(t *testing.T, path ...string) *model.Model {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
	m, err := model.Read(dev, file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// TestOldRunIsDividedAsItWas: of a run of commit c4e7ac7, whose model file says nothing of a cut, the rows are held out
// that were then.
func TestOldRunIsDividedAsItWas(t *testing.T) {
	m := savedModel(t, "..", "model", "testdata", "c4e7ac7", "plain.safetensors")
	text, err := os.Open(filepath.Join("testdata", "c4e7ac7", ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	c, err := settings.ReadConfig(text)
	if err != nil {
		t.Fatal(err)
	}
	c.Data = filepath.Join("..", "model", "testdata", "c4e7ac7", "waves.csv")
	got, err := Again(t.Context(), c, m)
	if err != nil {
		t.Fatal(err)
	}
	source, err := data.Open(t.Context(), c.Data)
	if err != nil {
		t.Fatal(err)
	}
	rest, test := data.SplitByPosition(source.Train, c.Seed, c.Test)
	rest, val := data.SplitByPosition(rest, c.Seed+0x9E3779B97F4A7C15, c.Val)
	if data.Fingerprint(got.Train, got.Val, got.Test) != data.Fingerprint(rest, val, test) || got.Changed != "" {
		t.Error("other rows are held out")
	}
	m.Fingerprint = strings.Repeat("0", 64) // a run that kept one, and whose data have changed
	if _, err := Again(t.Context(), c, m); !errors.Is(err, ErrOtherData) {
		t.Errorf("changed data: %v", err)
	}
}

// loadAndTrain returns the parts of a run and its model file's model.
func loadAndTrain(t *testing.T, c settings.Config) (*Sets, *model.Model) {
	t.Helper()
	sets, err := Load(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := Run(t.Context(), dev, c, sets, Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	return sets, savedModel(t, dir, ModelFile)
}

// TestAgain: what is held out of a run's data is what was, and is told from what is not known.
func TestAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "waves.npy")
	write := func(rows int) {
		t.Helper()
		s := waves(rows)
		s.Labels, s.Classes = nil, nil
		if err := data.Write(path, s); err != nil {
			t.Fatal(err)
		}
	}
	for name, change := range map[string]struct {
		set   func(*settings.Config)
		known bool
	}{
		"both":            {func(*settings.Config) {}, true},
		"validation only": {func(c *settings.Config) { c.Test = 0 }, true},
		"a limit":         {func(c *settings.Config) { c.Limit = 50 }, true},
		"none":            {func(c *settings.Config) { c.Test, c.Val = 0, 0 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			write(110)
			c := small(t, "ae")
			c.Data, c.Test, c.Epochs = path, 0.2, 1
			change.set(&c)
			then, m := loadAndTrain(t, c)
			now, err := Again(t.Context(), c, m)
			if err != nil || now.Fingerprint() != then.Fingerprint() || now.Changed != "" {
				t.Fatalf("the same data: %v, %+v", err, now)
			}
			write(400)
			now, err = Again(t.Context(), c, m)
			if !change.known {
				if !errors.Is(err, ErrOtherData) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(now.Changed, "it has 400 rows, 290 more than then") || now.Preparation != m.Preparation() {
				t.Errorf("said %q", now.Changed)
			}
			for part, set := range map[string]*data.Set{"test": now.Test, "validation": now.Val} {
				if set != nil && data.Common(then.Train, set) > 0 {
					t.Errorf("%d %s rows were trained on", data.Common(then.Train, set), part)
				}
			}
		})
	}
}

// Parts of its own take the place of a share, and rows that were trained on are counted.
func TestOwnParts(t *testing.T) {
	c := small(t, "ae")
	c.Test, c.Val = 0.5, 0.5
	all := waves(110)
	s, err := Divide(&data.Source{Train: all.Head(90), Val: all.Part(85, 15), Test: all.Part(90, 20)}, c)
	if err != nil {
		t.Fatal(err)
	}
	if s.Train.Rows != 90 || s.Val.Rows != 15 || s.Test.Rows != 20 || s.Division.Test != nil || s.Division.Val != nil || s.Division.Rows != 90 {
		t.Errorf("%d, %d and %d rows, %+v", s.Train.Rows, s.Val.Rows, s.Test.Rows, s.Division)
	}
	if want := []string{"5 of 15 validation rows are also training rows"}; !slices.Equal(s.Doubts, want) {
		t.Errorf("doubts %q, want %q", s.Doubts, want)
	}
}

// Rows that are all equal cannot be parted: that is said.
func TestNothingToHoldOut(t *testing.T) {
	c := small(t, "ae")
	c.Test = 0.1
	s, err := Divide(&data.Source{Train: &data.Set{Name: "equal", Rows: 20, Cols: 2, F32: make([]float32, 40)}}, c)
	if err != nil {
		t.Fatal(err)
	}
	if s.Test != nil || s.Val != nil || s.Train.Rows != 20 || !strings.Contains(fmt.Sprint(s.Found), "no rows are held out for the test: all rows are equal") {
		t.Errorf("%+v", s)
	}
}

// Bytes that have become numbers have other hashes: which of them were trained on is not known.
func TestAgainWithOtherNumbers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "greys.npy")
	s := greys(110)
	s.Labels, s.Classes = nil, nil
	s.Height, s.Width, s.Channels = 5, 5, 1
	if err := data.Write(path, s); err != nil {
		t.Fatal(err)
	}
	c := small(t, "ae")
	c.Data, c.Test, c.Epochs = path, 0.2, 1
	then, m := loadAndTrain(t, c)
	if !then.Division.Bytes {
		t.Skip("these bytes are read as numbers")
	}
	for range s.Rows * s.Cols {
		s.F32 = append(s.F32, float32(s.U8[len(s.F32)])/255)
	}
	s.U8 = nil
	if err := data.Write(path, s); err != nil {
		t.Fatal(err)
	}
	if _, err := Again(t.Context(), c, m); !errors.Is(err, ErrOtherData) {
		t.Errorf("got %v", err)
	}
}
