package data

import (
	"bytes"
	"math"
	"unicode/utf8"
)

// plainRows are the rows of a block of text, nearly all there are as a rule, that hold nothing to be said: no comment, no
// fault, no quotes but those around a whole field. They are read without the table's other rows, so that many blocks are
// at the same time.
type plainRows struct {
	table   *tableReader
	rows    int
	numbers []float64 // row after row
	texts   []*texts  // of each field, nil for none
	lossy   []bool    // fields with a number that loses digits

	lines, first, last int // of the block, and of its first and last row, from 1
}

// plainRows reads a block, nil where a row of it is another.
func (t *tableReader) plainRows(text []byte) *plainRows {
	p := &plainRows{table: t, texts: make([]*texts, len(t.fields)), lossy: make([]bool, len(t.fields))}
	taken, valid := int64(0), false
	for j, c := range t.fields {
		if c.texts == nil {
			continue
		}
		if valid = valid || utf8.Valid(text); !valid {
			return nil
		}
		p.texts[j] = &texts{index: map[string]uint32{}, taken: &taken}
	}
	most := min(bytes.Count(text, []byte{'\n'}), len(text)/max(len(t.fields), 1)) + 1 // a row has a byte a field
	p.numbers = make([]float64, most*t.frame.width)
	for len(text) > 0 {
		line := text
		if end := bytes.IndexByte(text, '\n'); end >= 0 {
			line, text = text[:end], text[end+1:]
		} else {
			text = nil
		}
		p.lines++
		line = bytes.TrimSuffix(line, []byte{'\r'})
		if len(line) == 0 {
			continue
		}
		if line[0] == '#' || !p.row(line) {
			return nil
		}
	}
	p.numbers = p.numbers[:p.rows*t.frame.width]
	return p
}

// row reads a line, false where it is no plain row.
func (p *plainRows) row(line []byte) bool {
	t := p.table
	comma := byte(t.comma)
	numbers := p.numbers[p.rows*t.frame.width:][:t.frame.width]
	next := 0
	for j := range t.fields {
		if next > len(line) {
			return false
		}
		if at := t.fields[j].at; at >= 0 {
			if v, n := leadingDecimal(line[next:], t.decimal); n > 0 && (next+n == len(line) || line[next+n] == comma) {
				numbers[at] = v
				next += n + 1
				continue
			}
		}
		field, n := plainField(line[next:], comma)
		if n < 0 || t.kept[j] && !p.cell(j, bytes.TrimSpace(field), numbers) {
			return false
		}
		next += n + 1
	}
	if p.rows++; p.rows == 1 {
		p.first = p.lines
	}
	p.last = p.lines
	return next == len(line)+1
}

// cell takes a cell that is no plain number, false where it is no cell of its column.
func (p *plainRows) cell(j int, field []byte, numbers []float64) bool {
	if c := p.texts[j]; c != nil {
		c.addBytes(field)
		return true
	}
	text := string(field)
	v, err := parseCell(text, p.table.decimal)
	if err != nil || v-v != 0 {
		if !isMissingNumber(text) {
			return false
		}
		v = math.NaN()
	}
	p.lossy[j] = p.lossy[j] || losesDigits(text)
	numbers[p.table.fields[j].at] = v
	return true
}

// plainField returns the first field of a line and the bytes that it takes, below 0 where it is not clear without more of
// the rules for quotes.
func plainField(line []byte, comma byte) (field []byte, n int) {
	if len(line) > 0 && line[0] == '"' {
		end := 2 + bytes.IndexByte(line[1:], '"')
		if end < 2 || end < len(line) && line[end] != comma {
			return nil, -1
		}
		return line[1 : end-1], end
	}
	field = line
	if end := bytes.IndexByte(line, comma); end >= 0 {
		field = line[:end]
	}
	if bytes.IndexByte(field, '"') >= 0 {
		return nil, -1
	}
	return field, len(field)
}

// join takes the rows of a block behind the table's own.
func (t *tableReader) join(p *plainRows) error {
	before := t.records.line
	t.records.line += p.lines
	if p.rows == 0 {
		return nil
	}
	if err := t.prepare(p.rows); err != nil {
		return err
	}
	if t.rows == 0 {
		t.firstLine = before + p.first
	}
	t.lastLine = before + p.last
	t.rows += p.rows
	if t.takes(cap(p.numbers)) {
		t.blocks = append(t.blocks, p.numbers)
	} else {
		block, err := t.block(len(p.numbers))
		if err != nil {
			return err
		}
		copy(block, p.numbers)
		t.blocks = append(t.blocks, block)
	}
	for j, c := range p.texts {
		t.lossy[j] = t.lossy[j] || p.lossy[j]
		if c != nil {
			t.fields[j].texts.join(c)
		}
	}
	return nil
}
