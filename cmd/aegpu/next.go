package main

import (
	"slices"
	"strings"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/report"
)

// quoted is a word as a POSIX shell takes it.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:,=+@%", r)
	}
	if word != "" && strings.TrimFunc(word, plain) == "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// commandLine is words as they are typed.
func commandLine(words ...string) string {
	for i, w := range words {
		words[i] = quoted(w)
	}
	return strings.Join(words, " ")
}

// resumeCommand goes on with the run in a directory, which holds its settings; more
// are flags that are none.
func resumeCommand(dir string, more ...string) string {
	return commandLine(append([]string{"aegpu", "train", "--resume", "--out", dir}, more...)...)
}

// drawable reports whether rows are images, or may be: as many numbers without names as a square has.
func drawable(p *data.Preparation) bool {
	side, _, _ := squareSide(p.Width())
	named := func(c data.Column) bool { return c.Name != "" }
	return p.Images != nil || side > 0 && !slices.ContainsFunc(p.Columns, named)
}

// next are the commands to try with a run that is done.
func next(dir, dataName string, m *model.Model, labels bool) []report.Command {
	commands := []report.Command{}
	add := func(does string, words ...string) {
		commands = append(commands, report.Command{Text: commandLine(append([]string{"aegpu"}, words...)...), Does: does})
	}
	evaluate := []string{"evaluate", dir}
	switch {
	case labels:
		add("what the codes know of the classes:", append(evaluate, "--probe")...)
	case m.Spec.Bounds() && !m.Classifier.FineTuned:
		add("a tighter bound of log p(x):", append(evaluate, "--iwae-k", "100", "--limit", "1000")...)
	default:
		add("every figure again:", evaluate...)
	}
	add("the codes, to work with:", "encode", dir, dataName, "-o", "codes.npz")
	if m.Spec.Classes > 0 {
		add("the classes of rows:", "predict", dir, dataName, "-o", "classes.csv")
	}
	if m.Classifier.FineTuned && !m.Spec.HasPrior() {
		return commands
	}
	ending := "samples.csv"
	if drawable(m.TargetPreparation()) {
		ending = "samples.png"
	}
	add("new examples:", "sample", dir, "-n", "64", "-o", ending)
	return commands
}
