package data

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
)

// source reads all files and joins them.
func (s *shards) source(ctx context.Context, how *Reading) (src *Source, err error) {
	if err := how.fits(s.kind, s.dir); err != nil {
		return nil, err
	}
	if b, err := s.bundle(ctx); b != nil || err != nil {
		if err != nil {
			return nil, err
		}
		return b.source(ctx, how, s.ignored)
	}
	switch {
	case slices.Contains(tables, s.kind):
		src, err = s.tables(ctx, how)
	case s.kind == "parquet", s.kind == "arrow":
		src, err = s.columns(ctx, how)
	default:
		src, err = s.arrays(ctx, how)
	}
	if err == nil {
		s.say(src)
	}
	return src, err
}

// other is an error about a shard that is not as the first is.
func (s *shards) other(k int, format string, args ...any) *Error {
	return wrong(s.files[k].path, "other columns than %s: %s", filepath.Base(s.files[0].path), fmt.Sprintf(format, args...))
}

// joined are the tables of several files, one below the other.
type joined struct {
	*frame
	asText  map[string]bool // columns that are texts in one of them, by name, or number where there are no names
	decimal string          // the mark that one of them has
	commas  string          // the file that it is a comma in
	points  string          // a file with decimal points

	first  *tableReader // that the others are put below
	now    *tableReader // that is being read
	bare   []string     // files without a header where the first has one
	starts []int        // row at which each file starts
	lines  []int        // its line, 0 where rows are none
}

// tables reads tables of text: what their columns are is decided by all of them together.
func (s *shards) tables(ctx context.Context, how *Reading) (*Source, error) {
	j := &joined{asText: map[string]bool{}, decimal: how.Decimal}
	for {
		before, decimal := len(j.asText), j.decimal
		err := s.readTables(ctx, how, j)
		var surprise *surpriseError
		if errors.As(err, &surprise) && before < mostSurprises {
			j.asText[j.now.key(surprise.column)], err = true, nil
		}
		if err != nil {
			return nil, err
		}
		if len(j.asText) == before && j.decimal == decimal {
			break
		}
		*j = joined{asText: j.asText, decimal: j.decimal, commas: j.commas} // what is text in one file is in all of them
	}
	j.frame.path = s.dir
	src, err := j.frame.source(how, j.first.say())
	if err != nil {
		return nil, s.placed(err, j)
	}
	j.first.doubtHeader(how, src)
	if j.bare != nil {
		src.found("without a header, columns as in %s: %s", filepath.Base(s.files[0].path), some(j.bare))
	}
	return src, s.divide(src, j)
}

// readTables reads the files one after the other.
func (s *shards) readTables(ctx context.Context, how *Reading, j *joined) error {
	for k, file := range s.files {
		own := *how
		own.Decimal = j.decimal
		comma := map[string]rune{"tsv": '\t', "txt": ' ', "csv": ','}[s.kind]
		if j.frame != nil {
			comma = j.first.comma
			own.Delimiter = string(comma)
			if !j.named {
				own.Header = "no"
			}
		}
		err := withFile(ctx, file.path, func(st *stream) (err error) {
			_, err = readTable(st, comma, &own, func(t *tableReader) map[int]bool { return j.begin(t, s.files[k].path) })
			return err
		})
		if err != nil {
			return err
		}
		if err := s.join(k, j, j.now); err != nil {
			return err
		}
	}
	return nil
}

// begin looks at the header of another file and says which of its columns are texts.
func (j *joined) begin(t *tableReader, path string) map[int]bool {
	j.now = t
	if j.frame != nil && j.named && !t.named && t.dialect.width == len(j.fields) && len(t.sample) > 0 {
		t.header, t.named = j.names(), true
		if first, _ := distinct(t.sample[0]); slices.Equal(first, t.header) { // of numbers
			t.dialect.names = true
		} else {
			j.bare = append(j.bare, filepath.Base(path))
		}
	}
	if j.frame != nil && j.named && t.dialect.names && len(t.sample) == 0 && !sameNames(j.names(), t.header) {
		t.header, t.dialect.names = j.names(), false // the one row of a file without a header
		j.bare = append(j.bare, filepath.Base(path))
	}
	texts := map[int]bool{}
	for at := range t.dialect.width {
		texts[at] = j.asText[t.key(at)]
	}
	return texts
}

