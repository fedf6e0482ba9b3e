//go:build cuda

package gpu

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
)

// tuneEnv names the variable with the path of Options.Tuning.
const tuneEnv = "AEGPU_GPU_TUNING"

// tuning is which of cuBLASLt's algorithms is the fastest for a product, as it was
// measured. Two algorithms may round differently, and two measurements may come
// to different ends, so what was measured once is kept in a file: whoever computes
// with the same file gets the same bits. Without one the library's first proposal
// is taken, which is always the same.
type tuning struct {
	path    string
	machine string // what measurements hold for
	choices []choice
}

// choice is a line of the file.
type choice struct {
	Machine   string `json:"machine"`
	Product   string `json:"product"`
	Candidate int    `json:"candidate"`
	// Microseconds of every candidate, -1 where it failed; for people.
	Microseconds []float64 `json:"microseconds"`
}

// openTuning reads the file at path, which need not be there yet.
func openTuning(path, machine string) (*tuning, error) {
	t := &tuning{path: path, machine: machine}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for i, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		var c choice
		if len(line) == 0 {
			continue
		}
		if err := json.Unmarshal(line, &c); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, i+1, err)
		}
		t.choices = append(t.choices, c)
	}
	return t, nil
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

// keep adds a choice to the file, which is whole at any time.
func (t *tuning) keep(c choice) error {
	t.choices = append(t.choices, c)
	var text bytes.Buffer
	lines := json.NewEncoder(&text)
	for _, c := range t.choices {
		if err := lines.Encode(c); err != nil {
			return err
		}
	}
	f, err := os.CreateTemp(filepath.Dir(t.path), ".tmp-tuning-")
	if err != nil {
		return err
	}
	_, err = f.Write(text.Bytes())
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), t.path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// tune has plan use the fastest of its algorithms: the one that the tuning file
// names, else the one that is measured now, when the product is first planned.
func (d *Device) tune(plan *cublaslt.Plan, key planKey) error {
	if d.tuning == nil {
		return nil
	}
	product := fmt.Sprintf("%+v bias aligned to %d", key.spec, key.bias)
	candidate, ok := d.tuning.find(product)
	if !ok {
		times, err := d.race(plan, key.spec)
		if err != nil {
			return fmt.Errorf("measuring algorithms: %w", err)
		}
		candidate = fastest(times)
		if err := d.tuning.keep(choice{d.tuning.machine, product, candidate, times}); err != nil {
			return fmt.Errorf("%s: %w", tuneEnv, err)
		}
	}
	if candidate < 0 || candidate >= plan.Candidates() {
		return fmt.Errorf("%s names algorithm %d of %d for a product of this machine", d.tuning.path, candidate, plan.Candidates())
	}
	plan.Choose(candidate)
	return nil
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
