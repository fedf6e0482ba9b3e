//go:build cuda

package gpu

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
)

// tuneEnv names the variable with Options.Tuning.
const tuneEnv = "AEGPU_GPU_TUNING"

// TuningOff is the Options.Tuning that measures nothing.
const TuningOff = "off"

// tuning is which of cuBLASLt's algorithms is the fastest for a product, as it was
// measured. Two algorithms may round differently, and two measurements may come
// to different ends, so a choice is in a file before it is used: whoever computes
// with the same file gets the same bits. A file is only ever added to, under a
// lock, and of two choices for a product the first in it holds.
type tuning struct {
	path    string
	machine string // what measurements hold for
	usual   bool   // in the user's cache: trouble with it is no reason to stop
	fixed   bool   // nothing can be added to it, and so nothing is measured
	choices []choice
}

// choice is a line of the file.
type choice struct {
	backend.Choice
	// Microseconds of every candidate, -1 where it failed; for people.
	Microseconds []float64 `json:"microseconds"`
}

// openTuning reads the file at path, which need not be there yet.
func openTuning(path, machine string) (*tuning, error) {
	t := &tuning{path: path, machine: machine}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	t.choices, _, err = parseChoices(path, text)
	return t, err
}

// usualTuning is the tuning in the user's cache. The error says why it is not all
// that it should be: a damaged one starts afresh, and one that cannot be written is
// fixed, since a choice that is forgotten would not be the next run's.
func usualTuning(machine string) (*tuning, error) {
	t := &tuning{machine: machine, usual: true, fixed: true}
	cache, err := os.UserCacheDir()
	if err != nil {
		return t, err
	}
	t.path = filepath.Join(cache, "aegpu", "tuning.jsonl")
	if text, err := os.ReadFile(t.path); err == nil {
		t.choices, _, _ = parseChoices(t.path, text)
	}
	if err := os.MkdirAll(filepath.Dir(t.path), 0o777); err != nil {
		return t, err
	}
	f, text, err := lockFile(t.path)
	if err != nil {
		return t, err
	}
	if _, _, err = parseChoices(t.path, text); err != nil {
		err = errors.Join(err, f.Truncate(0))
	}
	t.fixed = false
	return t, errors.Join(err, f.Close())
}

// lineBegin is what every line of the file begins with.
const lineBegin = `{"machine":`

// parseChoices is the choices in a file, and how many bytes hold them. What follows
// the last line's end is a line whose writer was stopped, and was never used; anything
// else there, and lines that hold no choice, are of a file that is not ours to write to.
func parseChoices(path string, text []byte) (choices []choice, whole int, err error) {
	whole = bytes.LastIndexByte(text, '\n') + 1
	for i, line := range bytes.Split(text[:whole], []byte("\n")) {
		var c choice
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if err := json.Unmarshal(line, &c); err != nil {
			return nil, 0, fmt.Errorf("%s, line %d: %w", path, i+1, err)
		}
		if c.Machine == "" || c.Product == "" {
			return nil, 0, fmt.Errorf("%s, line %d: it names no machine or no product", path, i+1)
		}
		choices = append(choices, c)
	}
	if rest := text[whole:]; !bytes.HasPrefix(rest, []byte(lineBegin)) && !bytes.HasPrefix([]byte(lineBegin), rest) {
		return nil, 0, fmt.Errorf("%s: it ends with what is no line of a file of algorithms", path)
	}
	return choices, whole, nil
}

// find is the candidate that was chosen for a product on this machine.
func (t *tuning) find(product string) (candidate int, ok bool) {
	for _, c := range t.choices {
		if c.Machine == t.machine && c.Product == product {
			return c.Candidate, true
		}
	}
	return 0, false
}

// lockFile opens a file for one process, until it is closed, and reads it.
func lockFile(path string) (f *os.File, text []byte, err error) {
	if f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return nil, nil, err
	}
	if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		err = fmt.Errorf("%s cannot be locked: %w", path, err)
	} else if text, err = io.ReadAll(f); err == nil {
		return f, text, nil
	}
	return nil, nil, errors.Join(err, f.Close())
}

