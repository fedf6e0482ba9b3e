package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/model"
	"github.com/urfave/cli/v2"
)

func newScoreCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:      "score",
		Usage:     "say how strange rows are",
		ArgsUsage: "RUN [DATA] -o FILE",
		Description: "Writes anomaly scores for every row, higher for stranger ones: rarity, minus the logarithm of the share of training rows that the\n" +
			"model finds as unlikely plus those of the shares with codes and values as far from the mean; squared_error, the mean over columns of the squared error\n" +
			"in standard deviations of the column in the training rows; and nll, minus the log-likelihood in nats (a VAE's negative ELBO\n" +
			"at the code's mean), where the loss is a likelihood. Nothing is drawn. Labels are held against the scores.\n\n" +
			"  aegpu score runs/ae-table-1 table.csv --contamination 0.05 --by-column -o scores.csv",
		Flags: append(append(deviceFlags(), readingFlags()...), tableFlag("the scores"), partFlag(),
			&cli.BoolFlag{Name: "by-column", Usage: "name the columns that make a row strange (top1, top2, top3), with the error of every column", DisableDefaultText: true},
			&cli.StringFlag{Name: "by", Usage: "`SCORE` that the threshold, AUROC and ranks are of: rarity, squared_error or nll", DefaultText: "rarity"},
			&cli.Float64Flag{Name: "contamination", Usage: "`SHARE` of rows to mark as anomalies: the column anomaly is 1 for those with the highest scores", DefaultText: "none are marked"},
			&cli.StringFlag{Name: "anomaly", Usage: "`CLASS` of the labels that counts as an anomaly", DefaultText: "1 beside 0, true beside false, or what is called anomaly"},
			&cli.StringSliceFlag{Name: "ensemble", Usage: "`RUN` to score with too, as often as wanted: mean_rank is the mean over runs of a row's rank"},
			jsonFlag(), quietFlag()),
		Action: func(c *cli.Context) error { return s.jointly(c, runScore) },
	}
}

// scored is what the command prints as JSON.
type scored struct {
	transformed
	Run       string   `json:"run"`
	Data      string   `json:"data"`
	Names     []string `json:"names"` // of the columns
	By        string   `json:"by"`    // the score that what follows is of
	Threshold *float64 `json:"threshold,omitempty"`
	Anomalies *int     `json:"anomalies,omitempty"`
	Class     string   `json:"anomaly_class,omitempty"`
	Positives *int     `json:"positives,omitempty"`
	AUROC     *float64 `json:"auroc,omitempty"`
	Precision *float64 `json:"average_precision,omitempty"`
	Notes     []string `json:"notes,omitempty"` // what there is not, and why
	Warnings  []string `json:"warnings,omitempty"`
}

// scoring is one call of the command.
type scoring struct {
	*cli.Context
	streams *streams
	dev     backend.Device
	run     *savedRun
	model   *model.Model
	rows    *data.Set

	names  []string    // of the columns of scores
	scores [][]float64 // of every row, a list a column
	by     []float64   // the one that threshold and figures are of
	out    scored
}

func runScore(c *cli.Context, s *streams) error {
	if err := arguments(c, 1, 2); err != nil {
		return err
	}
	path, err := tableOutput(c)
	if err != nil {
		return err
	}
	if err := checkScoreFlags(c); err != nil {
		return err
	}
	o := &scoring{Context: c, streams: s}
	if o.run, o.dev, o.model, err = s.open(c, c.Args().First()); err != nil {
		return err
	}
	defer o.dev.Close()
	defer o.model.Close()
	o.out.By = c.String("by")
	if o.out.By == "" {
		o.chooseScore()
	}
	if err := o.has(o.model, o.run.path); err != nil {
		return err
	}
	p := part{run: o.run, model: o.model, in: width, takes: inputOfModel, targets: true}
	if o.rows, err = p.open(c, s); err != nil {
		return err
	}
	o.out.Run, o.out.Data = o.run.path, p.name(c.Args().Get(1))
	for _, step := range []func() error{o.own, o.ensemble, o.mark, o.detect} {
		if err := step(); err != nil {
			return err
		}
	}
	w := rowsFile{path: path, rows: o.rows.Rows, ranks: s.ranks}
	if err := w.write(c.Context, o.chunk); err != nil {
		return err
	}
	o.out.transformed = transformed{Device: o.dev.Info().Name, Rows: o.rows.Rows, Columns: w.columns, File: path}
	return o.say()
}

