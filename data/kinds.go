package data

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// columnPlan is what becomes of one column of a frame.
type columnPlan struct {
	Column
	out string // why it is no input, "" for an input
}

// decide finds out what every column is, from all of its cells. What it leaves out it says in out.
func (f *frame) decide(r *roles) ([]columnPlan, error) {
	stats := f.stats()
	f.findIDs(r, stats)
	counts := f.areCounts(r, stats)
	f.manyCounts = counts && mostAreMany(stats)
	f.manyEvents = f.areEvents(r, stats)
	plans := make([]columnPlan, len(f.fields))
	for j := range f.fields {
		p := &plans[j]
		if f.named {
			p.Name = f.fields[j].name
		}
		if p.out = r.out[j]; p.out != "" || r.has(j) {
			continue
		}
		var err error
		if f.fields[j].texts == nil {
			err = f.decideNumbers(p, r.asked[j], j, &stats[f.fields[j].at], counts)
		} else {
			err = f.decideTexts(p, r.asked[j], j)
		}
		if err != nil {
			return nil, err
		}
	}
	return plans, nil
}

// decideNumbers finds the kind of a column of numbers.
func (f *frame) decideNumbers(p *columnPlan, asked string, j int, s *columnStats, counts bool) error {
	e := &Error{Path: f.path, Column: j + 1, Field: p.Name}
	switch {
	case s.there(f.rows) == 0 && f.rows > 0:
		p.out = "no value in it"
	case asked == "" && s.whole && f.named && endsInID(p.Name) && f.rows >= fewRows && !(counts && strings.ToUpper(p.Name) == p.Name && !strings.ContainsAny(p.Name, "_ -.")): // as genes are called
		p.out = "ids that repeat: --group COLUMN keeps the rows of one on one side, --types COLUMN=category or real trains on it"
	case asked == "count" && !(s.whole && s.lo >= 0):
		e.Msg = fmt.Sprintf("values of %g to %g: expected whole numbers from 0 on, as counts were asked for", s.lo, s.hi)
		return e
	case asked == "yes/no" && !(s.whole && s.lo >= 0 && s.hi <= 1):
		return f.noAnswer(j, p.Column)
	case f.fields[j].dates:
		p.Kind = Date
	case asked == "count":
		p.Kind = Count
	case asked == "real":
	case asked == "yes/no", s.whole && s.lo == 0 && s.hi == 1 && !f.manyCounts:
		p.Kind = YesNo
	case counts:
		p.Kind = Count
	case s.countsEvents(f.rows), f.manyEvents && s.hi > 1:
		p.Kind, p.events = Count, true
	}
	return nil
}

// mostCategories is how many levels a column of texts has at most to be taken for a category by itself.
const mostCategories = 64

// decideTexts finds the kind of a column of texts.
func (f *frame) decideTexts(p *columnPlan, asked string, j int) error {
	t := f.fields[j].texts
	levels := presentLevels(t)
	e := &Error{Path: f.path, Column: j + 1, Field: p.Name}
	if (asked == "" || asked == "any") && !f.fields[j].typed {
		if err := f.strayText(j, p.Name); err != nil {
			return err
		}
	}
	form, dates := dateForm(levels)
	answers := answersIn(levels)
	switch {
	case asked == "text":
		p.out = "text"
	case asked == "real", asked == "count":
		e.Msg = fmt.Sprintf("texts such as %q: expected numbers, as %s was asked for", clip(t.levels[0]), asked)
		return e
	case len(levels) == 0:
		p.out = "no value in it"
	case asked == "date" && !dates:
		e.Msg = fmt.Sprintf("%q: expected dates of one form, such as 2024-12-31", clip(levels[0]))
		return e
	case asked == "date":
		p.Kind, p.Form = Date, form
	case asked == "yes/no" && answers.stray != "":
		return f.cellError(j, slices.Index(t.levels, answers.stray), p.Column, fmt.Sprintf("%q: expected %s", clip(answers.stray), wantedAnswers))
	case asked == "category" && t.many:
		e.Msg = fmt.Sprintf("more than %d different texts: expected the levels of a category", mostLevels)
		return e
	case asked == "category":
		p.Kind, p.Levels = Category, sortedLevels(levels)
	case asked == "yes/no", answers.onePair():
		p.Kind, p.Levels = YesNo, answers.words
	case dates:
		p.out = "dates, --types COLUMN=date takes them as days"
	case len(levels) == 1:
		p.out = "one text in all rows"
	case f.named && endsInID(p.Name) && asked == "" && f.rows >= fewRows:
		p.out = "ids that repeat: --group COLUMN keeps the rows of one on one side, --types COLUMN=category trains on it"
	case f.areLong(j): // numbers all the same
	case t.many || len(levels) > mostCategories || 4*len(levels) > len(t.codes) && len(levels) > 8:
		p.out = fmt.Sprintf("text, %s different: --types COLUMN=category takes it as a category", atLeast(t, len(levels)))
	default:
		p.Kind, p.Levels = Category, sortedLevels(levels)
	}
	return nil
}

