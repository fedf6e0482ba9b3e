package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/report"
	"github.com/aegpu/aegpu/train"
)

// reportFile is the page of a run directory.
const reportFile = "report.html"

// trained is what train prints as JSON.
type trained struct {
	Device            string        `json:"device"`
	Model             string        `json:"model"`
	Parameters        int           `json:"parameters"`
	Epochs            int           `json:"epochs"`
	Steps             int           `json:"steps"`
	Seconds           float64       `json:"seconds"`
	ExamplesPerSecond float64       `json:"examples_per_second"`
	FirstStep         float64       `json:"seconds_to_first_step,omitempty"` // from the command's start
	Run               string        `json:"run"`
	Stopped           bool          `json:"stopped_early,omitempty"`
	KeptStart         bool          `json:"kept_start,omitempty"` // the weights are those that the training started from
	Test              *eval.Summary `json:"test,omitempty"`
	Val               *eval.Summary `json:"validation,omitempty"`
	Warnings          []string      `json:"warnings,omitempty"` // what looks as if the training had failed
}

// measured is what a trained model and PCA are worth on the rows held out, nil where there are none. All ranks measure; err is
// why this one cannot.
func (s *streams) measured(ctx context.Context, result *train.Result, sets *train.Sets, err error) (sum *eval.Summary, pca *eval.PCA, _ error) {
	test, _ := heldOut(sets)
	if err := s.agree(err); err != nil || test == nil {
		return nil, nil, err
	}
	if pca, err = eval.Linear(ctx, result.Model, sets.Train, s.ranks); err != nil {
		return nil, nil, err
	}
	if err := s.agree(ctx.Err()); err != nil {
		return nil, nil, err
	}
	sum, err = eval.Summarise(ctx, result.Model, sets.Train, test, eval.SummaryOptions{Seed: result.Config.Seed, PCA: pca, Ranks: s.ranks})
	return sum, pca, err
}

// finish measures a trained model, draws its pictures and says what was made.
func (s *streams) finish(ctx context.Context, dev backend.Device, o trainOptions, sets *train.Sets, result *train.Result, dir *train.Directory) error {
	m := result.Model
	sum, pca, err := s.measured(ctx, result, sets, refer(ctx, m, sets, dir))
	if err != nil {
		return err
	}
	out := trained{
		Device: dev.Info().Name, Model: o.config.Model, Parameters: m.NumParameters(), Epochs: result.Epochs, Steps: result.Steps,
		Seconds: result.Seconds, ExamplesPerSecond: result.ExamplesPerSecond, Run: o.dir, Stopped: result.Stopped, KeptStart: train.KeptStart(result.History),
	}
	if !result.FirstStep.IsZero() {
		out.FirstStep = result.FirstStep.Sub(s.began).Seconds()
	}
	test, part := heldOut(sets)
	if test != nil {
		out.Test, out.Val = byPart(part, sum)
		out.Warnings = sum.Warnings(result.Steps)
	}
	out.Warnings = append(train.Warnings(&o.config, result.History, m.Spec.Inputs), out.Warnings...)
	s.warnAll(out.Warnings)
	out.Warnings = append(o.warnings, out.Warnings...)
	g := &gallery{model: m, config: &o.config, test: test, pca: pca, history: result.History}
	p := page{o: o, out: out, part: part, sum: sum, next: next(o.dir, o.config.Data, m, test != nil && test.Labels != nil)}
	if err := p.write(ctx, g, dir); err != nil {
		return err
	}
	if err := dir.KeepAlgorithms(dev); err != nil {
		return err
	}
	if o.json {
		return s.writeJSON(out)
	}
	p.print(s)
	return nil
}

// refer has the model in the run directory know what its training rows are like, for score.
func refer(ctx context.Context, m *model.Model, sets *train.Sets, dir *train.Directory) (err error) {
	if m.Reference, err = eval.FitReference(ctx, m, sets.Train); err != nil || m.Reference == nil {
		return err
	}
	return dir.Write(train.ModelFile, m.Write)
}

// warnAll warns of each line.
func (s *streams) warnAll(lines []string) {
	for _, line := range lines {
		s.warn(line)
	}
}

// page is what is said about a run at its end, on the terminal and as HTML.
type page struct {
	o     trainOptions
	out   trained
	part  string
	sum   *eval.Summary // nil where no rows are held out
	next  []report.Command
	files []string
}

// write draws the pictures into the run directory, and the page that has all.
func (p *page) write(ctx context.Context, g *gallery, dir *train.Directory) error {
	pictures, err := g.draw(ctx)
	if err != nil {
		return err
	}
	p.files = []string{train.ModelFile, train.ConfigFile, reportFile}
	for _, one := range pictures {
		p.files = append(p.files, one.Name)
		err := dir.Write(one.Name, func(w io.Writer) error {
			_, err := w.Write(one.PNG)
			return err
		})
		if err != nil {
			return err
		}
	}
	var config strings.Builder
	if err := p.o.config.Write(&config); err != nil {
		return err
	}
	doc := report.Page{
		Title: fmt.Sprintf("%s on %s", p.o.config.Model, p.o.config.Data), Lead: []string{p.lead()},
		Pictures: pictures, Commands: p.next, Config: config.String(),
	}
	for _, line := range p.out.Warnings {
		doc.Lead = append(doc.Lead, "Warning: "+line+".")
	}
	if p.sum != nil {
		doc.Lead = append(doc.Lead, fmt.Sprintf("Figures are means over %d %s examples.", p.sum.Examples, p.part))
		doc.Columns, doc.Rows = p.table()
		doc.ByColumn = columnFigures(p.sum, p.out.Model)
	}
	return dir.Write(reportFile, func(w io.Writer) error { return report.HTML(w, doc) })
}

// table is the figures as the page's table.
func (p *page) table() (columns []string, rows [][]string) {
	columns = []string{"figure", p.out.Model}
	if p.sum.PCA != nil {
		columns = append(columns, fmt.Sprintf("PCA-%d", p.sum.PCA.Components))
	}
	for _, f := range figures(p.sum) {
		line := []string{f.Name, f.Value}
		if p.sum.PCA != nil {
			line = append(line, f.Baseline)
		}
		rows = append(rows, append(line, f.Note))
	}
	return columns, rows
}

func (p *page) lead() string {
	early := ""
	if p.out.Stopped {
		early = ", stopped early"
	}
	text := fmt.Sprintf("%d parameters, %s (%d steps) in %.1f s on %s%s: %s examples/s.",
		p.out.Parameters, epochsText(p.out.Epochs), p.out.Steps, p.out.Seconds, p.out.Device, early, count(p.out.ExamplesPerSecond))
	if p.out.KeptStart {
		text += " What is kept is the start, PCA: no epoch was clearly better on the validation rows."
	}
	return text
}

// print says what was made, where it is and what to try next.
func (p *page) print(s *streams) {
	fmt.Fprintf(s.out, "%s\n\n", p.lead())
	if p.sum != nil {
		writeFigures(s.out, p.out.Model, p.part, p.sum)
		fmt.Fprintln(s.out)
	}
	fmt.Fprintf(s.out, "%s holds %s\n\nwhat to try next:\n", p.o.dir, strings.Join(p.files, ", "))
	for _, c := range p.next {
		fmt.Fprintf(s.out, "  %s\n", c.Text)
	}
}
