//go:build cuda

package gpu

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/cudasim"
	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
)

// tuned trains the plain autoencoder with a tuning file.
func tuned(t *testing.T, file string) []float64 {
	t.Helper()
	dev := open(t, Options{Tuning: file})
	losses := curve(t, dev, variant(t, "plain"), adam)
	if err := dev.Close(); err != nil {
		t.Error(err)
	}
	return losses
}

// The fastest algorithm is measured once and kept: a later run takes what the
// file says, whatever it would measure, and gives the same bits.
func TestTuningIsMeasuredOnce(t *testing.T) {
	sim := simulator(t)
	t.Setenv(cudasim.QuirksEnv, "-epilogues-differ") // the second proposal is algorithm 1
	file := filepath.Join(t.TempDir(), "tuning.jsonl")
	t.Setenv("AEGPU_CUDASIM_FAST_ALGORITHM", "1")
	first := tuned(t, file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Count(string(text), "\n")
	if right := strings.Count(string(text), `"candidate":1,`); lines < 8 || right != lines {
		t.Errorf("%d of %d products use algorithm 1, which is the fastest:\n%s", right, lines, text)
	}
	if strings.Contains(string(text), `"microseconds":[0,`) || strings.Count(string(text), ",") < 3*lines {
		t.Errorf("the times are not there:\n%s", text)
	}
	t.Setenv("AEGPU_CUDASIM_FAST_ALGORITHM", "0")
	second := tuned(t, file)
	if !slices.Equal(first, second) {
		t.Errorf("losses %v, then %v with the same file", first, second)
	}
	if again, _ := os.ReadFile(file); string(again) != string(text) {
		t.Error("the second run measured again")
	}
	t.Setenv("AEGPU_CUDASIM_FAST_ALGORITHM", "")
	overlay(t, first, tuned(t, TuningOff), FP32)
	sound(t, sim)
}

// usual gives the tests a cache of the user's, and is where the choices are in it.
func usual(t *testing.T) (file string) {
	t.Helper()
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv(tuneEnv, "")
	return filepath.Join(cache, "aegpu", "tuning.jsonl")
}

// Without a word about it, what is measured is kept in the user's cache, and used
// again.
func TestTuningIsUsual(t *testing.T) {
	sim := simulator(t)
	file := usual(t)
	t.Setenv("AEGPU_CUDASIM_FAST_ALGORITHM", "3")
	first := tuned(t, "")
	text, err := os.ReadFile(file)
	if err != nil || strings.Count(string(text), "\n") < 8 {
		t.Fatalf("%v; the cache holds %q", err, text)
	}
	t.Setenv("AEGPU_CUDASIM_FAST_ALGORITHM", "1")
	if second := tuned(t, ""); !slices.Equal(first, second) {
		t.Errorf("losses %v, then %v", first, second)
	}
	if again, _ := os.ReadFile(file); string(again) != string(text) {
		t.Error("the second run measured again")
	}
	untuned := tuned(t, TuningOff)
	if slices.Equal(first, untuned) {
		t.Error("the algorithm that was measured rounds as the first does: the test shows nothing")
	}
	t.Setenv(tuneEnv, "none")
	if !slices.Equal(tuned(t, ""), untuned) {
		t.Errorf("%s=none is not %s", tuneEnv, TuningOff)
	}
	sound(t, sim)
}

// Where nothing can be kept nothing is measured, and the device says why.
func TestTuningCannotBeKept(t *testing.T) {
	sim := simulator(t)
	t.Setenv("AEGPU_CUDASIM_FAST_ALGORITHM", "1")
	want := tuned(t, TuningOff)
	for _, c := range []struct {
		name, why string
		spoil     func(t *testing.T, file string)
	}{
		{"no home", "nor $HOME", func(t *testing.T, _ string) { t.Setenv("XDG_CACHE_HOME", ""); t.Setenv("HOME", "") }},
		{"a file in the folder's place", "not a directory", func(t *testing.T, file string) { place(t, filepath.Dir(file), "") }},
		{"a folder in the file's place", "is a directory", func(t *testing.T, file string) { place(t, filepath.Join(file, "x"), "") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.spoil(t, usual(t))
			dev := open(t, Options{})
			detail := dev.Info().Detail
			if !strings.Contains(detail, "algorithms are not measured") || !strings.Contains(detail, c.why) {
				t.Errorf("the device is %q, want that nothing is measured, and %q", detail, c.why)
			}
			if got := curve(t, dev, variant(t, "plain"), adam); !slices.Equal(got, want) {
				t.Errorf("losses %v, want those of the first proposals, %v", got, want)
			}
			if err := dev.Close(); err != nil {
				t.Error(err)
			}
			sound(t, sim)
		})
	}
}

// place writes a file with its folders.
func place(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// line is a choice for another machine.
const line = `{"machine":"m","product":"p","candidate":0}` + "\n"

// A damaged cache starts afresh. A line whose writer was stopped is no damage.
func TestDamagedCache(t *testing.T) {
	simulator(t)
	t.Setenv("AEGPU_CUDASIM_FAST_ALGORITHM", "1")
	for text, damaged := range map[string]bool{line + "{\n": true, line + "{\"mach": false, line + "{\"x": true, "{}\n": true} {
		file := usual(t)
		place(t, file, text)
		dev := open(t, Options{})
		if detail := dev.Info().Detail; strings.Contains(detail, "measured anew") != damaged {
			t.Errorf("with %q in the cache the device is %q", text, detail)
		}
		curve(t, dev, variant(t, "plain"), adam)
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
		kept, err := openTuning(file, "")
		if err != nil || len(kept.choices) < 8 {
			t.Errorf("with %q in the cache: %v, %d choices", text, err, len(kept.choices))
		}
	}
}

// Of two devices that measure the same product the second takes what the first
// kept meanwhile.
func TestTwoDevicesChooseTheSame(t *testing.T) {
	simulator(t)
	t.Setenv(cudasim.QuirksEnv, "-epilogues-differ") // the third proposal is algorithm 3
	usual(t)
	devices := []*Device{open(t, Options{}).(*Device), open(t, Options{}).(*Device)}
	var losses [2][]float64
	for i, d := range devices {
		t.Setenv("AEGPU_CUDASIM_FAST_ALGORITHM", []string{"3", "1"}[i])
		losses[i] = curve(t, d, variant(t, "plain"), adam)
	}
	if !slices.Equal(losses[0], losses[1]) {
		t.Errorf("losses %v and %v", losses[0], losses[1])
	}
	for _, d := range devices {
		for _, c := range d.tuning.choices {
			if c.Candidate != 2 { // the third that is ordered
				t.Errorf("%s: algorithm %d, the first device chose 2", c.Product, c.Candidate)
			}
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Many that add to a file at once lose nothing and agree.
func TestChoicesOfMany(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tuning.jsonl")
	const writers, products = 8, 40
	var got [writers][products]int
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			tuning := &tuning{path: file, machine: "m"}
			for i := range products {
				p := (i + w*products/writers) % products // each begins elsewhere
				candidate, err := tuning.keep(choice{Choice: backend.Choice{Machine: "m", Product: fmt.Sprint(p), Candidate: w}})
				if err != nil {
					t.Error(err)
				}
				got[w][p] = candidate
			}
		})
	}
	all.Wait()
	kept, err := openTuning(file, "m")
	if err != nil || len(kept.choices) != products {
		t.Fatalf("%v, %d choices of %d products", err, len(kept.choices), products)
	}
	for p := range products {
		want, _ := kept.find(fmt.Sprint(p))
		for w := range writers {
			if got[w][p] != want {
				t.Errorf("product %d: writer %d was given %d, the file says %d", p, w, got[w][p], want)
			}
		}
	}
}

// Where there is no room to measure in, the first algorithm is chosen, and another run
// may have room.
func TestTuningWithoutRoom(t *testing.T) {
	sim := simulator(t)
	t.Setenv(cudasim.QuirksEnv, "-strict-capture") // there is no room to load what runs in one either
	tuned(t, TuningOff)
	needed := sim.Stats().PeakBytes
	file := usual(t)
	t.Setenv("AEGPU_CUDASIM_FAST_ALGORITHM", "1")
	t.Setenv("AEGPU_CUDASIM_MEMORY", fmt.Sprint(needed))
	d := open(t, Options{}).(*Device)
	curve(t, d, variant(t, "plain"), adam)
	measured := 0
	for _, a := range d.asked {
		if a.microseconds != nil {
			measured++
		} else if a.chosen != 0 {
			t.Errorf("%+v: algorithm %d without measuring", a.spec, a.chosen)
		}
	}
	if measured == len(d.asked) {
		t.Error("there was room: the test shows nothing")
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if kept, err := openTuning(file, ""); err != nil || len(kept.choices) != measured {
		t.Errorf("%v, %d choices are kept, %d were measured", err, len(kept.choices), measured)
	}
	t.Setenv("AEGPU_CUDASIM_MEMORY", fmt.Sprint(1<<30))
	tuned(t, "")
	if kept, err := openTuning(file, ""); err != nil || len(kept.choices) < 8 {
		t.Errorf("with room: %v, %d choices", err, len(kept.choices))
	}
	sound(t, sim)
}

// Algorithms whose runs differ are none to choose from: with the simulator the
// third of four is such a one.
func TestTuningTakesNoUnorderedAlgorithm(t *testing.T) {
	simulator(t)
	file := filepath.Join(t.TempDir(), "tuning.jsonl")
	t.Setenv("AEGPU_CUDASIM_FAST_ALGORITHM", "2")
	tuned(t, file)
	kept, err := openTuning(file, "")
	if err != nil || len(kept.choices) == 0 {
		t.Fatalf("%v, %d choices", err, len(kept.choices))
	}
	for _, c := range kept.choices {
		if len(c.Microseconds) != 3 {
			t.Errorf("%s: %d algorithms were measured, want 3", c.Product, len(c.Microseconds))
		}
	}
}

func TestDamagedTuningFile(t *testing.T) {
	device(t)
	file := filepath.Join(t.TempDir(), "tuning.jsonl")
	for _, text := range []string{"\n{\n", "{}\n", "weights", line + "\x00", `{"epochs": 3}`} {
		place(t, file, text)
		if _, err := OpenWith(0, Options{Tuning: file}); !errors.Is(err, ErrTuning) || !strings.Contains(err.Error(), file) {
			t.Errorf("Open: %v, want an error that names the file with %q", err, text)
		}
		if left, err := os.ReadFile(file); err != nil || string(left) != text {
			t.Errorf("%v: of %q it leaves %q", err, text, left)
		}
	}
	for _, other := range []string{filepath.Dir(file), os.DevNull} {
		if _, err := OpenWith(0, Options{Tuning: other}); !errors.Is(err, ErrTuning) || !strings.Contains(err.Error(), other) {
			t.Errorf("Open: %v, want an error that names %s", err, other)
		}
	}
}

// An algorithm is timed over what fills a millisecond, 16 runs at most, captured in
// one graph.
func TestAlgorithmsAreTimedInRepeats(t *testing.T) {
	sim := simulator(t)
	d := open(t, Options{}).(*Device)
	s := cublaslt.Spec{M: 8, N: 8, K: 8, LDA: 8, LDB: 8, LDD: 8, Compute: cublaslt.Compute32F, Epilogue: cublaslt.Plain, AlignA: 16, AlignB: 16, AlignD: 16}
	for fast, repeats := range map[string]uint64{"0": raceRepeats, "1": 1} { // the others take 2 ms
		t.Setenv("AEGPU_CUDASIM_FAST_ALGORITHM", fast)
		err := d.worker.Do(func() error {
			plan, err := d.lt.Plan(s, workspaceSize, 0, 0)
			if err != nil {
				return err
			}
			defer plan.Free()
			_, err = d.onTrack(s, false, func(track *track) error { _, err := track.time(plan); return err })
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := sim.Stats().GraphNodes; n != repeats {
			t.Errorf("algorithm 0 is timed in %d repeats where %s is the fast one, want %d", n, fast, repeats)
		}
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	sound(t, sim)
}

// A cache that can no longer be written to is said when it happens; a file that cannot
// be begun, when the device is opened.
func TestTuningThatCannotGoOn(t *testing.T) {
	sim := simulator(t)
	file := usual(t)
	var warnings []string
	d := open(t, Options{Warn: func(line string) { warnings = append(warnings, line) }})
	if err := os.RemoveAll(filepath.Dir(file)); err != nil {
		t.Fatal(err)
	}
	place(t, filepath.Dir(file), "a file in the folder's place")
	curve(t, d, variant(t, "plain"), adam)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "not measured any more") || !strings.Contains(warnings[0], "not a directory") {
		t.Errorf("warnings: %q", warnings)
	}
	missing := filepath.Join(t.TempDir(), "missing", "tuning.jsonl")
	if _, err := OpenWith(0, Options{Tuning: missing}); !errors.Is(err, ErrTuning) || !strings.Contains(err.Error(), missing) {
		t.Errorf("Open with %s: %v", missing, err)
	}
	sound(t, sim)
}
