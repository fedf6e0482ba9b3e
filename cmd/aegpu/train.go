package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

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
		Description: "Trains on DATA: builtin:glyphs (the default), a folder in MNIST's layout or of pictures (sub-folders are\n" +
			"classes), or a file of IDX, NPY, NPZ, safetensors,\n" +
			"Matrix Market, CSV, TSV, Parquet or Arrow (Feather), a folder of such files, or - for standard input.\n" +
			"The run directory gets config.yaml, model.safetensors (best weights), last.ckpt and the checkpoint before it, previous.ckpt,\n" +
			"metrics.jsonl, pictures and report.html, and on a GPU algorithms.jsonl, which --resume and --config take along.\n" +
			"One training at a time writes to it.\n\n" +
			"  aegpu train data/mnist --model vae --latent 20 --epochs 10",
		Flags: append(append(settingFlags(), gpuFlags("Run")...),
			&cli.StringFlag{Name: "config", Usage: "`FILE` of settings (YAML, as in a run's config.yaml); flags win", Category: "Run"},
			&cli.StringFlag{Name: "out", Aliases: []string{"o", "output"}, Usage: "`DIR` for the run, new or empty", Category: "Run", DefaultText: "runs/MODEL-DATA-1, -2, ..."},
			&cli.BoolFlag{Name: "resume", Usage: "go on with the run found in --out, or start it", Category: "Run", DisableDefaultText: true},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object on standard output", Category: "Run", DisableDefaultText: true},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "say nothing on standard error but what goes wrong", Category: "Run", DisableDefaultText: true}),
		Action: func(c *cli.Context) error {
			if err := s.join(c.Context); err != nil {
				return err
			}
			var (
				o   trainOptions
				err error
			)
			if s.firstRank() {
				o, err = trainOptionsOf(c)
			}
			if err := s.shareRequest(&o, err); err != nil {
				return err
			}
			if done, err := s.launch(c, o.config.Device); done || err != nil {
				return err
			}
			return runTrain(c, s, o)
		},
	}
}

// trainOptions are a training as it was asked for.
type trainOptions struct {
	config      settings.Config
	file        string // of the settings, "" where there is none
	named       bool   // the data are named on the command line
	warnings    []string
	dir         string // "" for the first free one
	resume      bool
	json, quiet bool
	gpu         []string // flags of a GPU, as they were set
	algorithms  string   // file of those that the config came with, "" for none
	own         string   // the run's config.yaml where the settings are read from it
	isSet       func(flag string) bool
}

func trainOptionsOf(c *cli.Context) (o trainOptions, err error) {
	if err := arguments(c, 0, 1); err != nil {
		return o, err
	}
	o = trainOptions{dir: c.String("out"), resume: c.Bool("resume"), json: c.Bool("json"), quiet: c.Bool("quiet"), gpu: gpuWords(c), isSet: c.IsSet}
	file := c.String("config")
	if o.resume && o.dir == "" {
		return o, wrong("--resume needs --out DIR, the run to go on with")
	}
	if o.resume {
		if err := train.CheckFiles(o.dir); err != nil {
			return o, err
		}
	}
	if own := filepath.Join(o.dir, train.ConfigFile); o.resume && file == "" {
		if _, err := os.Stat(own); err == nil {
			file, o.own = own, own
		}
	}
	if own := filepath.Join(filepath.Dir(file), train.AlgorithmsFile); file != "" && !c.IsSet("gpu-tuning") && exists(own) {
		o.algorithms = own
	}
	if o.config, err = readConfig(c, file); err != nil {
		return o, err
	}
	if o.file, o.named = file, c.NArg() > 0; o.named {
		o.config.Data = c.Args().First()
	}
	if err := o.fromInput(c); err != nil {
		return o, err
	}
	if err := o.config.Validate(); err != nil {
		return o, &requestError{err}
	}
	return o, o.keepData()
}

// keepData refuses a run directory in which the training would write over its data, or be taken for some.
func (o *trainOptions) keepData() error {
	out, err := os.Stat(o.dir)
	if err != nil {
		return nil
	}
	inputs := inputsOf(&o.config)
	for _, name := range inputs {
		if in, err := os.Stat(name); err == nil && in.IsDir() && os.SameFile(out, in) {
			return wrong("--out %s is the folder of the data: expected another", o.dir)
		}
	}
	for _, path := range filesOfRun(o.dir) {
		if err := keep("--out "+o.dir, path, inputs); err != nil {
			return err
		}
	}
	return nil
}

func runTrain(c *cli.Context, s *streams, o trainOptions) error {
	ctx := c.Context
	var dir *train.Directory
	var err error
	if s.firstRank() {
		dir, err = o.openDir(s)
	}
	if err := s.agree(err); err != nil {
		return err
	}
	if s.firstRank() {
		defer dir.Close()
		s.leaveBy(func(err error) error {
			dir.Close()
			return o.stopped(err)
		})
	}
	dev, err := s.openDevice(c, o.config.Device, o.config.Precision)
	if err != nil {
		return err
	}
	defer dev.Close()
	sets, err := train.LoadTogether(ctx, o.config, s.ranks)
	if err != nil {
		return notBegun(err)
	}
	sets.Share = shareOf(s.ranks)
	s.sayFound(&data.Source{Found: sets.Found, Doubts: sets.Doubts}, o.quiet)
	o.warnings = append(o.warnings, sets.Doubts...)
	if err := s.agree(o.sameData(s, sets)); err != nil {
		return err
	}
	if !o.quiet {
		fmt.Fprintf(s.err, "data %s: %s\n", o.config.Data, partsText(sets))
	}
	if err := keepPaths(&o.config); err != nil {
		return err
	}
	result, err := s.train(ctx, dev, o, sets, dir)
	err = s.orLost(err)
	if err != nil && s.firstRank() {
		dir.Close() // then it holds what is kept
		return o.stopped(err)
	}
	if err != nil {
		return err
	}
	defer result.Model.Close()
	if !s.firstRank() {
		_, _, err := s.measured(ctx, result, sets, nil)
		return s.agree(err) // with the first one's, which has more to do
	}
	o.config = result.Config
	s.leaveBy(o.notMeasured)
	if err = s.agree(s.finish(ctx, dev, o, sets, result, dir)); err != nil {
		return o.notMeasured(err)
	}
	return nil
}