// checkScoreFlags refuses values that are none, before any work.
func checkScoreFlags(c *cli.Context) error {
	if share := c.Float64("contamination"); c.IsSet("contamination") && !(share > 0 && share < 1) {
		return wrong("--contamination is %g: expected above 0 and below 1", share)
	}
	if by := c.String("by"); c.IsSet("by") && !slices.Contains([]string{eval.RarityScore, eval.SquaredErrorScore, eval.NLLScore}, by) {
		return wrong("--by is %q: expected rarity, squared_error or nll", by)
	}
	return checkPart(c.String("part"))
}

// chooseScore takes the score that anomalies are found best by, of those that there are of the run.
func (o *scoring) chooseScore() {
	if o.out.By = eval.RarityScore; o.model.Reference == nil {
		o.out.By = eval.SquaredErrorScore
		o.note("there is no column rarity: %s does not hold what its training rows are like: train it anew", o.run.path)
	}
}

// has refuses a run without the score that all are ranked by.
func (o *scoring) has(m *model.Model, path string) error {
	switch {
	case o.out.By == eval.NLLScore && !m.Spec.HasLikelihood():
		return wrong("--by nll: the loss of %s is no likelihood: train with another one than squared, or leave --by out", path)
	case o.out.By == eval.RarityScore && m.Reference == nil && !m.Classifier.FineTuned: // that has no score at all, which is said with the reason
		return wrong("--by rarity: %s does not hold what its training rows are like: train it anew, or take --by squared_error", path)
	}
	return nil
}

// own scores with the run itself.
func (o *scoring) own() error {
	all, err := eval.Score(o.Context.Context, o.model, o.rows, eval.ScoreOptions{Ranks: o.streams.ranks})
	if err != nil {
		return err
	}
	for _, c := range all.Columns {
		o.add(c.Name, eval.Column(all, c.Name))
	}
	o.by = eval.Column(all, o.out.By)
	text := filledText(o.model.Preparation(), o.rows)
	if o.rows.Target != nil {
		text += filledText(o.model.TargetPreparation(), o.rows.Target)
	}
	if text != "" {
		o.note("%s", strings.TrimPrefix(text, ", "))
	}
	o.judge(o.run.path, o.model)
	if !o.model.Spec.HasLikelihood() {
		o.note("there is no column nll: the squared loss is no likelihood")
	}
	return nil
}

func (o *scoring) add(name string, values []float64) {
	o.names, o.scores = append(o.names, name), append(o.scores, values)
}

func (o *scoring) note(format string, args ...any) {
	o.out.Notes = append(o.out.Notes, fmt.Sprintf(format, args...))
}

// judge notes that a model's file does not hold what standardises errors.
func (o *scoring) judge(path string, m *model.Model) {
	if m.TargetPreparation().Deviations() == nil {
		o.out.Warnings = append(o.out.Warnings, fmt.Sprintf(
			"%s was trained by an aegpu that did not keep the standard deviations of its columns: squared errors are in units of its scaling (%v)",
			path, m.TargetPreparation().Scaling))
	}
}

// ensemble scores with the other runs, one after the other, and ranks.
func (o *scoring) ensemble() error {
	others := o.StringSlice("ensemble")
	if len(others) == 0 {
		return nil
	}
	all := [][]float64{o.by}
	for _, path := range others {
		scores, err := o.other(path)
		if err != nil {
			return err
		}
		name := o.out.By + ":" + path
		if slices.Contains(o.names, name) || path == o.run.path {
			return wrong("--ensemble %s: the run is there already: expected each once", path)
		}
		o.add(name, scores)
		all = append(all, scores)
	}
	o.out.By, o.by = "mean_rank", eval.MeanRanks(all...)
	o.add(o.out.By, o.by)
	return nil
}

// other returns the scores of another run.
func (o *scoring) other(path string) ([]float64, error) {
	r, err := findRun(path)
	if err != nil {
		return nil, err
	}
	m, err := r.load(o.dev)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	if err := o.has(m, path); err != nil {
		return nil, err
	}
	if err := fits(o.rows, m, o.rows.Name); err != nil {
		return nil, fmt.Errorf("--ensemble %s: %w", path, err)
	}
	all, err := eval.Score(o.Context.Context, m, o.rows, eval.ScoreOptions{Ranks: o.streams.ranks})
	if err != nil {
		return nil, fmt.Errorf("--ensemble %s: %w", path, err)
	}
	o.judge(path, m)
	return eval.Column(all, o.out.By), nil
}

