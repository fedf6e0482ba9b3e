package data

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxMarketLine is the longest line of a Matrix Market file; the format itself has 1024 bytes.
const maxMarketLine = 1 << 16

// market is a Matrix Market file while it is read (Boisvert, Pozo, Remington: The Matrix Market exchange formats, 1996).
type market struct {
	s          *stream
	in         *bufio.Reader
	line       int
	coordinate bool
	pattern    bool
	symmetry   string
	rows, cols int
	entries    int // lines of values to come
}

// openMarket reads a Matrix Market file, made dense.
func openMarket(ctx context.Context, path string, how *Reading) (*Source, error) {
	if err := how.arraysHaveNo(path, false); err != nil {
		return nil, err
	}
	src := &Source{}
	if err := withFile(ctx, path, src.readMarket); err != nil {
		return nil, err
	}
	return src, nil
}

func (s *Source) readMarket(in *stream) (err error) {
	m := &market{s: in, in: bufio.NewReaderSize(in, maxMarketLine)}
	if err := m.header(); err != nil {
		return err
	}
	if err := m.sizes(); err != nil {
		return err
	}
	shape := fmt.Sprintf("%d rows x %d columns", m.rows, m.cols)
	if m.coordinate {
		d := &densifier{s: in, rows: m.rows, cols: m.cols}
		if err = m.readEntries(d); err == nil {
			s.Train, err = d.set()
		}
		shape = d.share()
	} else {
		s.Train, err = m.readDense()
	}
	if err != nil {
		return err
	}
	form := map[bool]string{true: "coordinate", false: "array"}[m.coordinate]
	s.found("Matrix Market (%s, %s): %s", form, m.symmetry, shape)
	return m.end()
}

// next returns the words of the next line that is no comment and not empty; io.EOF at the end.
func (m *market) next() ([]string, error) {
	for {
		line, err := m.in.ReadSlice('\n')
		if len(line) > 0 {
			m.line++
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, m.wrong("a line of more than %d bytes: expected a Matrix Market file", maxMarketLine)
		case err != nil && err != io.EOF:
			return nil, m.s.failed(err)
		case err == io.EOF && len(line) == 0:
			return nil, io.EOF
		case line[0] == '%' && m.line > 1:
			continue
		}
		if words := strings.Fields(string(line)); len(words) > 0 {
			return words, nil
		}
	}
}

func (m *market) wrong(format string, args ...any) error {
	return &Error{Path: m.s.path, Line: max(m.line, 1), Msg: fmt.Sprintf(format, args...)}
}

// want is next, of so many words.
func (m *market) want(what string, counts ...int) ([]string, error) {
	words, err := m.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, &Error{Path: m.s.path, Line: max(m.line, 1), Msg: "the file ends here: expected " + what, Err: io.ErrUnexpectedEOF}
	case err == nil && !slices.Contains(counts, len(words)):
		return nil, m.wrong("%d words: expected %s", len(words), what)
	}
	return words, err
}

// header reads the first line.
func (m *market) header() error {
	const expected = "%%MatrixMarket matrix coordinate|array real|integer|pattern general|symmetric|skew-symmetric"
	words, err := m.want(expected, 5)
	if err != nil {
		return err
	}
	for i, w := range words {
		words[i] = strings.ToLower(w)
	}
	m.coordinate, m.pattern, m.symmetry = words[2] == "coordinate", words[3] == "pattern", words[4]
	switch {
	case words[0] != "%%matrixmarket" || words[1] != "matrix" || !m.coordinate && words[2] != "array":
	case words[3] == "complex" || m.symmetry == "hermitian":
		return m.wrong("complex numbers: expected real, integer or pattern")
	case !slices.Contains([]string{"real", "double", "integer", "unsigned-integer", "pattern"}, words[3]), m.pattern && !m.coordinate:
	case slices.Contains([]string{"general", "symmetric", "skew-symmetric"}, m.symmetry):
		return nil
	}
	return m.wrong("%q: expected %s", clip(strings.Join(words, " ")), expected)
}

// sizes reads the line of sizes and refuses those that cannot be.
func (m *market) sizes() error {
	what, n := "rows, columns and entries", 3
	if !m.coordinate {
		what, n = "rows and columns", 2
	}
	words, err := m.want(what, n)
	if err != nil {
		return err
	}
	var sizes []int
	for _, w := range words {
		v, err := strconv.Atoi(w)
		if err != nil || v < 0 || v > math.MaxInt32 && len(sizes) < 2 {
			return m.wrong("%q: expected %s", clip(w), what)
		}
		sizes = append(sizes, v)
	}
	m.rows, m.cols = sizes[0], sizes[1]
	if m.rows < 1 || m.cols < 1 {
		return m.wrong("%d rows x %d columns: expected at least one of each", m.rows, m.cols)
	}
	if m.symmetry != "general" && m.rows != m.cols {
		return m.wrong("%d rows x %d columns: expected as many of each, as the matrix is %s", m.rows, m.cols, m.symmetry)
	}
	bytes := 2 // the fewest of a line
	switch {
	case m.coordinate && m.pattern:
		m.entries, bytes = sizes[2], 4
	case m.coordinate:
		m.entries, bytes = sizes[2], 6
	case m.symmetry == "general":
		m.entries = m.rows * m.cols
	case m.symmetry == "symmetric":
		m.entries = m.rows * (m.rows + 1) / 2
	default:
		m.entries = m.rows * (m.rows - 1) / 2
	}
	if most := (m.s.most-m.s.at+int64(m.in.Buffered()))/int64(bytes) + 1; int64(m.entries) > most {
		return m.wrong("%d lines of numbers cannot follow: expected at most %d in a file of this size; cut short or damaged", m.entries, most)
	}
	return nil
}