// leaveBy sets how the command ends when it is left to itself.
func (s *streams) leaveBy(leave func(error) error) { s.leave.Store(&leave) }

// notMeasured says of an error after a training that its result is kept.
func (o *trainOptions) notMeasured(err error) error {
	done := "trained and saved in " + o.dir
	if train.Interrupted(err) {
		return &explained{"stopped while measuring the model, which is " + done + "; to measure it: " + commandLine("aegpu", "evaluate", o.dir), err}
	}
	return fmt.Errorf("%w; the model is %s", err, done)
}

// sameData refuses data that are others than when the settings were written, unless it is these that were asked for.
func (o *trainOptions) sameData(s *streams, sets *train.Sets) error {
	switch then := o.config.DataFingerprint; {
	case sets.SameData(&o.config), o.resume && o.saved(): // train.Run has more to say of a run that goes on
	case o.named:
		line := fmt.Sprintf("%s is not the data that %s was written for (fingerprint %.12s, then %.12s): its settings make another model of it", o.config.Data, o.file, sets.Source, then)
		s.warn(line)
		o.warnings = append(o.warnings, line)
		o.config.DataFingerprint = ""
	default:
		return wrong("%s: %s holds other data than when these settings were written (fingerprint %.12s, then %.12s): bring that back, or train on it as it is: name it as DATA, or remove data-fingerprint",
			o.file, o.config.Data, sets.Source, then)
	}
	return nil
}

func (s *streams) train(ctx context.Context, dev backend.Device, o trainOptions, sets *train.Sets, dir *train.Directory) (*train.Result, error) {
	options := train.Options{Directory: dir, Resume: o.resume, Algorithms: o.algorithms, Warn: s.warn, Unsaved: s.unsaved.Store, Every: filesEvery, Ranks: s.ranks}
	options.Changed = func(name, was, now string) {
		if o.own != "" && !o.isSet(name) { // nobody has asked for it here and now
			s.warn(printable(fmt.Sprintf("%s: %s is %s, and the run was begun with %s: it goes on with %s", o.own, name, now, was, now)))
		}
	}
	if o.quiet {
		return train.Run(ctx, dev, o.config, sets, options)
	}
	if err := s.settle(ctx, dev, &o, sets, dir); err != nil {
		return nil, err
	}
	spec, err := sets.Spec(&o.config)
	if err != nil {
		return nil, err
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
	defer s.err.show("")
	s.progress.last = time.Now()
	options.Progress, options.Epoch = s.progress.step, s.progress.epoch
	defer s.progress.ended()
	return train.Run(ctx, dev, o.config, sets, options)
}

// settle finds out what the settings leave open, and says it.
func (s *streams) settle(ctx context.Context, dev backend.Device, o *trainOptions, sets *train.Sets, dir *train.Directory) error {
	if o.resume {
		dir.TakeOpen(&o.config)
	}
	said := len(sets.Found)
	if err := train.Settle(ctx, dev, &o.config, sets); err != nil {
		return err
	}
	if !o.quiet {
		s.say(sets.Found[said:])
	}
	return nil
}

// filesEvery is how much time there is between two writings of a run's files at the least; 0 leaves it to the training.
var filesEvery time.Duration

// warn says on err, quiet or not, what goes on otherwise than it was meant to.
func (s *streams) warn(line string) {
	if !s.mute {
		fmt.Fprintf(s.err, "aegpu: warning: %s\n", line)
	}
}

// updateText says what makes an update where that is more than a batch, and the
// learning rate where it is scaled.
func updateText(c *settings.Config, rows int) string {
	n := c.UpdateRows(rows)
	text := fmt.Sprintf("updates of %s rows", count(float64(n)))
	if c.Accumulate > 1 {
		text += fmt.Sprintf(" in batches of %s", count(float64(min(int(c.Batch), rows))))
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
		text += ", scaled (" + k.String()
		if shift, scale, alike := s.Preparation.Alike(); alike {
			text += fmt.Sprintf(", all pixels alike: %s to 0, %s to 1", short(shift), short(shift+scale))
		}
		text += ")"
	}
	text += filledText(s.Preparation, s.Train)
	if s.Train.Target != nil {
		text += fmt.Sprintf(", targets of %d numbers, scaled (%s)", s.Train.Target.Cols, s.Targets.Scaling) + filledText(s.Targets, s.Train.Target)
	}
	return text
}

// filledText says what missing cells count as, "" where there are none.
func filledText(p *data.Preparation, s *data.Set) string {
	n := s.MissingCells()
	if n == 0 || p.Fill == nil {
		return ""
	}
	return fmt.Sprintf(", %d missing cells as the %s of their column", n, p.Missing)
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
	saved := o.saved()
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
	return fmt.Errorf("%w; no checkpoint was written before it, and %s is as it was", err, o.dir)
}

// saved reports whether there is a checkpoint in the run directory.
func (o *trainOptions) saved() bool {
	return exists(filepath.Join(o.dir, train.CheckpointFile)) || exists(filepath.Join(o.dir, train.PreviousFile))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
