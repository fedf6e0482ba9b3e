package data

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// columnSpec is a column of a file that keeps columns apart, as its schema has it.
type columnSpec struct {
	name string
	kind specKind
	why  string // of specOther: what it holds instead of cells
}

// specKind is what the cells of such a column are.
type specKind uint8

const (
	specNumber specKind = iota
	specBool
	specText
	specDate
	specEmpty // nothing but missing cells
	specOther
)

// columnar is a table of columns while it is read into a frame.
type columnar struct {
	blank []int // fields that are wanted and have no value
	*frame
	file  *randomFile
	specs []columnSpec
	base  int // rows before those of the block
	block []float64
	plain []bool // columns of numbers that may turn out to be better kept as texts
}

// randomFile is a file that is read at any place. It ends with the context and keeps the system's own failures.
type randomFile struct {
	ctx    context.Context
	path   string
	r      io.ReaderAt
	size   int64
	failed error
	long   map[string]bool // columns that are kept as texts for their length
}

// withRandom opens a file of a format that is read from its end.
func withRandom(ctx context.Context, path, format string, read func(*randomFile) error) error {
	f, size, err := openAnywhere(ctx, path, format)
	if err != nil {
		return err
	}
	defer f.Close()
	return read(&randomFile{ctx: ctx, path: path, r: f, size: size})
}

// ReadAt is io.ReaderAt.
func (f *randomFile) ReadAt(p []byte, at int64) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	if at < 0 || at > f.size {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := f.r.ReadAt(p, at)
	if err != nil && err != io.EOF {
		f.failed = err
	}
	return n, err
}

// guarded runs read, in which a library may panic on a damaged file, and makes an Error of what it says is wrong.
func (f *randomFile) guarded(format string, read func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if failure, ok := p.(*askedError); ok {
				err = failure.err
				return
			}
			err = f.damaged(format, fmt.Errorf("%v", p))
		}
	}()
	err = read()
	var e *Error
	var asked *askedError
	switch {
	case err == nil, errors.As(err, &e):
		return err
	case errors.As(err, &asked):
		return asked.err
	}
	return f.damaged(format, err)
}

// askedError carries what a context says of memory through a library.
type askedError struct{ err error }

func (e *askedError) Error() string { return e.err.Error() }