// strayText refuses a column of which half or more are numbers: the rest are faults, or it has to be said what they are.
func (f *frame) strayText(j int, name string) error {
	t := f.fields[j].texts
	kinds := make([]cell, len(t.levels))
	for k, l := range t.levels {
		kinds[k] = cellOf(l, f.decimal)
	}
	count := [4]int{}
	first := -1
	for i, code := range t.codes {
		count[kinds[code]]++
		if kinds[code] == cellText && first < 0 {
			first = i
		}
	}
	if first < 0 || count[cellCode] > 0 || count[cellNumber] < count[cellText] || f.rows > 4 && count[cellText] > count[cellNumber]/2 {
		return nil
	}
	return &Error{Path: f.path, Row: first + 1, Column: j + 1, Field: name,
		Msg: fmt.Sprintf("expected a number, found %q (--types COLUMN=category reads the column as texts, --label COLUMN as classes, --drop COLUMN leaves it out)", clip(t.at(first)))}
}

func atLeast(t *texts, n int) string {
	if t.many {
		return fmt.Sprintf("over %d", mostLevels)
	}
	return fmt.Sprint(n)
}

// presentLevels are the texts of a column that are none of a missing cell.
func presentLevels(t *texts) []string {
	return slices.DeleteFunc(slices.Clone(t.levels), isMissing)
}

// sortedLevels are levels in the order of their numbers where all are numbers, else of their texts, so that the order of
// rows has no say.
func sortedLevels(levels []string) []string {
	levels = slices.Clone(levels)
	values, ok := allNumbers(levels)
	if !ok {
		slices.Sort(levels)
		return levels
	}
	at := make(map[string]float64, len(levels))
	for i, l := range levels {
		at[l] = values[i]
	}
	slices.SortFunc(levels, func(a, b string) int {
		switch {
		case at[a] < at[b]:
			return -1
		case at[a] > at[b]:
			return 1
		}
		return strings.Compare(a, b)
	})
	return levels
}

// countsEvents says whether numbers look like events that were counted: whole, from 0 on and not beyond a thousand, 0 among
// them as often as it is where few are expected.
func (c *columnStats) countsEvents(rows int) bool {
	const mostEvents, oneIn = 1000, 50
	return c.whole && c.lo == 0 && c.hi > 1 && c.hi <= mostEvents && rows >= fewRows && oneIn*c.zeros >= c.there(rows)
}

// mostAreMany says whether most columns of counts go beyond 1: then one that does not is of counts too.
func mostAreMany(stats []columnStats) bool {
	many := 0
	for i := range stats {
		if stats[i].hi > 1 {
			many++
		}
	}
	return 2*many > len(stats)
}

