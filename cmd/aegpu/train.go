package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/settings"
	"github.com/aegpu/aegpu/train"
	"github.com/urfave/cli/v2"
)

func newTrainCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:      "train",
		Usage:     "train an autoencoder",
		ArgsUsage: "[DATA]",
		Description: "Trains on DATA: builtin:glyphs (the default), a folder in MNIST's layout, or a file of IDX, NPY, NPZ, CSV or TSV.\n" +
			"The run directory gets config.yaml, model.safetensors (best weights), last.ckpt, metrics.jsonl, pictures and report.html.\n\n" +
			"  aegpu train data/mnist --model vae --latent 20 --epochs 10",
		Flags: append(append(settingFlags(), gpuFlags("Run")...),
			&cli.StringFlag{Name: "config", Usage: "`FILE` of settings (YAML, as in a run's config.yaml); flags win", Category: "Run"},
			&cli.StringFlag{Name: "out", Aliases: []string{"o", "output"}, Usage: "`DIR` for the run, new or empty", Category: "Run", DefaultText: "runs/MODEL-DATA-1, -2, ..."},
			&cli.BoolFlag{Name: "resume", Usage: "go on with the run found in --out, or start it", Category: "Run", DisableDefaultText: true},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object on standard output", Category: "Run", DisableDefaultText: true},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "say nothing on standard error but what goes wrong", Category: "Run", DisableDefaultText: true}),
		Action: func(c *cli.Context) error {
			o, err := trainOptionsOf(c)
			if err != nil {
				return err
			}
			return runTrain(c, s, o)
		},
	}
}

// trainOptions are a training as it was asked for.
type trainOptions struct {
	config      settings.Config
	dir         string // "" for the first free one
	resume      bool
	json, quiet bool
	gpu         []string // flags of a GPU, as they were set
	made        []string // folders made for the run, the innermost first
}

func trainOptionsOf(c *cli.Context) (o trainOptions, err error) {
	if err := arguments(c, 0, 1); err != nil {
		return o, err
	}
	o = trainOptions{dir: c.String("out"), resume: c.Bool("resume"), json: c.Bool("json"), quiet: c.Bool("quiet"), gpu: gpuWords(c)}
	file := c.String("config")
	if o.resume && o.dir == "" {
		return o, wrong("--resume needs --out DIR, the run to go on with")
	}
	if own := filepath.Join(o.dir, train.ConfigFile); o.resume && file == "" {
		if _, err := os.Stat(own); err == nil {
			file = own
		}
	}
	if o.config, err = readConfig(c, file); err != nil {
		return o, err
	}
	if c.NArg() > 0 {
		o.config.Data = c.Args().First()
	}
	if err := o.config.Validate(); err != nil {
		return o, &requestError{err}
	}
	return o, nil
}

func runTrain(c *cli.Context, s *streams, o trainOptions) error {
	ctx := c.Context
	if err := o.checkDir(); err != nil {
		return err
	}
	dev, err := s.openDevice(c, o.config.Device, o.config.Precision)
	if err != nil {
		return err
	}
	defer dev.Close()
	sets, err := train.Load(ctx, o.config)
	if err != nil {
		return notBegun(err)
	}
	if !o.quiet {
		fmt.Fprintf(s.err, "data %s: %s\n", o.config.Data, partsText(sets))
	}
	s.training.Store(true)
	if err := o.makeDir(); err != nil {
		return err
	}
	result, err := s.train(ctx, dev, o, sets)
	if err != nil {
		o.discard()
		return o.stopped(err)
	}
	defer result.Model.Close()
	return s.finish(ctx, dev, o, sets, result)
}

func (s *streams) train(ctx context.Context, dev backend.Device, o trainOptions, sets *train.Sets) (*train.Result, error) {
	options := train.Options{Dir: o.dir, Resume: o.resume}
	if err := askForRun(dev, &o.config, sets); err != nil {
		return nil, err
	}
	if o.quiet {
		return train.Run(ctx, dev, o.config, sets, options)
	}
	spec, err := o.config.Spec(sets.Preparation.Inputs())
	if err != nil {
		return nil, &requestError{err}
	}
	fmt.Fprintf(s.err, "model %s: %s, run directory %s\n", o.config.Model, widths(&spec), o.dir)
	if free := dev.Info().Free; free > 0 {
		if m, err := train.Plan(dev, o.config, sets); err == nil { // Run says what is wrong
			fmt.Fprintf(s.err, "memory: %s\n", m.Line(free))
		}
	}
	if text := updateText(&o.config, sets.Train.Rows); text != "" {
		fmt.Fprintln(s.err, text)
	}
	p := newProgress(s.err)
	defer p.clear()
	options.Progress, options.Epoch = p.step, p.epoch
	return train.Run(ctx, dev, o.config, sets, options)
}

