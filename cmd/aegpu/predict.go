package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/eval"
	"github.com/urfave/cli/v2"
)

func newPredictCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:      "predict",
		Usage:     "say what classes rows are of",
		ArgsUsage: "RUN [DATA] -o FILE",
		Description: "Writes the class of every row and the probability of each class (p:CLASS), of a run that was trained with a classifier.\n" +
			"Labels are held against the classes.\n\n" +
			"  aegpu train --classifier frozen --out runs/digits\n" +
			"  aegpu predict runs/digits builtin:glyphs -o classes.csv",
		Flags:  append(append(deviceFlags(), readingFlags()...), tableFlag("the classes"), partFlag(), jsonFlag(), quietFlag()),
		Action: func(c *cli.Context) error { return s.jointly(c, runPredict) },
	}
}

// predicted is what the command prints as JSON.
type predicted struct {
	transformed
	Run      string   `json:"run"`
	Data     string   `json:"data"`
	Classes  []string `json:"classes"`
	Accuracy *float64 `json:"accuracy,omitempty"`
	Notes    []string `json:"notes,omitempty"` // what there is not, and why
	Warnings []string `json:"warnings,omitempty"`
}

func runPredict(c *cli.Context, s *streams) error {
	if err := arguments(c, 1, 2); err != nil {
		return err
	}
	path, err := tableOutput(c)
	if err != nil {
		return err
	}
	if err := checkPart(c.String("part")); err != nil {
		return err
	}
	r, dev, m, err := s.open(c, c.Args().First())
	if err != nil {
		return err
	}
	defer dev.Close()
	defer m.Close()
	if m.Spec.Classes == 0 {
		return wrong("%s has no classifier: train one with %s", r.path, r.withClassifier())
	}
	p := part{run: r, model: m, in: width, takes: inputOfModel}
	set, err := p.open(c, s)
	if err != nil {
		return err
	}
	out := predicted{Run: r.path, Data: p.name(c.Args().Get(1)), Classes: m.ClassNames()}
	if m.Classifier.Classes == nil {
		out.Warnings = append(out.Warnings, fmt.Sprintf("%s was trained by an aegpu that did not keep the names of classes: they are numbered in the order of its labels", r.path))
	}
	right, known := 0, 0
	w := rowsFile{path: path, rows: set.Rows, ranks: s.ranks}
	err = w.write(c.Context, func(ctx context.Context, start, n int) (*data.Set, error) {
		result, err := eval.Predict(ctx, m, set.Part(start, n))
		if bad := (*data.Error)(nil); errors.As(err, &bad) && bad.Row > 0 {
			bad.Row += start
		}
		if err != nil {
			return nil, err
		}
		hits, of := eval.Right(result)
		right, known = right+hits, known+of
		return result, nil
	})
	if err != nil {
		return err
	}
	out.transformed = transformed{Device: dev.Info().Name, Rows: set.Rows, Columns: w.columns, File: path}
	out.measure(set, right, known)
	return s.sayPredicted(c, &out)
}

// withClassifier is the command that trains a run such as this with a classifier.
func (r *savedRun) withClassifier() string {
	words := []string{"aegpu", "train"}
	if r.config != nil {
		words = append(words, r.config.Data, "--model", r.config.Model)
	}
	return commandLine(append(words, "--classifier", "frozen")...) + " (or finetune; the data need labels)"
}

// measure fills in the accuracy, where the rows have labels that the classifier knows.
func (p *predicted) measure(set *data.Set, right, known int) {
	switch {
	case set.Labels == nil:
		return
	case known == 0:
		p.Notes = append(p.Notes, fmt.Sprintf("no accuracy: none of the labels of %s is a class that the classifier knows", set.Name))
		return
	case known < set.Rows:
		p.Warnings = append(p.Warnings, fmt.Sprintf("%d rows are of classes that the classifier does not know, and count as wrong", set.Rows-known))
	}
	if _, said := set.Classed(p.Classes); said != "" {
		p.Warnings = append(p.Warnings, said)
	}
	accuracy := float64(right) / float64(set.Rows)
	p.Accuracy = &accuracy
}

func (s *streams) sayPredicted(c *cli.Context, p *predicted) error {
	if !s.firstRank() {
		return nil
	}
	s.warnAll(p.Warnings)
	if c.Bool("json") {
		return s.writeJSON(p)
	}
	if c.Bool("quiet") {
		return nil
	}
	fmt.Fprintf(s.err, "wrote %s: %d rows of a class and %d probabilities\n", p.File, p.Rows, len(p.Classes))
	for _, note := range p.Notes {
		fmt.Fprintf(s.err, "%s\n", printable(note))
	}
	if p.Accuracy != nil {
		fmt.Fprintf(s.err, "accuracy %.4f\n", *p.Accuracy)
	}
	return nil
}