// number reads a number that is finite as float32.
func (m *market) number(word string) (float64, error) {
	v, err := parseNumber(word)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, m.wrong("%q: expected a number that fits float32", clip(word))
	case err != nil || math.IsNaN(v) || math.IsInf(v, 0):
		return 0, m.wrong("%q: expected a finite number", clip(word))
	}
	return v, nil
}

// index reads an index from 1 to limit, as one from 0.
func (m *market) index(word string, limit int, what string) (int, error) {
	v, err := strconv.Atoi(word)
	if err != nil || v < 1 || v > limit {
		return 0, m.wrong("%s %q: expected 1 to %d", what, clip(word), limit)
	}
	return v - 1, nil
}

// readEntries reads the lines of a coordinate file.
func (m *market) readEntries(d *densifier) error {
	what, words := "row, column and value", 3
	if m.pattern {
		what, words = "row and column", 2
	}
	for range m.entries {
		line, err := m.want(what, words)
		if err != nil {
			return err
		}
		row, err := m.index(line[0], m.rows, "row")
		if err != nil {
			return err
		}
		col, err := m.index(line[1], m.cols, "column")
		if err != nil {
			return err
		}
		v := 1.0
		if !m.pattern {
			if v, err = m.number(line[2]); err != nil {
				return err
			}
		}
		if err := m.mirrored(d, row, col, v); err != nil {
			return err
		}
	}
	return nil
}

// mirrored adds an entry and, in a symmetric matrix, the one across the diagonal.
func (m *market) mirrored(d *densifier, row, col int, v float64) error {
	switch {
	case m.symmetry != "general" && row < col, m.symmetry == "skew-symmetric" && row == col:
		return m.wrong("an entry at row %d, column %d: expected those below the diagonal, as the matrix is %s", row+1, col+1, m.symmetry)
	case m.symmetry == "general" || row == col:
		return d.add(row, col, v)
	}
	if err := d.add(row, col, v); err != nil {
		return err
	}
	if m.symmetry == "skew-symmetric" {
		v = -v
	}
	return d.add(col, row, v)
}

// readDense reads the lines of an array file, column after column; a symmetric one has the lower triangle alone.
func (m *market) readDense() (*Set, error) {
	set := &Set{Name: m.s.path, Rows: m.rows, Cols: m.cols}
	var blocks [][]float64
	for i := range m.entries {
		line, err := m.want("a number", 1)
		if err != nil {
			return nil, err
		}
		v, err := m.number(line[0])
		if err != nil {
			return nil, err
		}
		last := len(blocks) - 1
		if i%blockValues == 0 {
			if last%someBlocks == 0 {
				if err := m.s.ask(8*(someBlocks*blockValues+int64(i)), "numbers"); err != nil {
					return nil, err
				}
			}
			blocks, last = append(blocks, make([]float64, 0, min(blockValues, m.entries-i))), last+1
		}
		blocks[last] = append(blocks[last], v)
	}
	if m.symmetry == "general" {
		return set, set.keepBlocks(nil, blocks, []int{m.rows, m.cols}, true)
	}
	if err := m.s.ask(int64(m.rows)*int64(m.cols)*12, "numbers"); err != nil {
		return nil, err
	}
	values := make([]float64, m.rows*m.cols)
	row, col := 0, 0
	if m.symmetry == "skew-symmetric" {
		row = 1
	}
	for _, block := range blocks {
		for _, v := range block {
			values[row*m.cols+col] = v
			if m.symmetry == "skew-symmetric" {
				values[col*m.cols+row] = -v
			} else {
				values[col*m.cols+row] = v
			}
			if row++; row == m.rows {
				col++
				if row = col; m.symmetry == "skew-symmetric" {
					row++
				}
			}
		}
	}
	set.keep(values)
	return set, nil
}

// end makes sure that no line follows.
func (m *market) end() error {
	switch words, err := m.next(); {
	case err == nil:
		return m.wrong("%q follows: expected the end after %d lines of numbers", clip(strings.Join(words, " ")), m.entries)
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}