// updateText says what makes an update where that is more than a batch, and the
// learning rate where it is scaled.
func updateText(c *settings.Config, rows int) string {
	n := c.UpdateRows(rows)
	text := fmt.Sprintf("updates of %s rows", count(float64(n)))
	if c.Accumulate > 1 {
		text += fmt.Sprintf(" in batches of %s", count(float64(min(c.Batch, rows))))
	}
	if factor := c.LRScale.Factor(n); c.LRScale.Kind != settings.NoLRScale {
		return text + fmt.Sprintf(", learning rate %s (%s scaled by %s, %s)", short(c.LR*factor), short(c.LR), short(factor), c.LRScale)
	}
	if c.Accumulate > 1 {
		return text
	}
	return ""
}

func partsText(s *train.Sets) string {
	text := fmt.Sprintf("%d training", s.Train.Rows)
	if s.Val != nil {
		text += fmt.Sprintf(", %d validation", s.Val.Rows)
	}
	if s.Test != nil {
		text += fmt.Sprintf(", %d test", s.Test.Rows)
	}
	text += fmt.Sprintf(" rows of %d numbers", s.Train.Cols)
	if k := s.Preparation.Scaling; k != data.ScaleNone {
		text += ", scaled (" + k.String() + ")"
	}
	return text
}

// checkDir refuses a directory that is in use before any work is done.
func (o *trainOptions) checkDir() error {
	if o.dir == "" || o.resume {
		return nil
	}
	entries, err := os.ReadDir(o.dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return unreadable(o.dir, err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".tmp-") {
			return wrong("--out %s is not empty: name another directory, or go on with the run in it: %s", o.dir, resumeCommand(o.dir, o.gpu...))
		}
	}
	return nil
}

// makeDir makes the run directory; without a name the first free one of
// runs/MODEL-DATA-1, -2 and so on.
func (o *trainOptions) makeDir() error {
	if o.dir != "" {
		return o.makeFolders(o.dir)
	}
	if err := o.makeFolders("runs"); err != nil {
		return err
	}
	for n := 1; ; n++ {
		o.dir = filepath.Join("runs", fmt.Sprintf("%s-%s-%d", o.config.Model, dataName(o.config.Data), n))
		switch err := os.Mkdir(o.dir, 0o777); {
		case err == nil:
			o.made = append([]string{o.dir}, o.made...)
			return nil
		case !errors.Is(err, os.ErrExist):
			return unreadable(o.dir, err)
		}
	}
}

// makeFolders makes a folder and those that it is in, and notes which were not there.
func (o *trainOptions) makeFolders(path string) error {
	for at := filepath.Clean(path); !exists(at) && at != filepath.Dir(at); at = filepath.Dir(at) {
		o.made = append(o.made, at)
	}
	if err := os.MkdirAll(path, 0o777); err != nil {
		return unreadable(path, err)
	}
	return nil
}

// notBegun says of an interruption that nothing was lost.
func notBegun(err error) error {
	if train.Interrupted(err) {
		return &explained{"interrupted before the training began", err}
	}
	return err
}

// explained is an error with a text of its own.
type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }

// stopped says of an error that ended a training what was saved and how to go on.
func (o *trainOptions) stopped(err error) error {
	var (
		request  *train.RequestError
		diverged *train.DivergedError
	)
	saved := exists(filepath.Join(o.dir, train.CheckpointFile))
	switch {
	case train.Interrupted(err) && saved:
		return &explained{"stopped, the run is saved; to go on: " + resumeCommand(o.dir, o.gpu...), err}
	case train.Interrupted(err):
		return notBegun(err)
	case errors.As(err, &request), errors.Is(err, backend.ErrOutOfMemory):
		return err
	case errors.As(err, &diverged):
		if exists(filepath.Join(o.dir, train.ModelFile)) {
			return fmt.Errorf("%w; %s holds the best weights before it", err, filepath.Join(o.dir, train.ModelFile))
		}
		return fmt.Errorf("%w; nothing was saved before it", err)
	case saved:
		return fmt.Errorf("%w; the run is saved up to its last checkpoint; to go on once that is mended: %s", err, resumeCommand(o.dir, o.gpu...))
	}
	return fmt.Errorf("%w; no checkpoint was written yet", err)
}

// discard removes the folders that were made for a run which saved nothing.
func (o *trainOptions) discard() {
	if len(o.made) == 0 || exists(filepath.Join(o.dir, train.CheckpointFile)) || exists(filepath.Join(o.dir, train.ModelFile)) {
		return
	}
	if o.made[0] == filepath.Clean(o.dir) {
		os.Remove(filepath.Join(o.dir, train.ConfigFile))
	}
	for _, path := range o.made {
		os.Remove(path) // only where nothing is in it
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
