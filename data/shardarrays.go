package data

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// arrays reads files of arrays, whose rows are joined part by part.
func (s *shards) arrays(ctx context.Context, how *Reading) (*Source, error) {
	src := &Source{}
	var parts [3][]*Set
	for k, f := range s.files {
		one, err := openKind(ctx, f.path, s.kind, how)
		if err != nil {
			return nil, err
		}
		own := [3]*Set{one.Train, one.Val, one.Test}
		if f.part != 0 && (one.Val != nil || one.Test != nil) {
			return nil, wrong(f.path, "has parts of its own, but is named as one: expected a name without train, val or test")
		}
		if f.part != 0 {
			own = [3]*Set{}
			own[f.part] = one.Train
		}
		for part, set := range own {
			if set == nil {
				continue
			}
			if parts[part] = append(parts[part], set); parts[0] != nil && parts[0][0] != set {
				if err := s.sameRows(k, parts[0][0], set); err != nil {
					return nil, err
				}
			}
		}
		if k == 0 {
			src.Found = one.Found
		}
	}
	joinClasses(slices.Concat(parts[0], parts[1], parts[2]))
	var err error
	for part, to := range []**Set{&src.Train, &src.Val, &src.Test} {
		if parts[part] != nil {
			if *to, err = joinSets(s.dir, parts[part]); err != nil {
				return nil, err
			}
			parts[part] = nil
		}
	}
	return src, nil
}

// sameRows says how the rows of a set are others than those of the first, as an [*Error] that names both files.
func (s *shards) sameRows(k int, first, set *Set) error {
	other := func(format string, args ...any) error {
		e := wrong(s.files[k].path, format, args...)
		e.Msg += " as in " + filepath.Base(s.files[0].path)
		return e
	}
	switch {
	case set.Cols != first.Cols:
		return other("%d columns: expected %d", set.Cols, first.Cols)
	case [3]int{set.Height, set.Width, set.Channels} != [3]int{first.Height, first.Width, first.Channels}:
		return other("rows of shape %v: expected %v", set.shape(set.Rows)[1:], first.shape(first.Rows)[1:])
	case (set.U8 == nil) != (first.U8 == nil):
		return other("%s values: expected %s", set.typeName(), first.typeName())
	case (set.Labels == nil) != (first.Labels == nil):
		return other("labels in one and not in the other: expected all to be")
	case !slices.Equal(namesOf(set.Columns), namesOf(first.Columns)):
		return other("%s: expected columns", difference(namesOf(first.Columns), namesOf(set.Columns)))
	}
	return nil
}

// typeName is what the values are stored as.
func (s *Set) typeName() string {
	switch {
	case s.U8 != nil:
		return "uint8"
	case s.F64 != nil:
		return "float64"
	}
	return "float32"
}

// joinClasses numbers the classes of several sets by their names, so that a class means the same in all of them.
func joinClasses(sets []*Set) {
	var names []string
	for _, s := range sets {
		seen := make([]bool, len(s.Classes))
		for _, l := range s.Labels {
			seen[l] = true
		}
		for k, is := range seen {
			if is && !slices.Contains(names, s.Classes[k]) {
				names = append(names, s.Classes[k])
			}
		}
	}
	if names == nil {
		return
	}
	labels, classes := textLabels(names)
	at := map[string]int32{}
	for k, n := range names {
		at[n] = labels[k]
	}
	for _, s := range sets {
		own := make([]int32, len(s.Labels)) // the set may share them
		for i, l := range s.Labels {
			own[i] = at[s.Classes[l]]
		}
		s.Labels, s.Classes = own, classes
	}
}

// joinSets returns the rows of sets one below the other.
func joinSets(name string, sets []*Set) (*Set, error) {
	all := *sets[0]
	if all.Name = name; len(sets) == 1 {
		return &all, nil
	}
	all.Rows = 0
	wide, ids, groups := false, true, true
	for _, s := range sets {
		all.Rows += s.Rows
		wide, ids, groups = wide || s.F64 != nil, ids && s.IDs != nil, groups && s.Groups != nil
		all.Gaps = all.Gaps || s.Gaps
	}
	all.U8, all.F32, all.F64, all.Labels, all.IDs, all.Groups = nil, nil, nil, nil, nil, nil
	n := all.Rows * all.Cols
	var err error
	switch {
	case sets[0].U8 != nil:
		all.U8, err = newArray[uint8](all.disk, n)
	case wide:
		all.F64, err = newArray[float64](all.disk, n)
	default:
		all.F32, err = newArray[float32](all.disk, n)
	}
	if err != nil {
		return nil, err
	}
	at := 0
	for _, s := range sets {
		all.Labels = append(all.Labels, s.Labels...)
		switch {
		case all.U8 != nil:
			copy(all.U8[at:], s.U8)
		case wide:
			for i := range s.Rows {
				s.wideRow(all.F64[at+i*s.Cols:], i)
			}
		default:
			copy(all.F32[at:], s.F32)
		}
		at += s.Rows * s.Cols
		release(s.disk, s.U8)
		release(s.disk, s.F32)
		release(s.disk, s.F64)
		if ids {
			all.IDs = append(all.IDs, s.IDs...)
		}
		if groups {
			all.Groups = append(all.Groups, s.Groups...)
		}
		s.U8, s.F32, s.F64 = nil, nil, nil
	}
	return &all, nil
}

// numberName is what a column without a name is called.
func numberName(j int) string { return "column " + strconv.Itoa(j+1) }

// columnNumber is the number of a column that is called so.
func columnNumber(name string) (int, bool) {
	n, ok := atoi(strings.TrimPrefix(name, "column "))
	return n, ok && n > 0 && name == numberName(n-1)
}

// ownName is the name that a column has in a file, "" where it has none but a number.
func ownName(name string) string {
	if _, number := columnNumber(name); number {
		return ""
	}
	return name
}
