package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
	"github.com/urfave/cli/v2"
)

// readingNames are the settings of how data are read that commands on a trained model take too; what the columns are, its
// preparation says.
var readingNames = []string{"header", "delimiter", "decimal", "id", "label", "target", "array", "layout", "resize"}

// readingFlags are the flags of how data are read.
func readingFlags() []cli.Flag {
	var flags []cli.Flag
	for _, s := range allSettings {
		for _, name := range readingNames {
			if s.name == name {
				flags = append(flags, &cli.StringFlag{Name: name, Usage: s.usage, Category: "Data"})
			}
		}
	}
	return append(flags, memoryFlag())
}

// readingOf is how the data of a command are to be read, as rows of a preparation.
func readingOf(c *cli.Context, as *data.Preparation) (data.Reading, error) {
	how, err := readingBy(c, readingNames)
	how.As = as
	return how, err
}

// withTargets has the targets of a model that has some of their own read too, from where the run had them where the command
// does not say: columns and arrays have their names, a file is another for other data.
func (r *savedRun) withTargets(how data.Reading, m *model.Model) data.Reading {
	if !m.Spec.OtherData() {
		return how
	}
	how.AsTarget = m.TargetPreparation()
	if how.Target == nil && r.config != nil && !data.IsTargetFile(r.config.Target) {
		how.Target = r.config.Target
	}
	return how
}

// targetOf is what the command's own --target names, nil where it has none.
func targetOf(c *cli.Context) []string {
	var config settings.Config
	if !c.IsSet("target") || config.Set("target", c.String("target")) != nil {
		return nil
	}
	return config.Target
}

// checkTarget refuses a --target that would have no effect: of a command that does not look at targets, a model that has
// none, or without DATA; and one that names other columns than the model's.
func checkTarget(c *cli.Context, m *model.Model, looks bool) error {
	target := targetOf(c)
	switch {
	case target == nil:
		return nil
	case !looks:
		return wrong("--target: %s needs no targets: expected none", c.Command.Name)
	case !m.Spec.OtherData():
		return wrong("--target: the model makes its input again: expected none")
	case c.Args().Get(1) == "":
		return wrong("--target is for DATA, and none is named: expected both, or neither for the run's own")
	case data.IsTargetFile(target):
		return nil
	}
	if known := m.TargetPreparation().Names(); known != nil && !alikeNames(known, target) {
		return wrong("--target is %s: expected the model's own targets, %s, which it finds by name, or a file with them", data.Listed(target), data.Listed(known))
	}
	return nil
}

func alikeNames(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

// readingBy is how data are to be read by those flags of a command.
func readingBy(c *cli.Context, names []string) (data.Reading, error) {
	var config settings.Config
	for _, name := range names {
		if !c.IsSet(name) {
			continue
		}
		if err := config.Set(name, c.String(name)); err != nil {
			return data.Reading{}, wrong("%s", inFlags(err))
		}
	}
	how := config.Reading()
	var bad *data.ReadingError
	if err := how.Validate(); errors.As(err, &bad) {
		return how, wrong("--%s %s", settings.Name(bad.Field), bad.Msg)
	}
	return how, nil
}

// sayFound says what data were taken for.
func (s *streams) sayFound(source *data.Source, quiet bool) {
	if !quiet {
		s.say(source.Found)
	}
	s.sayDisk(quiet)
	s.warnAll(source.Doubts)
}

// say says lines.
func (s *streams) say(lines []string) {
	if s.mute {
		return
	}
	for _, line := range lines {
		fmt.Fprintln(s.err, oneLine(errors.New(line)))
	}
}
