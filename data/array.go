package data

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// arrayInfo is what a file says of an array before any of its elements is read.
type arrayInfo struct {
	npyHeader
	name string // "" where a file has one array
	err  error  // what is wrong with its header
}

// numeric says whether the elements are real numbers.
func (a *arrayInfo) numeric() bool {
	_, ok := elementOf(a.descr)
	return a.err == nil && ok
}

// text says whether the elements are text.
func (a *arrayInfo) text() bool {
	kind := bareType(a.descr)
	return a.err == nil && kind != "" && (kind[0] == 'U' || kind[0] == 'S')
}

// String is the array as lists show it: "data" (float32 300 x 6).
func (a *arrayInfo) String() string {
	if a.err != nil {
		return fmt.Sprintf("%q (not numbers)", clip(a.name))
	}
	if len(a.shape) == 0 {
		return fmt.Sprintf("%q (one %s)", clip(a.name), typeName(a.descr))
	}
	return fmt.Sprintf("%q (%s %s)", clip(a.name), typeName(a.descr), times(a.shape))
}

// times is a shape for people: 50 x 4 x 5.
func times(shape []int) string {
	words := make([]string, 0, len(shape))
	for _, d := range shape[:min(len(shape), 8)] {
		words = append(words, strconv.Itoa(d))
	}
	if len(shape) > 8 {
		words = append(words, "...")
	}
	return strings.Join(words, " x ")
}

// checkExamples says why an array cannot be rows of numbers, nil where it can.
func (a *arrayInfo) checkExamples(path string) error {
	switch n := product(a.shape); {
	case a.err != nil:
		return a.err
	case !a.numeric():
		return notNumbers(path, a.descr)
	case len(a.shape) == 0:
		return wrong(path, "an array without dimensions: expected rows of numbers")
	case n <= 0 || int64(n) > math.MaxInt64/16:
		return wrong(path, "shape (%s): expected sizes above 0 whose product fits", times(a.shape))
	}
	return nil
}

// rowsOf returns how an array of this shape is made rows: how many, and the shape of one. The first dimension counts rows
// and the others make one; with the layout rows the last dimension makes a row and all others count them.
func (r *Reading) rowsOf(shape []int) (rows int, row []int) {
	if r.Layout == "rows" && len(shape) > 2 {
		last := len(shape) - 1
		return product(shape[:last]), shape[last:]
	}
	return shape[0], shape[1:]
}

// newSet returns a set without values for an array of this shape.
func (r *Reading) newSet(name string, shape []int) *Set {
	rows, row := r.rowsOf(shape)
	set := &Set{Name: name, Rows: rows, Cols: product(row)}
	set.setGeometry(row)
	return set
}

// foundShape says what rows an array of more than two dimensions was made into.
func (s *Source) foundShape(shape []int, how *Reading) {
	if len(shape) < 3 {
		return
	}
	last := len(shape) - 1
	flat := fmt.Sprintf("%d rows of %d", product(shape[:last]), shape[last])
	if how.Layout == "rows" {
		s.found("%s, of an array of %s: --layout auto makes %d rows of %s", flat, times(shape), shape[0], times(shape[1:]))
		return
	}
	s.found("%d rows of %s: --layout rows makes %s", shape[0], times(shape[1:]), flat)
}

// readArray reads the elements of an array as examples.
func readArray(s *stream, a *arrayInfo, how *Reading) (*Set, error) {
	if err := a.checkExamples(s.path); err != nil {
		return nil, err
	}
	set := how.newSet(s.path, a.shape)
	e, _ := elementOf(a.descr)
	n := product(a.shape)
	var err error
	switch disk := diskOf(s.ctx); {
	case bareType(a.descr) == "u1":
		var raw []uint8
		if raw, err = bytesOf(s, a, n, "elements"); err == nil {
			set.U8, err = rowMajor[uint8](disk, [][]uint8{raw}, a.shape, a.fortran)
		}
	case e.single:
		var values [][]float32
		if values, err = elementsOf[float32](s, a, n, e); err == nil {
			set.F32, err = rowMajor[float32](disk, values, a.shape, a.fortran)
		}
	default: // what float32 may not hold
		var values [][]float64
		if values, err = elementsOf[float64](s, a, n, e); err == nil && disk == nil {
			err = s.ask(int64(n)*4, "numbers")
		}
		if err == nil {
			err = set.keepBlocks(disk, values, a.shape, a.fortran)
		}
	}
	if err != nil {
		return nil, err
	}
	set.disk = diskOf(s.ctx)
	if err := s.end("array"); err != nil {
		return nil, err
	}
	return set, set.survey(s.path, how)
}

