package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
	"github.com/aegpu/aegpu/train"
	"github.com/urfave/cli/v2"
)

// savedRun is a run directory, or a model file on its own.
type savedRun struct {
	path   string           // as it was given
	config *settings.Config // nil for a model file
	file   string           // the model
	warn   func(line string)
	said   []string // by warn
}

// findRun looks at what RUN names and reads its config.
func findRun(path string) (*savedRun, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	if !info.IsDir() {
		if !info.Mode().IsRegular() { // a device has no end
			return nil, wrong("%s: neither a folder nor a plain file: expected a run directory or a model file", path)
		}
		return &savedRun{path: path, file: path}, nil
	}
	if err := train.CheckFiles(path); err != nil {
		return nil, err
	}
	config, err := configFile(filepath.Join(path, train.ConfigFile), "")
	if err != nil {
		return nil, fmt.Errorf("%w (a run directory, as aegpu train makes it, was expected)", err)
	}
	r := &savedRun{path: path, config: &config, file: filepath.Join(path, train.ModelFile)}
	if _, err := os.Stat(r.file); errors.Is(err, os.ErrNotExist) {
		return nil, wrong("%s holds no %s: its training has not ended an epoch yet; go on with: %s", path, train.ModelFile, resumeCommand(path))
	}
	return r, nil
}

// files are those that the run is made of, and was made from.
func (r *savedRun) files() []string {
	if r.config == nil {
		return []string{r.file}
	}
	return append(filesOfRun(r.path), inputsOf(r.config)...)
}

// find is findRun, and doubts settings that are others than those of the training: evaluations divide the data by them,
// and people read them.
func (s *streams) find(path string) (*savedRun, error) {
	r, err := findRun(path)
	if err == nil && r.config != nil {
		if text := r.edited(); text != "" {
			s.doubts = append(s.doubts, text)
		}
	}
	return r, err
}

// edited says which settings of the run's config.yaml are others than those of its checkpoint, "" where none is, or no
// checkpoint can be read.
func (r *savedRun) edited() string {
	was, checkpoint, err := train.Saved(r.path)
	if err != nil {
		return ""
	}
	var others []string
	for _, name := range settings.Names() {
		if then, now := fmt.Sprint(was.Get(name)), fmt.Sprint(r.config.Get(name)); then != now {
			others = append(others, fmt.Sprintf("%s is %s, and %s in %s", name, now, then, filepath.Base(checkpoint)))
		}
	}
	if others == nil {
		return ""
	}
	return printable(fmt.Sprintf("%s: %s: it was changed after the training", filepath.Join(r.path, train.ConfigFile), strings.Join(others, "; ")))
}

// load reads the model onto the device.
func (r *savedRun) load(dev backend.Device) (*model.Model, error) {
	if info, err := os.Stat(r.file); err == nil {
		if err := hostmemory.Ask("the model file "+r.file, int(info.Size()), 3); err != nil { // as it is, as numbers, on its way to the device
			return nil, err
		}
	}
	file, err := os.ReadFile(r.file)
	if err != nil {
		return nil, unreadable(r.file, err)
	}
	m, err := model.Read(dev, file)
	if err != nil && !errors.Is(err, backend.ErrOutOfMemory) {
		return nil, wrong("%s: %w", r.file, err)
	}
	if err == nil && r.config != nil && m.Spec.Classes > 0 && m.Classifier.Classes == nil { // files of old did not say
		m.Classifier.FineTuned = r.config.Classifier == settings.FinetuneClassifier
	}
	return m, err
}

// open finds a run, opens a device and loads the model. The caller closes both.
func (s *streams) open(c *cli.Context, path string) (*savedRun, backend.Device, *model.Model, error) {
	r, err := s.find(path)
	if err == nil {
		err = keepInputs(c, r)
	}
	if err := s.agree(err); err != nil {
		return nil, nil, nil, err
	}
	r.warn = s.warn
	dev, err := s.openDevice(c, c.String("device"), backend.FP32)
	if err != nil {
		return nil, nil, nil, err
	}
	m, err := r.load(dev)
	if err != nil {
		return nil, nil, nil, errors.Join(err, dev.Close())
	}
	return r, dev, m, nil
}

// own returns the run's own data, divided and scaled as in its training; what has changed is said, or refused where rows
// that would be held out may have been trained on.
func (r *savedRun) own(ctx context.Context, m *model.Model) (*train.Sets, error) {
	if r.config != nil && r.config.Data == data.StandardInput {
		return nil, wrong("%s was trained on data from standard input, which are gone: name DATA where the command takes it", r.path)
	}
	if r.config == nil {
		return nil, wrong("%s is a model file, which does not say what data it was trained on: name the run directory, or DATA where the command takes it", r.path)
	}
	sets, err := train.Again(ctx, *r.config, m)
	if errors.Is(err, os.ErrNotExist) {
		return nil, wrong("%w: the run was trained on it; where it has moved to, write its place into %s, or name DATA where the command takes it",
			err, filepath.Join(r.path, train.ConfigFile))
	}
	if err != nil {
		return nil, err
	}
	if sets.Changed != "" && r.warn != nil {
		r.warn(sets.Changed)
		r.said = append(r.said, sets.Changed)
	}
	return sets, nil
}

// openPart is the test part of the data that was named, or all of it where it has none; part asks for one by name. The
// rows must fit width columns.
func (s *streams) openPart(c *cli.Context, name, part string, how data.Reading, width int, what string) (*data.Set, error) {
	if err := checkPart(part); err != nil {
		return nil, err
	}
	source, err := data.Read(c.Context, name, how)
	if err != nil {
		return nil, err
	}
	s.sayFound(source, c.Bool("quiet"))
	set := source.Test
	switch {
	case part == trainPart:
		set = source.Train
	case part == validationPart && source.Val != nil:
		set = source.Val
	case part == validationPart, part == testPart && set == nil:
		return nil, wrong("%s has no %s part of its own: leave DATA out for that of the run's data", name, part)
	}
	if set == nil {
		set = source.Train
	}
	if set.Rows == 0 {
		return nil, wrong("%s: no rows", name)
	}
	if set.Cols != width {
		return nil, wrong("%s has rows of %d numbers: expected %d, the size of %s", name, set.Cols, width, what)
	}
	return set, nil
}
