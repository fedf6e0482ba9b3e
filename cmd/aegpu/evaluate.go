package main

import (
	"errors"
	"math"
	"path/filepath"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
	"github.com/aegpu/aegpu/train"
	"github.com/urfave/cli/v2"
)

func newEvaluateCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:      "evaluate",
		Usage:     "measure a trained model",
		ArgsUsage: "RUN [DATA]",
		Description: "Measures the model on the test rows of its own data, divided and scaled as in training, or on DATA (its test part,\n" +
			"or all of it), with every figure that fits the model and PCA of the same code size beside it.\n\n" +
			"  aegpu evaluate runs/vae-mnist-1 --iwae-k 5000 --limit 1000",
		Flags: append(append(deviceFlags(), readingFlags()...),
			&cli.IntFlag{Name: "iwae-k", Usage: "estimate log p(x) with `K` importance samples an example (vae)", DefaultText: "none, but 100 beside probabilistic PCA"},
			&cli.IntFlag{Name: "limit", Usage: "estimate log p(x) on the first `N` rows; 0 takes all"},
			&cli.StringFlag{Name: "corrupt", Usage: "`KIND:LEVEL` of damage to the inputs of the corrupted figures", DefaultText: "as in training"},
			&cli.BoolFlag{Name: "probe", Usage: "fit a linear classifier to the codes (needs labels)", DisableDefaultText: true},
			seedFlag(), jsonFlag(), quietFlag()),
		Action: func(c *cli.Context) error { return s.jointly(c, runEvaluate) },
	}
}

// evaluated is what the command prints as JSON.
type evaluated struct {
	Device     string        `json:"device"`
	Model      string        `json:"model"`
	Parameters int           `json:"parameters"`
	Run        string        `json:"run"`
	Data       string        `json:"data"`
	Test       *eval.Summary `json:"test,omitempty"`
	Val        *eval.Summary `json:"validation,omitempty"`
	Warnings   []string      `json:"warnings,omitempty"` // that the data changed, and what looks as if the model had learnt nothing
}

func runEvaluate(c *cli.Context, s *streams) error {
	if err := arguments(c, 1, 2); err != nil {
		return err
	}
	opts, err := evaluateOptions(c)
	if err != nil {
		return err
	}
	return s.evaluate(c, opts)
}

// evaluate measures the model of a run with those options.
func (s *streams) evaluate(c *cli.Context, opts eval.SummaryOptions) error {
	r, dev, m, err := s.open(c, c.Args().First())
	if err != nil {
		return err
	}
	defer dev.Close()
	defer m.Close()
	if opts.IWAEK > 0 && m.Classifier.FineTuned {
		return wrong("--iwae-k: %w", model.ErrNoDecoder)
	}
	if opts.IWAEK > 0 && !m.Spec.Bounds() {
		return wrong("--iwae-k estimates log p(x), which takes a vae whose loss is a likelihood: any but squared")
	}
	if err := checkTarget(c, m, true); err != nil {
		return err
	}
	p, err := s.partsFor(c, r, m, c.Args().Get(1))
	if err != nil {
		return err
	}
	if p.without != nil {
		s.warn(oneLine(p.without) + "; measured without the baseline that is fitted to it")
	}
	if opts.Probe && (p.train == nil || p.train.Labels == nil || p.test.Labels == nil) {
		return wrong("a probe needs labels on the training rows and on those measured: %s has none", p.name)
	}
	if p.train != nil {
		if opts.PCA, err = eval.Linear(c.Context, m, p.train, s.ranks); err != nil {
			return err
		}
	}
	if err := c.Context.Err(); err != nil {
		return err
	}
	opts.Ranks = s.ranks
	sum, err := eval.Summarise(c.Context, m, p.train, p.test, opts)
	if err != nil {
		return err
	}
	if !s.firstRank() {
		return nil
	}
	warnings := sum.Warnings(r.updates())
	s.warnAll(warnings)
	if !c.Bool("json") {
		writeFigures(s.out, modelName(r, m), p.part, sum)
		return nil
	}
	result := evaluated{Device: dev.Info().Name, Model: modelName(r, m), Parameters: m.NumParameters(), Run: r.path, Data: p.name}
	result.Test, result.Val = byPart(p.part, sum)
	result.Warnings = append(r.said, warnings...)
	return s.writeJSON(result)
}

func evaluateOptions(c *cli.Context) (eval.SummaryOptions, error) {
	o := eval.SummaryOptions{Seed: c.Uint64("seed"), IWAEK: c.Int("iwae-k"), IWAERows: c.Int("limit"), Probe: c.Bool("probe")}
	if o.IWAEK < 0 || o.IWAEK > settings.MaxSamples {
		return o, wrong("--iwae-k is %d: expected 0 to %d", o.IWAEK, settings.MaxSamples)
	}
	if o.IWAERows < 0 {
		return o, wrong("--limit is %d: expected 0 or more", o.IWAERows)
	}
	if !c.IsSet("corrupt") {
		return o, nil
	}
	if err := o.Corrupt.UnmarshalText([]byte(c.String("corrupt"))); err != nil {
		return o, wrong("--corrupt: %w", err)
	}
	return o, nil
}

// evaluationParts are the rows to measure on and, for baseline and probe, those
// of the training, which may be nil.
type evaluationParts struct {
	name, part  string
	train, test *data.Set
	without     error // why the rows trained on are not among them, where that is worth a word
}

// partsFor are the run's own parts, or those of the data that was named; the
// baseline is fitted to the run's training rows, where they can be had.
func (s *streams) partsFor(c *cli.Context, r *savedRun, m *model.Model, name string) (p evaluationParts, err error) {
	ctx := c.Context
	if name == "" {
		sets, err := r.own(ctx, m)
		if err != nil {
			return p, err
		}
		p.name, p.train = r.config.Data, sets.Train
		if p.test, p.part = heldOut(sets); p.test == nil {
			return p, wrong("%s has no test rows: name DATA to measure on", r.path)
		}
		return p, fits(p.test, m, p.name)
	}
	p.name, p.part = name, "test"
	how, err := readingOf(c, m.Preparation())
	if err != nil {
		return p, err
	}
	how = withCondition(r.withTargets(how, m), m)
	if p.test, err = s.openPart(c, name, "", how, width(m), inputOfModel); err != nil {
		return p, err
	}
	sets, err := r.own(ctx, m)
	if err == nil {
		p.train = sets.Train
	} else if errors.Is(err, train.ErrOtherData) {
		p.without = err
	}
	return p, ctx.Err()
}

func fits(s *data.Set, m *model.Model, name string) error {
	if s.Cols != width(m) {
		return wrong("%s has rows of %d numbers: expected %d, the size of the model's input", name, s.Cols, width(m))
	}
	return nil
}

// updates is how many the run was trained by; as many as can be where that is not known.
func (r *savedRun) updates() int {
	if r.config == nil {
		return math.MaxInt
	}
	history, err := readHistory(filepath.Join(r.path, train.HistoryFile))
	if err != nil || len(history) == 0 {
		return math.MaxInt
	}
	return train.Steps(history)
}

// modelName is the preset that the run was made from.
func modelName(r *savedRun, m *model.Model) string {
	if r.config != nil {
		return r.config.Model
	}
	return m.Spec.String()
}
