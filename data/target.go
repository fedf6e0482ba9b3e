package data

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Targets are what a decoder is to make of rows, where that is other data than the rows: they are a [Set] of their own,
// row beside row.

// readTargets is Read of what [Reading.Target] names.
func readTargets(ctx context.Context, name string, from targetPlace, how Reading) (_ *Source, err error) {
	if from == targetFile && (how.TestData != "" || how.ValData != "") {
		return nil, &ReadingError{"Target", "is a file, and there are data for the test or the validation: expected a column or an array, which they have too"}
	}
	asked := how
	how.ID, how.Label, how.Group, how.Condition, how.Drop, how.Columns, how.Array = "none", "none", "", "", nil, nil, ""
	if !slices.Contains([]string{"rows", "hwc", "chw"}, how.Layout) {
		how.Layout = "" // a shape is that of the rows
	}
	how.As, how.AsTarget, how.describe = how.AsTarget, nil, false
	target := how.Target
	how.Target = nil
	switch from {
	case targetColumns:
		how.Columns, how.promised = target, true
		if how.As != nil && haveNames(how.As.Columns) {
			how.Columns = nil // it knows them
		}
	case targetArray:
		how.Array, how.Types, how.ofParts = target[0], nil, true
	default:
		name = target[0]
		if how, err = asked.ofFile(ctx, name, how.Layout); err != nil {
			return nil, err
		}
	}
	src, err := Read(ctx, name, how)
	if bad := (*Error)(nil); errors.As(err, &bad) {
		bad.Msg = strings.ReplaceAll(bad.Msg, "--array", "--target")
		if how.As != nil {
			bad.Msg += " (the targets of the model)"
		}
	}
	return src, err
}

// ofFile is how a file of targets is read: by the choices that its format has.
func (r *Reading) ofFile(ctx context.Context, name, layout string) (Reading, error) {
	how := Reading{As: r.AsTarget}
	kind, err := kindOfData(ctx, name)
	switch {
	case slices.Contains(tableKinds, kind):
		how.Header, how.Delimiter, how.Decimal, how.Label = r.Header, r.Delimiter, r.Decimal, "none"
		if r.ID == "none" { // another name is one of the rows' columns
			how.ID = r.ID
		}
	case slices.Contains(arrayKinds, kind):
		how.Layout, how.Label = layout, "none"
	case kind == "": // pictures
		how.Layout, how.Resize = layout, r.Resize
	default:
		how.Layout = layout
	}
	return how, err
}

// IsTargetFile says whether what [Reading.Target] names is a file of its own, and no column or array: it is there, and
// called as files of data are or by a path, as in ./targets.
func IsTargetFile(target []string) bool {
	switch {
	case len(target) != 1:
		return false
	case filepath.IsAbs(target[0]): // as a run keeps it, be it there or not
		return true
	case format(target[0]) == "" && !strings.ContainsRune(target[0], filepath.Separator):
		return false
	}
	_, err := os.Stat(target[0])
	return err == nil
}

// targetPlace is where targets come from.
type targetPlace uint8

const (
	targetColumns targetPlace = iota
	targetArray
	targetFile
)

// targetPlace tells where the targets of data of that name come from: columns of a table, an array beside that of the
// rows, or a file of their own.
func (r *Reading) targetPlace(ctx context.Context, name string) (targetPlace, error) {
	if name == StandardInput {
		return 0, &ReadingError{"Target", "with data from standard input, which comes once: expected a file"}
	}
	for k, t := range r.Target {
		if slices.Contains(r.Target[:k], t) {
			return 0, &ReadingError{"Target", fmt.Sprintf("names %q twice: expected it once", clip(t))}
		}
	}
	kind, err := kindOfData(ctx, name)
	switch {
	case err != nil:
		return 0, err
	case IsTargetFile(r.Target):
		return targetFile, nil
	case len(r.Target) == 0 && r.sameColumns():
		return 0, &ReadingError{"Target", "is not there, and the targets' columns are called as the inputs are: expected the file with the targets of " + name}
	case slices.Contains(tableKinds, kind):
		return targetColumns, nil
	case len(r.Target) == 0:
		return 0, &ReadingError{"Target", "is not there: expected the array or the file with what the model is to make of " + name}
	case len(r.Target) > 1:
		return 0, &ReadingError{"Target", fmt.Sprintf("names %d arrays or files: expected one", len(r.Target))}
	case slices.Contains(arrayKinds, kind):
		return targetArray, nil
	}
	return 0, &ReadingError{"Target", fmt.Sprintf("is %q, and %s has neither columns nor arrays of a name: expected a file of data that is there, as in ./NAME", clip(r.Target[0]), name)}
}

