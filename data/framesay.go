package data

import (
	"fmt"
	"strings"
)

// sayRoles says which columns are ids, labels and groups.
func (f *frame) sayRoles(r *roles, src *Source) {
	switch {
	case r.id >= 0 && r.idWhy != "":
		src.found("names of rows: %s, as %s (--id none trains on it)", f.title(r.id), r.idWhy)
	case r.id >= 0:
		src.found("names of rows: %s", f.title(r.id))
	}
	if r.label >= 0 && r.labelGuessed {
		src.found("labels: %s, by its name (--label none trains on it)", f.title(r.label))
	} else if r.label >= 0 {
		src.found("labels: %s", f.title(r.label))
	}
	if r.label >= 0 && f.fields[r.label].texts != nil {
		if n := len(f.fields[r.label].texts.levels); n > 20 && 2*n > f.rows {
			src.doubt("labels: %s has %d different values in %d rows: are they classes?", f.title(r.label), n, f.rows)
		}
	}
	if r.group >= 0 {
		src.found("groups: %s", f.title(r.group))
	}
}

// sayColumns says what kinds the inputs are and what is left out, and what looks wrong.
func (f *frame) sayColumns(plans []columnPlan, r *roles, src *Source) {
	byKind := map[Kind][]string{}
	var out, constant, gaps []string
	stats := f.stats()
	for j, p := range plans {
		if r.has(j) {
			continue
		}
		if p.out != "" {
			out = append(out, fmt.Sprintf("%s (%s)", f.title(j), strings.ReplaceAll(p.out, "COLUMN", f.title(j))))
			continue
		}
		byKind[p.Kind] = append(byKind[p.Kind], f.title(j))
		missing := 0
		if at := f.fields[j].at; at >= 0 {
			if stats[at].lo == stats[at].hi {
				constant = append(constant, f.title(j))
			}
			missing = stats[at].missing
		} else {
			missing = f.fields[j].texts.missing(p.Column)
		}
		if missing > 0 {
			gaps = append(gaps, fmt.Sprintf("%s (%d)", f.title(j), missing))
		}
	}
	var kinds []string
	for k := range kindNames {
		if names := byKind[Kind(k)]; names != nil {
			word := fmt.Sprintf("%d %s", len(names), Kind(k))
			if len(byKind) > 1 && Kind(k) != Real {
				word += " (" + some(names) + ")"
			}
			kinds = append(kinds, word)
		}
	}
	if len(byKind) > 1 || byKind[Real] == nil && kinds != nil {
		src.found("columns: %s (--types)", strings.Join(kinds, ", "))
	}
	if names := byKind[Category]; r.label < 0 && len(names) == 1 {
		src.found("%s is trained on as a category (--label %s takes it for classes)", names[0], names[0])
	}
	if out != nil {
		src.found("left out: %s", some(out))
	}
	if constant != nil {
		src.found("constant: %s, with nothing to learn (--drop)", some(constant))
	}
	if gaps != nil {
		src.doubt("missing cells: %s", some(gaps))
	}
	if twins := f.twins(plans); twins != nil {
		src.doubt("%s: --drop leaves one out", some(twins))
	}
}

// some lists the first few of many.
func some(words []string) string {
	const most = 6
	if len(words) <= most {
		return strings.Join(words, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), len(words)-most)
}

// missing is how many cells of texts are missing, of a column of that description.
func (t *texts) missing(c Column) (n int) {
	if t == nil {
		return 0
	}
	numbers := c.Levels == nil && c.Kind != Date
	for _, code := range t.codes {
		if l := t.levels[code]; isMissing(l) || numbers && isMissingNumber(l) {
			n++
		}
	}
	return n
}
