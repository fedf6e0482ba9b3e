package data

import (
	"context"
	"fmt"
	"slices"
)

// Read is Open with choices that the files leave. One that there is none of is a [*ReadingError]. Data for the test or the
// validation part take the place of the data's own; their columns are matched with those of the training part.
func Read(ctx context.Context, name string, how Reading) (*Source, error) {
	if how.Target == nil && how.AsTarget == nil || how.As != nil && how.AsTarget == nil {
		return readRows(ctx, name, how)
	}
	place, err := how.targetPlace(ctx, name)
	if err != nil {
		return nil, err
	}
	rows := how
	rows.Target, rows.AsTarget = nil, nil
	switch {
	case place == targetFile:
	case how.AsTarget != nil:
		rows.beside = slices.Concat(how.Target, namesOf(how.AsTarget.Columns))
	default:
		rows.beside = how.Target
	}
	src, err := readRows(ctx, name, rows)
	if err != nil {
		return nil, err
	}
	targets, err := readTargets(ctx, name, place, how)
	if err != nil {
		return nil, err
	}
	return src, src.pair(targets, &how)
}

// readRows is Read without targets.
func readRows(ctx context.Context, name string, how Reading) (*Source, error) {
	src, err := readMain(ctx, name, how)
	if err != nil {
		return nil, err
	}
	for _, p := range []struct {
		name, part string
		set        **Set
	}{{how.TestData, TestPart, &src.Test}, {how.ValData, ValidationPart, &src.Val}} {
		if p.name == "" {
			continue
		}
		if *p.set, err = src.readPart(ctx, p.name, p.part, how); err != nil {
			return nil, err
		}
	}
	return src, nil
}

// readPart reads data of a part as rows of the training part: where the data have that part themselves, that, else all
// of them but a test part.
func (s *Source) readPart(ctx context.Context, name, part string, how Reading) (*Set, error) {
	own := how.As == nil
	if own {
		how.As = s.Train.asRows()
	}
	how.TestData, how.ValData, how.describe = "", "", false
	how.Columns, how.Drop, how.Types, how.Group = nil, nil, nil, "" // the training part has decided
	if s.Train.Conditions != nil && s.Train.ConditionName != "" {
		how.Condition, how.labelled = s.Train.ConditionName, s.Train.onlyCondition()
	}
	from, err := readMain(ctx, name, how)
	if err != nil {
		return nil, err
	}
	set := from.Train
	switch {
	case part == TestPart && from.Test != nil:
		set = from.Test
	case part == ValidationPart && from.Val != nil:
		set = from.Val
	}
	s.Found, s.Doubts = append(s.Found, from.Found...), append(s.Doubts, from.Doubts...)
	s.found("%s: the %s part, %d rows", name, part, set.Rows)
	if own {
		how.As.takeNewLevels(set)
	}
	if set, err = how.As.Match(set); err != nil {
		return nil, err
	}
	if set.Labels == nil || s.Train.Labels == nil {
		return set, nil
	}
	set, said := set.Classed(s.Train.Classes)
	if said != "" {
		s.found("%s", said)
	}
	known := len(s.Train.Classes)
	if at := slices.IndexFunc(set.Labels, func(l int32) bool { return int(l) >= known }); at >= 0 {
		return nil, &Error{Path: set.Name, Row: at + 1, Msg: fmt.Sprintf("class %q is none of the training rows': expected one of %s",
			clip(set.Classes[set.Labels[at]]), Listed(s.Train.Classes))}
	}
	return set, nil
}

// asRows is the preparation that leaves rows like those of the set as they are.
func (s *Set) asRows() *Preparation {
	p := IdentityPreparation(s.Cols)
	p.keepsGaps, p.opensLevels = true, true // what becomes of missing cells and of new levels is decided later
	p.HasIDs, p.IDName, p.LabelName = s.IDs != nil, s.IDName, s.LabelName
	if haveNames(s.Columns) || !allReal(s.Columns) {
		p.Columns = slices.Clone(s.Columns)
	}
	return p
}

// takeNewLevels gives categories the levels that a set has beyond theirs.
func (p *Preparation) takeNewLevels(s *Set) {
	if len(s.Columns) != len(p.Columns) {
		return
	}
	for j := range p.Columns {
		c, has := &p.Columns[j], s.Columns[j].Levels
		if n := len(c.Levels); c.Kind == Category && len(has) > n && slices.Equal(has[:n], c.Levels) {
			c.Levels = has
		}
	}
}