// bytesOf reads n bytes of an array, or maps them.
func bytesOf(s *stream, a *arrayInfo, n int, what string) ([]uint8, error) {
	if !a.fortran {
		if there, err := mappedElements[uint8](s, n, a.descr, what); there != nil || err != nil {
			return there, err
		}
	}
	if disk := diskOf(s.ctx); disk != nil && !disk.takes(int64(n)) {
		if err := s.can(int64(n), what); err != nil {
			return nil, err
		}
		b, err := disk.spool(int64(n), true)
		if err != nil {
			return nil, err
		}
		return b, s.full(b, what)
	}
	return s.grow(int64(n), what)
}

// elementsOf reads n elements of an array, or maps them.
func elementsOf[T float32 | float64](s *stream, a *arrayInfo, n int, e element) ([][]T, error) {
	if !a.fortran {
		if there, err := mappedElements[T](s, n, a.descr, "elements"); there != nil || err != nil {
			return [][]T{there}, err
		}
	}
	return numbersOf[T](s, n, e, "elements")
}

// keepBlocks keeps numbers as [Set.keep] does.
func (s *Set) keepBlocks(disk *Disk, blocks [][]float64, shape []int, fortran bool) (err error) {
	wide := slices.ContainsFunc(blocks, func(b []float64) bool {
		return slices.ContainsFunc(b, func(v float64) bool { return !isSingle(v) })
	})
	if wide {
		s.F64, err = rowMajor[float64](disk, blocks, shape, fortran)
	} else {
		s.F32, err = rowMajor[float32](disk, blocks, shape, fortran)
	}
	return err
}

// doubtRounded says where integers are too large for float64 to tell apart.
func (s *Source) doubtRounded(set *Set, descr string) {
	if e, _ := elementOf(descr); !e.long {
		return
	}
	for i := range set.Rows * set.Cols {
		if math.Abs(set.value(i)) >= 1<<53 {
			p := set.place("", i)
			s.doubt("%s: row %d: column %d: integers from 2^53 on are rounded to float64", set.Name, p.Row, p.Column)
			return
		}
	}
}

// arraysHaveNo refuses choices that arrays do not leave; named says whether the file has several, by name.
func (r *Reading) arraysHaveNo(path string, named bool) error {
	refuse := func(flag, value, what string) error {
		return wrong(path, "%s %s: this kind of file has no %s: expected no such flag", flag, clip(value), what)
	}
	for _, c := range []struct{ value, flag, what string }{
		{r.Header, "--header", "first line of names"},
		{r.Delimiter, "--delimiter", "delimiter"},
		{r.Decimal, "--decimal", "decimal mark"},
		{r.Group, "--group", "names of columns"},
		{strings.Join(r.Columns, ","), "--columns", "names of columns"},
		{strings.Join(r.Drop, ","), "--drop", "names of columns"},
		{strings.Join(r.Types, ","), "--types", "names of columns"},
	} {
		if c.value != "" && c.value != "auto" {
			return refuse(c.flag, c.value, c.what)
		}
	}
	if named {
		return nil
	}
	for _, c := range []struct{ value, flag string }{{r.Array, "--array"}, {r.Label, "--label"}, {r.ID, "--id"}} {
		if c.value != "" && (c.value != "none" || c.flag == "--array") {
			return refuse(c.flag, c.value, "arrays with names")
		}
	}
	return nil
}

// imagesHaveNo refuses choices that images with labels in files of their own do not leave.
func (r *Reading) imagesHaveNo(path string) error {
	if r.Label != "" {
		return wrong(path, "--label %s: its labels are known: expected no such flag", clip(r.Label))
	}
	return r.arraysHaveNo(path, false)
}

// fits refuses choices that files of a kind do not leave, of kinds that do not look themselves.
func (r *Reading) fits(kind, path string) error {
	columnar := kind == "parquet" || kind == "arrow"
	switch {
	case kind == "idx":
		return r.imagesHaveNo(path)
	case columnar || slices.Contains(tables, kind):
	default:
		return nil
	}
	for _, c := range []struct {
		value, flag, what string
		text              bool // tables of text leave it
	}{
		{r.Array, "--array", "arrays", false}, {r.Header, "--header", "first line of names", true},
		{r.Delimiter, "--delimiter", "delimiter", true}, {r.Decimal, "--decimal", "decimal mark", true},
	} {
		if c.value != "" && c.value != "auto" && (columnar || !c.text) {
			return wrong(path, "%s %s: this kind of table has no %s: expected no such flag", c.flag, clip(c.value), c.what)
		}
	}
	return nil
}