// mark marks the rows with the highest scores.
func (o *scoring) mark() error {
	if !o.IsSet("contamination") {
		return nil
	}
	threshold, n := eval.Threshold(o.by, o.Float64("contamination")), 0
	marks := make([]float64, len(o.by))
	for i, v := range o.by {
		if v >= threshold {
			marks[i] = 1
			n++
		}
	}
	o.add("anomaly", marks)
	o.out.Threshold, o.out.Anomalies = &threshold, &n
	return nil
}

// detect holds the scores against labels.
func (o *scoring) detect() error {
	want := o.String("anomaly")
	if o.rows.Labels == nil {
		if want != "" {
			return wrong("--anomaly %s: %s has no labels", want, o.rows.Name)
		}
		return nil
	}
	class, err := eval.AnomalyClass(o.rows, want)
	if err != nil && want != "" {
		return wrong("--anomaly: %w", err)
	}
	if err != nil {
		o.note("no AUROC: %v: name it with --anomaly CLASS", err)
		return nil
	}
	d, err := eval.Detect(o.rows, o.by, class)
	if err != nil {
		o.note("no AUROC: every row of %s is of class %s", o.rows.Name, class)
		return nil
	}
	o.out.Class, o.out.Positives, o.out.AUROC, o.out.Precision = class, &d.Positives, &d.AUROC, &d.AveragePrecision
	return nil
}

// chunk returns n rows of the file from row start on.
func (o *scoring) chunk(ctx context.Context, start, n int) (*data.Set, error) {
	rows := o.rows.Part(start, n)
	var more *data.Set
	skip := 0
	if o.Bool("by-column") {
		var err error
		if more, err = eval.Score(ctx, o.model, rows, eval.ScoreOptions{ByColumn: true, Ranks: o.streams.ranks}); err != nil {
			return nil, err
		}
		skip = slices.IndexFunc(more.Columns, func(c data.Column) bool { return c.Name == "top1" })
	}
	s := &data.Set{Name: rows.Name, Rows: n, Gaps: more != nil && more.Gaps, IDs: rows.IDs, IDName: rows.IDName, Labels: rows.Labels, Classes: rows.Classes, LabelName: rows.LabelName}
	for _, name := range o.names {
		kind := data.Real
		if name == "anomaly" {
			kind = data.YesNo
		}
		s.Columns = append(s.Columns, data.Column{Name: name, Kind: kind})
	}
	if more != nil {
		s.Columns = append(s.Columns, more.Columns[skip:]...)
	}
	s.Cols = len(s.Columns)
	s.F64 = make([]float64, 0, n*s.Cols)
	for i := range n {
		for _, column := range o.scores {
			s.F64 = append(s.F64, column[start+i])
		}
		if more != nil {
			s.F64 = append(s.F64, more.F64[i*more.Cols+skip:(i+1)*more.Cols]...)
		}
	}
	o.out.Names = o.out.Names[:0]
	for _, c := range s.Columns {
		o.out.Names = append(o.out.Names, c.Name)
	}
	return s, nil
}

// say prints what was found.
func (o *scoring) say() error {
	if !o.streams.firstRank() {
		return nil
	}
	out := o.out
	o.streams.warnAll(out.Warnings)
	if o.Bool("json") {
		return o.streams.writeJSON(out)
	}
	if o.Bool("quiet") {
		return nil
	}
	w := o.streams.err
	fmt.Fprintf(w, "wrote %s: %d rows of %s\n", out.File, out.Rows, strings.Join(firstNames(out.Names, 8), ", "))
	if out.By == eval.RarityScore {
		fmt.Fprintln(w, "rarity: -ln of the share of training rows that the model finds as unlikely, plus those of the shares with codes and values as far from the mean (--by takes another score)")
	}
	for _, note := range out.Notes {
		fmt.Fprintf(w, "%s\n", printable(note))
	}
	if out.Threshold != nil {
		fmt.Fprintf(w, "%d of %d rows have a %s of %g, the threshold, or more: anomaly is 1\n", *out.Anomalies, out.Rows, out.By, *out.Threshold)
	}
	if out.AUROC != nil {
		share := 100 * float64(*out.Positives) / math.Max(1, float64(out.Rows))
		fmt.Fprintf(w, "auroc %.4f, average precision %.4f of %s; anomalies are the %d rows (%.3g %%) of class %s\n",
			*out.AUROC, *out.Precision, out.By, *out.Positives, share, printable(out.Class))
	}
	return nil
}

// firstNames are the first names of many, and how many there are besides.
func firstNames(names []string, most int) []string {
	if len(names) <= most {
		return names
	}
	return append(slices.Clone(names[:most]), fmt.Sprintf("and %d more columns", len(names)-most))
}