// sameColumns says whether the columns of the targets that are looked for are those of the rows, so that they cannot be in
// one table.
func (r *Reading) sameColumns() bool {
	if r.As == nil || r.AsTarget == nil {
		return false
	}
	rows := r.As.Names()
	return slices.ContainsFunc(r.AsTarget.Names(), func(n string) bool { return slices.Contains(rows, n) })
}

// tableKinds are the formats of named columns, arrayKinds those of named arrays.
var (
	tableKinds = []string{"csv", "tsv", "txt", "parquet", "arrow"}
	arrayKinds = []string{"npz", "safetensors"}
)

// kindOfData is the format of a file, or of the files of a folder; "" of pictures and of what is built in.
func kindOfData(ctx context.Context, name string) (string, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil: // reading says what is wrong
		return "", nil
	case !info.IsDir():
		kind, _, err := kindOf(ctx, name)
		return kind, err
	case isMNIST(name):
		return "idx", nil
	}
	if pictures, err := findPictures(ctx, name); err != nil || pictures != nil {
		return "", err
	}
	s, err := findShards(ctx, name)
	if err != nil {
		return "", err
	}
	return s.kind, nil
}

// pair puts targets beside the rows of each part.
func (s *Source) pair(t *Source, how *Reading) error {
	for _, p := range []struct {
		what         string
		rows, target *Set
	}{{"training", s.Train, t.Train}, {"validation", s.Val, t.Val}, {"test", s.Test, t.Test}} {
		switch {
		case p.rows == nil:
		case p.target == nil:
			return wrong(p.rows.Name, "the %s part has no targets: expected some for each part, or --array for one part alone", p.what)
		case p.target.Rows != p.rows.Rows:
			return wrong(p.target.Name, "%d targets: expected one for each of %d rows", p.target.Rows, p.rows.Rows)
		default:
			if err := sameRows(p.rows, p.target); err != nil {
				return err
			}
			p.target.Labels, p.target.Classes, p.target.IDs, p.target.Groups = nil, nil, nil, nil
			p.rows.Target = p.target
		}
	}
	s.found("targets: %s, rows of %d, which the decoder is to make: --target", some(t.Train.called(how.Target)), t.Train.Cols)
	for _, d := range t.Doubts {
		if !slices.Contains(s.Doubts, d) {
			s.doubt("targets: %s", d)
		}
	}
	return nil
}

// sameRows refuses targets whose rows have other names than the rows that they stand beside.
func sameRows(rows, target *Set) error {
	if rows.IDs == nil || target.IDs == nil {
		return nil
	}
	for i, id := range rows.IDs {
		if target.IDs[i] != id {
			return &Error{Path: target.Name, Row: i + 1, Msg: fmt.Sprintf("the target of %q beside the row %q of %s: expected the same order (--id none pairs them as they stand)",
				clip(target.IDs[i]), clip(id), rows.Name)}
		}
	}
	return nil
}

// called are the names of the columns, or where they have none those under which the set was asked for.
func (s *Set) called(asked []string) []string {
	if haveNames(s.Columns) {
		return namesOf(s.Columns)
	}
	return asked
}

// withTargets returns the targets of rows through f, nil of none.
func (s *Set) withTargets(f func(*Set) *Set) *Set {
	if s.Target == nil {
		return nil
	}
	return f(s.Target)
}
