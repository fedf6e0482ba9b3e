package data

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// answerPairs are the texts of yes/no columns in any case, no first.
var answerPairs = [][2]string{{"no", "yes"}, {"n", "y"}, {"false", "true"}, {"f", "t"}, {"off", "on"}, {"0", "1"}}

const wantedAnswers = "yes and no, true and false, or 1 and 0"

// answerOf is 1 for a text that says yes and 0 for one that says no, and which of the pairs it is of; -1 for any other.
func answerOf(text string) (answer, pair int) {
	if v, err := parseCell(text, '.'); err == nil && (v == 0 || v == 1) && cellOf(text, '.') == cellNumber {
		return int(v), len(answerPairs) - 1
	}
	for pair, words := range answerPairs {
		if k := slices.IndexFunc(words[:], func(w string) bool { return strings.EqualFold(w, text) }); k >= 0 {
			return k, pair
		}
	}
	return -1, -1
}

// answers are what the texts of a column say.
type answers struct {
	words []string // for no and for yes: of several the last in order, so that the order of rows has no say
	both  bool     // they are there, and not made up to go with the other
	pairs int      // how many pairs they are of
	stray string   // a text that says neither
}

func answersIn(levels []string) answers {
	a, of := answers{words: make([]string, 2)}, 0
	seen := map[int]bool{}
	for _, l := range levels {
		k, pair := answerOf(l)
		if k < 0 {
			return answers{stray: l}
		}
		a.words[k], of = max(a.words[k], l), pair
		seen[pair] = true
	}
	a.pairs, a.both = len(seen), a.words[0] != "" && a.words[1] != ""
	for k, w := range a.words {
		if w == "" {
			a.words[k] = answerPairs[of][k]
		}
	}
	return a
}

// onePair says whether the texts are a yes and a no that go together, so that nothing has to say what they are.
func (a *answers) onePair() bool { return a.stray == "" && a.both && a.pairs == 1 }

// noAnswer is an error about the first number of a column that is neither 0 nor 1.
func (f *frame) noAnswer(j int, c Column) error {
	e := &Error{Path: f.path, Column: j + 1, Field: c.Name}
	f.each(func(row int, numbers []float64) {
		if v := numbers[f.fields[j].at]; e.Row == 0 && !math.IsNaN(v) && v != 0 && v != 1 {
			e.Row, e.Msg = row+1, fmt.Sprintf("%g: expected 0 or 1, as yes/no was asked for", v)
		}
	})
	return e
}

// sayAnswers says which texts of a yes/no column are taken for another than they are.
func (f *frame) sayAnswers(j int, c Column, src *Source) {
	if f.fields[j].texts == nil {
		return
	}
	if c.Kind == Category {
		f.sayLevels(j, c, src)
	}
	if c.Kind != YesNo {
		return
	}
	as, numbers := c.Levels, len(answerPairs)-1
	if len(as) == 0 {
		as = answerPairs[numbers][:]
	}
	var said []string
	for _, text := range presentLevels(f.fields[j].texts) {
		k, pair := answerOf(text)
		if !slices.Contains(as, text) && (len(c.Levels) > 0 || pair != numbers) {
			said = append(said, fmt.Sprintf("%q as %q", clip(text), clip(as[k])))
		}
	}
	if said != nil {
		src.found("%s: answers are taken by what they mean: %s", f.title(j), some(said))
	}
}

// sayLevels says which texts of a category are levels by their numbers alone.
func (f *frame) sayLevels(j int, c Column, src *Source) {
	find := ClassFinder(c.Levels)
	var said []string
	for _, text := range presentLevels(f.fields[j].texts) {
		if k := find(text); k >= 0 && c.Levels[k] != text {
			said = append(said, fmt.Sprintf("%q as %q", clip(text), clip(c.Levels[k])))
		}
	}
	if said != nil {
		src.found("%s: levels of the same number: %s", f.title(j), some(said))
	}
	f.doubtNew(j, c, src)
}
