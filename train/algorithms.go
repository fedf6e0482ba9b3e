package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/model"
)

// takeAlgorithms has the device compute by the algorithms in a file, "" for none.
func (r *run) takeAlgorithms(path string) error {
	dev, ok := r.dev.(backend.Chooser)
	if !ok {
		return nil
	}
	var kept []backend.Choice
	if path != "" {
		file, err := os.ReadFile(path)
		if err != nil {
			return &RequestError{err}
		}
		if kept, err = parseAlgorithms(file); err != nil {
			return wrong("%s: %w; without this file algorithms are chosen anew", path, err)
		}
	}
	for _, c := range kept {
		if here := dev.Machine(); c.Machine != here {
			r.warn(fmt.Sprintf("%s is of another machine (%s) than this one (%s), which rounds differently: %s will not give the same bits", path, c.Machine, here, ConfigFile))
			break
		}
	}
	dev.Choose(path, kept)
	if r.dir != nil {
		r.dir.choices = kept
	}
	return nil
}

// chooseForReference has the device choose how it computes what the training rows are like to the model, which is found out
// after the training: so the choice is kept before there is a checkpoint to go on from.
func (r *run) chooseForReference(ctx context.Context) error {
	if _, ok := r.dev.(backend.Chooser); !ok || r.dir == nil {
		return nil
	}
	_, err := eval.FitReference(ctx, r.whole, r.sets.Train)
	r.whole.EndInference()
	return err
}

// resumeAlgorithms has the device compute by the algorithms of the run that goes on.
func (r *run) resumeAlgorithms(c *checkpoint) error {
	path := r.dir.file(AlgorithmsFile)
	if exists(path) {
		return r.takeAlgorithms(path)
	}
	if _, ok := r.dev.(backend.Chooser); ok && c.Device == r.dev.Info().Kind {
		r.warn(fmt.Sprintf("%s is not there, and algorithms are chosen anew, which may round differently: %s may not give the same bits", path, ConfigFile))
	}
	return r.takeAlgorithms("")
}

// KeepAlgorithms writes the algorithms that the run's device has computed by. The CPU has none.
func (d *Directory) KeepAlgorithms(dev backend.Device) error {
	if c, ok := dev.(backend.Chooser); ok {
		d.choices = union(d.choices, c.Chosen())
	}
	if len(d.choices) == d.written {
		return nil
	}
	file, err := formatAlgorithms(d.choices)
	if err != nil {
		return err
	}
	if err := d.Write(AlgorithmsFile, func(w io.Writer) error { _, err := w.Write(file); return err }); err != nil {
		return err
	}
	d.written = len(d.choices)
	return nil
}

// union returns all of a, and of b what is not in a.
func union(a, b []backend.Choice) []backend.Choice {
	there := map[backend.Choice]bool{}
	for _, c := range a {
		there[c] = true
	}
	for _, c := range b {
		if !there[c] {
			a = append(a, c)
		}
	}
	return a
}

// seal is the last line of a file of algorithms: the sha256 of those before it.
func seal(lines []byte) []byte {
	return fmt.Appendf(nil, "{\"sha256\":\"%x\"}\n", sha256.Sum256(lines))
}

func formatAlgorithms(choices []backend.Choice) ([]byte, error) {
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	for _, c := range choices {
		if err := enc.Encode(c); err != nil {
			return nil, err
		}
	}
	return append(lines.Bytes(), seal(lines.Bytes())...), nil
}

func parseAlgorithms(file []byte) (choices []backend.Choice, err error) {
	lines := file[:max(0, len(file)-len(seal(nil)))]
	if !bytes.Equal(file[len(lines):], seal(lines)) {
		return nil, model.ErrDamaged
	}
	dec := json.NewDecoder(bytes.NewReader(lines))
	dec.DisallowUnknownFields()
	for dec.More() {
		var c backend.Choice
		if err := dec.Decode(&c); err != nil {
			return nil, err
		}
		choices = append(choices, c)
	}
	return choices, nil
}