// areCounts says whether all numbers that may be inputs are whole, none is below 0, and many are 0: a table of counts.
func (f *frame) areCounts(r *roles, stats []columnStats) bool {
	cells, zeros, columns := 0, 0, 0
	above := false
	for j, c := range f.fields {
		if c.at < 0 || c.dates || r.out[j] != "" || r.has(j) {
			continue
		}
		s := &stats[c.at]
		if !s.whole || s.lo < 0 {
			return false
		}
		above = above || s.hi > 1
		columns, cells, zeros = columns+1, cells+s.there(f.rows), zeros+s.zeros
	}
	return columns > 1 && above && f.rows >= fewRows && 5*zeros >= cells
}

// areEvents says whether all numbers that may be inputs are whole and none is below 0, in many columns, and a third of these
// look like events that were counted: then the others are counts too, however seldom they are 0.
func (f *frame) areEvents(r *roles, stats []columnStats) bool {
	const enough = 10
	columns, events := 0, 0
	for j, c := range f.fields {
		if c.at < 0 || c.dates || r.out[j] != "" || r.has(j) {
			continue
		}
		s := &stats[c.at]
		if !s.whole || s.lo < 0 {
			return false
		}
		if columns++; s.countsEvents(f.rows) {
			events++
		}
	}
	return columns >= enough && 3*events >= columns
}

// idNames end the names of columns that may be ids, where every row has another.
var idNames = []string{"id", "uuid", "guid", "index", "rowid", "row", "key", "sample", "name", "rowname", "rownames", "barcode"}

// hasIDName says whether the name of a column is one of an id.
func hasIDName(name string) bool {
	lower := strings.ToLower(strings.TrimSpace(name))
	if strings.HasPrefix(lower, "unnamed: 0") || slices.Contains(idNames, lower) || lower == "#" || lower == "no" || lower == "nr" {
		return true
	}
	return endsInID(name)
}

// endsInID says whether the name of a column says that it holds ids.
func endsInID(name string) bool {
	lower := strings.ToLower(strings.TrimSpace(name))
	return lower == "id" || lower == "uuid" || strings.HasSuffix(lower, "_id") || strings.HasSuffix(lower, " id") || strings.HasSuffix(lower, "-id") || strings.HasSuffix(lower, ".id") ||
		len(name) > 2 && strings.HasSuffix(name, "ID") || len(name) > 2 && strings.HasSuffix(name, "Id")
}

// fewRows is how many rows tell nothing of whether a column is ids: values differ by chance.
const fewRows = 10

// findIDs takes the first column whose values all differ, and that looks like ids, for the names of the rows.
func (f *frame) findIDs(r *roles, stats []columnStats) {
	for j, c := range f.fields {
		if r.id >= 0 || r.noID || r.out[j] != "" || r.asked[j] != "" || r.has(j) {
			continue
		}
		named := f.named && hasIDName(c.name)
		switch {
		case c.texts != nil:
			if f.textsAreIDs(j, named) {
				r.id, r.idWhy = j, "nearly every row has another text"
			}
		case c.at < 0:
		case stats[c.at].counts && f.rows >= fewRows && j == 0 && (stats[c.at].lo == 0 || stats[c.at].lo == 1) || named && stats[c.at].counts && f.rows > 1:
			r.id, r.idWhy = j, "it counts the rows"
		case named && stats[c.at].whole && stats[c.at].missing == 0 && f.rows > 1 && f.differ(c.at, f.rows) == f.rows:
			r.id, r.idWhy = j, "every row has another number"
		}
	}
}

// textsAreIDs says whether a column of texts, the first or one that is named as ids are, has another in nearly every row, and
// neither dates nor measurements with faults or units.
func (f *frame) textsAreIDs(j int, named bool) bool {
	if j > 0 && !named || f.rows < fewRows && !named {
		return false
	}
	levels := presentLevels(f.fields[j].texts)
	if float64(len(levels)) < 0.9*float64(f.rows) || !named && f.areLong(j) && (areNanoseconds(levels) || hasDateName(f.fields[j].name)) {
		return false
	}
	_, dates := dateForm(levels[:min(len(levels), 100)])
	return !dates && f.strayText(j, "") == nil && howMany(levels, hasUnit) <= len(levels)/2
}

