package data

import (
	"fmt"
	"slices"
)

// Rare levels of a category are pooled, as there is too little to learn of each, and what was not there in training goes
// with them.

// otherLevel is the level for all texts that are none of the others.
const otherLevel = "(other)"

// fewCells is how many cells of a level are enough for one of its own.
const fewCells = 5

// pool gives categories a last level for others, which levels of few cells become where there are two of these. It returns
// how many cells each level of the set has, by column, and what its levels become; nil where there are no categories.
func (p *Preparation) pool(s *Set) (counts, becomes [][]int) {
	counts = s.levelCounts()
	if counts == nil {
		return nil, nil
	}
	becomes = make([][]int, s.Cols)
	for j, n := range counts {
		if n != nil {
			p.Columns[j] = s.Columns[j].withOther(n)
			becomes[j] = p.Columns[j].numbersOf(s.Columns[j].Levels)
		}
	}
	return counts, becomes
}

// withOther is a category with a level for others, of levels that have so many cells.
func (c Column) withOther(cells []int) Column {
	var kept, rare []string
	for k, l := range c.Levels {
		if l != otherLevel && cells[k] < fewCells {
			rare = append(rare, l)
		}
	}
	if len(rare) < 2 {
		rare = nil
	}
	for _, l := range c.Levels {
		if l != otherLevel && !slices.Contains(rare, l) {
			kept = append(kept, l)
		}
	}
	c.Levels, c.Other = append(kept, otherLevel), true
	c.Pooled = slices.Concat(c.Pooled, rare)
	return c
}

// numbersOf finds levels among the column's, -1 for one that is none of them.
func (c Column) numbersOf(levels []string) []int {
	at := make(map[string]int, len(c.Levels))
	for k, l := range c.Levels {
		at[l] = k + 1
	}
	to := make([]int, len(levels))
	for k, l := range levels {
		if to[k] = at[l] - 1; to[k] < 0 && c.Other {
			to[k] = len(c.Levels) - 1
		}
	}
	return to
}

// levelCounts are the cells of each level of the columns that are categories; nil where there are none.
func (s *Set) levelCounts() [][]int {
	counts, any := make([][]int, s.Cols), false
	for j, c := range s.Columns {
		if c.Kind == Category {
			counts[j], any = make([]int, len(c.Levels)), true
		}
	}
	if !any {
		return nil
	}
	s.walk(func(_ int, block *Set) []func() {
		return []func(){func() {
			for j, n := range counts {
				for i := 0; i < block.Rows && n != nil; i++ {
					if v := block.At(i, j); v == v {
						n[int(v)]++
					}
				}
			}
		}}
	})
	return counts
}

// NewLevels says in a line for each category what levels of a set were not there when the preparation was fitted and are
// taken as "(other)". s has the preparation's columns, in its order.
func (p *Preparation) NewLevels(s *Set) (said []string) {
	if !slices.ContainsFunc(p.Columns, func(c Column) bool { return c.Other }) || len(s.Columns) != p.Cols {
		return nil
	}
	for j, cells := range s.levelCounts() {
		if p.Columns[j].Other {
			if line := p.Columns[j].newLevels(s.title(j), s.Columns[j].Levels, cells); line != "" {
				said = append(said, line)
			}
		}
	}
	return said
}

// newLevels says which of levels, of which there are so many cells each, the column takes as "(other)" without having seen
// them; "" for none.
func (c Column) newLevels(title string, levels []string, cells []int) string {
	known := make(map[string]bool, len(c.Pooled))
	for _, l := range c.Pooled {
		known[l] = true
	}
	find := ClassFinder(c.Levels)
	var fresh []string
	for k, l := range levels {
		if cells[k] > 0 && !known[l] && find(l) < 0 {
			rows := "1 row"
			if cells[k] > 1 {
				rows = fmt.Sprintf("%d rows", cells[k])
			}
			fresh = append(fresh, fmt.Sprintf("%q (%s)", clip(l), rows))
		}
	}
	switch len(fresh) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("%s: %s was not there in training: taken as %s", title, fresh[0], otherLevel)
	}
	return fmt.Sprintf("%s: %s were not there in training: taken as %s", title, some(fresh), otherLevel)
}

// doubtNew says which texts of a category are taken as "(other)".
func (f *frame) doubtNew(j int, c Column, src *Source) {
	if !c.Other {
		return
	}
	t := f.fields[j].texts
	cells := make([]int, len(t.levels))
	for _, code := range t.codes {
		cells[code]++
	}
	for k, l := range t.levels {
		if isMissing(l) {
			cells[k] = 0
		}
	}
	if line := c.newLevels(f.title(j), t.levels, cells); line != "" {
		src.doubt("%s", line)
	}
}
