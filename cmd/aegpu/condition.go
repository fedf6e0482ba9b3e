package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/urfave/cli/v2"
)

// levelFlag is that of the level of a conditional model's condition at which rows are made.
func levelFlag(otherwise string) cli.Flag {
	return &cli.StringFlag{Name: "condition", Usage: "`LEVEL` of the condition at which the decoder makes all examples (a model trained with --condition)", DefaultText: otherwise}
}

// levelOf is the level that --condition names; nil for none.
func levelOf(c *cli.Context, m *model.Model) (*int32, error) {
	if !c.IsSet("condition") {
		return nil, nil
	}
	if m.Condition() == nil {
		return nil, wrong("--condition: the model was trained without a condition: expected none")
	}
	level, err := m.Condition().Level(c.String("condition"))
	if err != nil {
		return nil, wrong("--condition: %w", err)
	}
	return &level, nil
}

// fixedLevel is the level that --condition names, else the most frequent of the training, which is said; 0 without a
// condition.
func (s *streams) fixedLevel(c *cli.Context, m *model.Model) (int32, error) {
	level, err := levelOf(c, m)
	if err != nil || m.Condition() == nil {
		return 0, err
	}
	if level != nil {
		return *level, nil
	}
	often := int32(slices.Index(m.Condition().Rows, slices.Max(m.Condition().Rows)))
	if !c.Bool("quiet") {
		fmt.Fprintf(s.err, "%s is %q, which most training rows have (--condition)\n", m.Condition().Name, m.Condition().Levels[often])
	}
	return often, nil
}

// withCondition has the column of a conditional model's condition read too.
func withCondition(how data.Reading, m *model.Model) data.Reading {
	if c := m.Condition(); c != nil {
		how = c.Reading(how)
	}
	return how
}

// sayLost says that a file does not hold the condition of its rows.
func (s *streams) sayLost(w rowsFile) {
	if w.lost != "" {
		s.warn(printable(fmt.Sprintf("%s does not hold %s, the condition of each row: a .csv or .parquet does; decode needs it, or --condition", w.path, w.lost)))
	}
}

// conditionText says what a model is conditioned on.
func conditionText(c *data.Condition) string {
	const most = 12
	words := make([]string, 0, len(c.Levels))
	for k, l := range c.Levels[:min(most, len(c.Levels))] {
		words = append(words, fmt.Sprintf("%s (%d rows)", l, c.Rows[k]))
	}
	if more := len(c.Levels) - most; more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return printable(fmt.Sprintf("condition %s, %d levels: %s", c.Name, len(c.Levels), strings.Join(words, ", ")))
}