// events returns the two columns that look like the ids of a list of events (who, what, how much), false where there are
// none: at most six columns, two of which are whole numbers or texts that repeat and are named as parties are, or, without
// names, stand first and whose pairs do not repeat.
func (f *frame) events(r *roles) (a, b int, ok bool) {
	if len(r.asked) > 0 || len(r.out) > 0 || r.id >= 0 || r.label >= 0 || r.group >= 0 || r.condition >= 0 || len(f.fields) < 3 || len(f.fields) > 6 || f.rows < 100 {
		return 0, 0, false
	}
	keys := []int{}
	for j, c := range f.fields {
		if f.isKey(c) {
			keys = append(keys, j)
		}
	}
	for x, a := range keys {
		for _, b := range keys[x+1:] {
			named := f.named && isParty(f.fields[a].name) && isParty(f.fields[b].name)
			if named || !f.named && a == 0 && b == 1 && f.pairsDiffer(a, b) {
				return a, b, true
			}
		}
	}
	return 0, 0, false
}

// parties are names of who and what in lists of events.
var parties = []string{"user", "item", "movie", "book", "song", "track", "artist", "product", "customer", "client", "member", "source", "target",
	"from", "to", "sender", "receiver", "src", "dst", "person", "account", "store", "shop", "patient", "query", "document", "doc", "row", "col"}

func isParty(name string) bool {
	lower := strings.ToLower(name)
	return hasIDName(name) || slices.ContainsFunc(parties, func(p string) bool { return lower == p || lower == p+"s" || lower == p+"id" })
}

// howMany returns how many of the texts are such.
func howMany(texts []string, such func(string) bool) (n int) {
	for _, t := range texts {
		if such(t) {
			n++
		}
	}
	return n
}

// isKey says whether a column is of whole numbers, or of texts, that repeat but are many.
func (f *frame) isKey(c rawColumn) bool {
	if c.texts != nil {
		return !c.texts.many && len(c.texts.levels) >= 20 && 2*len(c.texts.levels) <= f.rows
	}
	if c.at < 0 {
		return false
	}
	if s := f.stats()[c.at]; !s.whole || s.lo < 0 || s.missing > 0 {
		return false
	}
	n := f.differ(c.at, f.rows)
	return n >= 20 && 10*n <= 9*f.rows
}

// pairsDiffer says whether nearly no pair of two columns' cells comes twice.
func (f *frame) pairsDiffer(a, b int) bool {
	seen := map[[2]uint64]bool{}
	f.each(func(row int, numbers []float64) {
		seen[[2]uint64{f.key(a, row, numbers), f.key(b, row, numbers)}] = true
	})
	return 100*len(seen) >= 95*f.rows
}

// key is a cell as a number that others of the column can be told from.
func (f *frame) key(j, row int, numbers []float64) uint64 {
	if c := f.fields[j]; c.texts == nil {
		return uint64(int64(numbers[c.at]))
	}
	return uint64(f.fields[j].texts.codes[row])
}

// twins lists inputs that repeat one before them.
func (f *frame) twins(plans []columnPlan) []string {
	stats := f.stats()
	first := map[uint64]int{}
	var said []string
	for j, c := range f.fields {
		if plans[j].out != "" || c.texts != nil || c.at < 0 || stats[c.at].lo == stats[c.at].hi {
			continue
		}
		if k, twice := first[stats[c.at].digest]; twice {
			said = append(said, fmt.Sprintf("%s repeats %s", f.title(j), f.title(k)))
			continue
		}
		first[stats[c.at].digest] = j
	}
	return said
}

// sortedKeys are the keys of a map in order.
func sortedKeys[V any](m map[int]V) []int { return slices.Sorted(maps.Keys(m)) }