// damaged is an Error about a file that a library cannot read, unless something else has failed.
func (f *randomFile) damaged(format string, err error) error {
	if cause := f.ctx.Err(); cause != nil {
		return cause
	}
	if f.failed != nil {
		return f.failed
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	if len(text) > 160 {
		text = text[:160] + "..."
	}
	return &Error{Path: f.path, Msg: "damaged or cut short: expected " + format + " (" + text + ")", Err: err}
}

// ask asks for memory as a stream does.
func (f *randomFile) ask(n int64, what string) error {
	return (&stream{ctx: f.ctx, path: f.path}).ask(n, what)
}

// newColumnar makes a frame of a schema and decides by the names which columns are kept, and as what. index
// are the names of the columns of a data frame's index: the first has the names of rows.
func newColumnar(file *randomFile, specs []columnSpec, index []string, how *Reading) (*columnar, error) {
	t := &columnar{frame: &frame{path: file.path, named: true, decimal: '.', index: -1, room: room{ask: file.ask}, disk: diskOf(file.ctx)}, file: file, specs: specs}
	t.fields, t.plain = make([]rawColumn, len(specs)), make([]bool, len(specs))
	names := make([]string, len(specs))
	for j, s := range specs {
		names[j] = strings.ToValidUTF8(s.name, "\ufffd")
	}
	names, t.renamed = distinct(names)
	for j, s := range specs {
		t.fields[j] = rawColumn{name: names[j], at: -1}
		switch at := slices.Index(index, s.name); {
		case at == 0 && t.index < 0:
			t.index = j
			if strings.HasPrefix(s.name, "__index_level_") {
				t.fields[j].name = ""
			}
		case at > 0:
			t.fields[j].level = true
		}
	}
	uses, err := t.uses(how)
	if err != nil {
		return nil, err
	}
	r, err := t.roles(how)
	if err != nil {
		return nil, err
	}
	dates := map[string]bool{}
	if how.As != nil {
		for _, c := range how.As.Columns {
			dates[c.Name] = c.Kind == Date
		}
	}
	for j := range t.fields {
		if uses[j] == unused {
			continue
		}
		role := r.has(j)
		if err := t.keep(j, uses[j], r.asked[j], !role && dates[t.fields[j].name]); err != nil {
			return nil, err
		}
		if how.As != nil && !role && t.specs[j].kind == specEmpty && uses[j] != usedAsEither {
			t.blank = append(t.blank, j)
		}
	}
	return t, nil
}

// fillBlank makes cells of columns without a value, which a file has no numbers or texts of, missing ones.
func (t *columnar) fillBlank() {
	for _, j := range t.blank {
		c := &t.fields[j]
		c.out, c.texts = "", t.newTexts()
		for range t.rows {
			c.texts.add("")
		}
	}
}

// keep decides how the cells of column j are kept; byDate where a preparation takes them as dates.
func (t *columnar) keep(j int, u use, asked string, byDate bool) error {
	c, s := &t.fields[j], t.specs[j]
	named := asked != "" && asked != "any"
	text := false
	switch s.kind {
	case specOther:
		if u != usedAsEither || named {
			return &Error{Path: t.path, Column: j + 1, Field: c.name, Msg: s.why + ": expected numbers, texts, dates or yes and no"}
		}
		c.out = s.why
		return nil
	case specEmpty:
		c.out = "no value in it"
		return nil
	case specDate:
		c.dates = asked == "date" || byDate
		switch {
		case c.dates:
		case u == usedAsEither:
			c.out = "dates, --types COLUMN=date takes them as days"
			return nil
		case u == usedAsNumber:
			return &Error{Path: t.path, Column: j + 1, Field: c.name, Msg: "dates: expected numbers; --types COLUMN=date takes them as days"}
		default:
			text = true
		}
	case specBool:
		text = u != usedAsNumber
	case specText:
		text = true
	case specNumber:
		c.digits = u == usedAsEither && t.file.long[c.name]
		text = c.digits || u == usedAsText
		t.plain[j] = u == usedAsEither && !text
	}
	if text {
		c.texts, c.typed = t.newTexts(), true
		return nil
	}
	c.at = t.width
	t.width++
	return nil
}

// rowsAtOnce is how many rows make a block.
func (t *columnar) rowsAtOnce() int { return min(blockValues/max(t.width, 1)+1, blockValues) }

// begin makes room for the next n rows, which are to be put.
func (t *columnar) begin(n int) error {
	if err := t.file.ctx.Err(); err != nil {
		return err
	}
	if err := t.prepare(n); err != nil {
		return &askedError{err}
	}
	t.base = t.rows
	t.rows += n
	t.block = nil
	if t.width > 0 {
		block, err := t.frame.block(n * t.width)
		if err != nil {
			return &askedError{err}
		}
		t.block = block
		t.blocks = append(t.blocks, t.block)
	}
	return nil
}

// at makes an Error about column j of row i of the block.
func (t *columnar) at(j, i int, format string, args ...any) *Error {
	return &Error{Path: t.path, Row: t.base + i + 1, Column: j + 1, Field: t.fields[j].name, Msg: fmt.Sprintf(format, args...)}
}

// putMissing takes a missing cell.
func (t *columnar) putMissing(j, i int) {
	if c := &t.fields[j]; c.texts != nil {
		c.texts.add("")
	} else {
		t.block[i*t.width+c.at] = math.NaN()
	}
}

// putNumber takes a number that has so many bits.
func (t *columnar) putNumber(j, i int, v float64, bits int) error {
	c := &t.fields[j]
	switch {
	case v != v:
		t.putMissing(j, i)
		return nil
	case c.texts != nil:
		c.texts.add(strconv.FormatFloat(v, 'f', -1, bits))
		return nil
	case math.IsInf(v, 0):
		return t.at(j, i, "expected a finite number, found %g", v)
	case math.IsInf(float64(float32(v)), 0):
		return t.at(j, i, "%g: expected a number that fits float32", v)
	}
	t.block[i*t.width+c.at] = v
	return nil
}

// putWhole takes a whole number.
func (t *columnar) putWhole(j, i int, v int64) error {
	c := &t.fields[j]
	switch {
	case c.texts != nil:
		c.texts.add(strconv.FormatInt(v, 10))
		return nil
	case v > mostWhole || v < -mostWhole:
		return t.putDecimal(j, i, strconv.FormatInt(v, 10))
	}
	t.block[i*t.width+c.at] = float64(v)
	return nil
}

// putUnsigned takes a whole number from 0 on.
func (t *columnar) putUnsigned(j, i int, v uint64) error {
	c := &t.fields[j]
	switch {
	case c.texts != nil:
		c.texts.add(strconv.FormatUint(v, 10))
		return nil
	case v > mostWhole:
		return t.putDecimal(j, i, strconv.FormatUint(v, 10))
	}
	t.block[i*t.width+c.at] = float64(v)
	return nil
}

// putDecimal takes a decimal as its text. Where it is a whole number that float64 may not hold, and no numbers were asked
// for, the file is to be read again with the column as texts.
func (t *columnar) putDecimal(j, i int, text string) error {
	if c := &t.fields[j]; c.texts != nil {
		c.texts.add(text)
		return nil
	}
	if t.plain[j] && isLong(text) {
		return &surpriseError{t.at(j, i, "%s: expected whole numbers up to 2^53", text), j}
	}
	v, err := parseNumber(text)
	if err != nil {
		return t.at(j, i, "%q: expected a number that fits float32", clip(text))
	}
	return t.putNumber(j, i, v, 64)
}

// putBool takes an answer.
func (t *columnar) putBool(j, i int, v bool) {
	c := &t.fields[j]
	switch {
	case c.texts != nil:
		c.texts.add(strconv.FormatBool(v))
	case v:
		t.block[i*t.width+c.at] = 1
	default:
		t.block[i*t.width+c.at] = 0
	}
}

// putText takes a text. One of a missing cell is one.
func (t *columnar) putText(j int, text []byte) {
	t.fields[j].texts.addBytes(text)
}

// putDate takes a moment as so many units since 1970, of which a day has perDay.
func (t *columnar) putDate(j, i int, v, perDay int64) {
	whole, rest := v/perDay, v%perDay
	if rest < 0 {
		whole, rest = whole-1, rest+perDay
	}
	if c := &t.fields[j]; c.texts == nil {
		t.block[i*t.width+c.at] = float64(whole) + float64(rest)/float64(perDay)
		return
	}
	form := "2006-01-02"
	if perDay > 1 {
		form = "2006-01-02 15:04:05.999999999"
	}
	nanos := int64(float64(rest) * (secondsADay * 1e9 / float64(perDay)))
	if perDay >= secondsADay {
		nanos = rest * (secondsADay * 1e9 / perDay)
	}
	t.fields[j].texts.add(time.Unix(whole*secondsADay, nanos).UTC().Format(form))
}

// pandasIndex returns the names of the columns that hold a data frame's index, by what pandas notes in a schema.
func pandasIndex(note string) []string {
	var frame struct {
		Index []json.RawMessage `json:"index_columns"`
	}
	if json.Unmarshal([]byte(note), &frame) != nil {
		return nil
	}
	var names []string
	for _, raw := range frame.Index {
		var name string
		if json.Unmarshal(raw, &name) == nil {
			names = append(names, name)
		}
	}
	return names
}