// sameNames says whether the names are the same, in any order.
func sameNames(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// key is what tells a column from others of the table.
func (t *tableReader) key(at int) string {
	if at < len(t.header) {
		return t.utf8Text(t.header[at])
	}
	return fmt.Sprint(at)
}

// join puts a table below the others.
func (s *shards) join(k int, j *joined, t *tableReader) error {
	f := t.frame
	line := 0
	if f.rows > 0 && t.lastLine-t.firstLine == f.rows-1 { // a row a line
		line = t.firstLine
	}
	if t.decimal == ',' && j.decimal == "" {
		j.decimal, j.commas = ",", filepath.Base(s.files[k].path)
	}
	if t.points {
		j.points = filepath.Base(s.files[k].path)
	}
	if j.points != "" && j.commas != "" {
		return wrong(s.dir, "decimal points in %s, commas in %s: expected one mark in all files (--decimal says which)", j.points, j.commas)
	}
	for _, at := range t.longColumns() {
		j.asText[t.key(at)] = true
	}
	if j.frame == nil || j.rows == 0 {
		j.frame, j.first = f, t
		j.starts, j.lines = append(j.starts, 0), append(j.lines, line)
		return nil
	}
	j.starts, j.lines = append(j.starts, j.rows), append(j.lines, line)
	if f.rows == 0 {
		return nil
	}
	order, err := s.match(k, j, f)
	if err != nil {
		return err
	}
	same := true
	for i, at := range order {
		if (j.fields[i].texts == nil) != (f.fields[at].texts == nil) {
			j.asText[t.key(at)], same = true, false
		}
	}
	if same {
		j.below(f, order)
	}
	return nil
}

// match finds the columns of another table: by name, where both have names.
func (s *shards) match(k int, j *joined, f *frame) ([]int, error) {
	if !j.named || !f.named {
		if len(f.fields) != len(j.fields) {
			return nil, s.other(k, "%d of them: expected %d%s", len(f.fields), len(j.fields), j.parted(f, ""))
		}
		return firstNumbers(len(f.fields)), nil
	}
	at := map[string][]int{}
	for i, c := range f.fields {
		at[c.name] = append(at[c.name], i)
	}
	var order []int
	for _, c := range j.fields {
		if is := at[c.name]; len(is) > 0 {
			order, at[c.name] = append(order, is[0]), is[1:]
		}
	}
	if len(order) != len(j.fields) || len(order) != len(f.fields) {
		return nil, s.other(k, "%s%s", difference(j.names(), f.names()), j.parted(f, " (--header says whether first lines hold names)"))
	}
	return order, nil
}

// parted says of a text of one column where the others have more what separates these; else the hint.
func (j *joined) parted(f *frame, hint string) string {
	if j.first == nil || len(f.fields) > 1 || len(j.fields) == 1 {
		return hint
	}
	return fmt.Sprintf("; expected fields separated by %q in all files (--delimiter)", j.first.comma)
}

func firstNumbers(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

// below takes the rows of another frame, whose column order[i] is the i-th.
func (j *joined) below(f *frame, order []int) {
	from := make([]int, j.width) // of each number
	for i, at := range order {
		switch to, t := j.fields[i].at, j.fields[i].texts; {
		case t != nil:
			for row := range f.rows {
				t.add(f.fields[at].texts.at(row))
			}
			f.fields[at].texts = nil
		case to >= 0:
			from[to] = f.fields[at].at
		}
	}
	if !slices.Equal(from, firstNumbers(j.width)) {
		old := make([]float64, f.width)
		f.each(func(_ int, numbers []float64) {
			copy(old, numbers)
			for to, at := range from {
				numbers[to] = old[at]
			}
		})
	}
	j.blocks, j.slabs, j.rows = append(j.blocks, f.blocks...), append(j.slabs, f.slabs...), j.rows+f.rows
}

// placed says of an error about a row of all in which file it is.
func (s *shards) placed(err error, j *joined) error {
	var bad *Error
	if !errors.As(err, &bad) {
		return err
	}
	if bad.Row == 0 {
		bad.Path = s.dir
		return err
	}
	for k := len(j.starts) - 1; k >= 0; k-- {
		if bad.Row > j.starts[k] {
			if bad.Path, bad.Row = s.files[k].path, bad.Row-j.starts[k]; j.lines[k] > 0 {
				bad.Line, bad.Row = j.lines[k]+bad.Row-1, 0
			}
			return err
		}
	}
	return err
}

// divide makes parts of the rows of a source.
func (s *shards) divide(src *Source, j *joined) error {
	var sets [3]*Set
	all := src.Train
	all.Name = s.dir
	for k, f := range s.files {
		end := all.Rows
		if k+1 < len(s.files) {
			end = j.starts[k+1]
		}
		n := end - j.starts[k]
		if sets[f.part] == nil {
			sets[f.part] = all.Part(j.starts[k], n)
		} else {
			sets[f.part] = all.Part(j.starts[k]-sets[f.part].Rows, n+sets[f.part].Rows)
		}
	}
	for part, set := range sets {
		if set != nil && set.Rows == 0 {
			return wrong(s.dir, "no rows in the %s part: expected one or more", partTitles[part])
		}
		if set != nil {
			set.disk = all.disk
		}
	}
	src.Train, src.Val, src.Test = sets[0], sets[1], sets[2]
	return nil
}