// keep adds a choice to the file, unless another process chose before, and returns
// the candidate that holds.
func (t *tuning) keep(c choice) (candidate int, err error) {
	f, text, err := lockFile(t.path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	choices, whole, err := parseChoices(t.path, text)
	if err != nil {
		return 0, err
	}
	t.choices = choices
	if candidate, ok := t.find(c.Product); ok {
		return candidate, nil
	}
	line, err := json.Marshal(c)
	if err != nil {
		return 0, err
	}
	if _, err := f.WriteAt(append(line, '\n'), int64(whole)); err != nil {
		return 0, err
	}
	t.choices = append(t.choices, c)
	return c.Candidate, f.Sync()
}

// startTuning opens the tuning that the options ask for. Where the usual one is not
// as it should be, the device's description says so.
func (d *Device) startTuning() (err error) {
	machine := fmt.Sprintf("%s, cuBLASLt %d", d.info.Detail, d.lt.Version())
	d.machine, d.held = machine, &tuning{}
	switch d.options.Tuning {
	case TuningOff, "none":
	case "":
		if d.tuning, err = usualTuning(machine); err != nil {
			d.untuned(err)
		}
	default:
		d.tuning, err = openTuning(d.options.Tuning, machine)
		if _, missing := os.Stat(d.options.Tuning); err != nil || missing == nil {
			return err
		}
		f, _, err := lockFile(d.options.Tuning) // what cannot be begun is found now
		if err != nil {
			return err
		}
		return f.Close()
	}
	return nil
}

func (d *Device) untuned(why error) {
	what := "algorithms are measured anew"
	if d.tuning.fixed {
		what = "algorithms are not measured"
	}
	d.info.Detail += fmt.Sprintf("; %s (%v)", what, why)
}

// tune has plan use the algorithm that is held, else the fastest: the one that the
// tuning file names, else the one that is measured now, when the product is first
// planned. It has run once then.
func (d *Device) tune(plan *cublaslt.Plan, a *asked) (err error) {
	product := a.product()
	if candidate, ok := d.held.find(product); ok {
		return d.hold(plan, a, candidate)
	}
	_, first := d.held.find(anyOther)
	candidate, known := 0, first || d.tuning == nil
	if !known {
		candidate, known = d.tuning.find(product)
	}
	if !known && !d.tuning.fixed {
		if candidate, err = d.measure(plan, a); err != nil {
			return err
		}
	}
	if candidate < 0 || candidate >= plan.Candidates() {
		if !d.tuning.usual {
			return fmt.Errorf("%s names algorithm %d of %d for a product of this machine", d.tuning.path, candidate, plan.Candidates())
		}
		candidate = 0 // no line of ours
	}
	a.chosen, err = d.settle(plan, a.spec, candidate)
	return err
}

// measure is the fastest algorithm of plan, which the tuning keeps. Where there is no
// room to measure in it is the first, which is not kept: other runs may have room.
func (d *Device) measure(plan *cublaslt.Plan, a *asked) (candidate int, err error) {
	room, err := d.onTrack(a.spec, false, func(t *track) error {
		a.microseconds = t.race(plan)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("measuring algorithms: %w", err)
	}
	if !room {
		return 0, nil
	}
	candidate = fastest(a.microseconds)
	if a.microseconds[candidate] < 0 { // settle says so
		return candidate, nil
	}
	candidate, err = d.tuning.keep(choice{backend.Choice{Machine: d.machine, Product: a.product(), Candidate: candidate}, a.microseconds})
	if err != nil && d.tuning.usual {
		d.tuning.fixed = true
		if d.options.Warn != nil {
			d.options.Warn(fmt.Sprintf("algorithms are not measured any more, products take the library's first proposal (%v)", err))
		}
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrTuning, err)
	}
	return candidate, nil
}

// settle has plan use an algorithm or, where it cannot run, the first after it that
// can, and runs it once. Without memory for that it is taken at its word.
func (d *Device) settle(plan *cublaslt.Plan, s cublaslt.Spec, candidate int) (chosen int, err error) {
	plan.Choose(candidate)
	_, err = d.onTrack(s, true, func(t *track) error {
		var refused error
		for i := range plan.Candidates() {
			chosen = (candidate + i) % plan.Candidates()
			plan.Choose(chosen)
			if refused = t.run(plan); refused == nil {
				return t.stream.Synchronize()
			}
		}
		return fmt.Errorf("%w: %w", cublaslt.ErrUnsupported, refused)
	})
	return chosen, err
}

// fastest is the index of the shortest time, 0 where all failed.
func fastest(times []float64) int {
	best := 0
	for i, t := range times {
		if t >= 0 && (times[best] < 0 || t < times[best]) {
			best = i
		}
	}
	return best
}
