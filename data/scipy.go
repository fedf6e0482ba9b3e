package data

import (
	"context"
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"strings"
)

// sparse says whether the archive is what scipy.sparse.save_npz writes.
func (a *archive) sparse() bool {
	f := find(a.infos, "format")
	return f != nil && f.text() && len(f.shape) == 0 && find(a.infos, "shape") != nil && find(a.infos, "data") != nil
}

// scipyArrays are the arrays that the formats of SciPy's sparse matrices have besides shape and data.
var scipyArrays = map[string][]string{
	"csr": {"indices", "indptr"}, "csc": {"indices", "indptr"}, "bsr": {"indices", "indptr"}, "coo": {"row", "col"}, "dia": {"offsets"},
}

// scipyMatrix is a sparse matrix of SciPy while it is read.
type scipyMatrix struct {
	ctx    context.Context
	a      *archive
	format string
	data   *arrayInfo
	element
	d      densifier
	minor  indexList // the column of each entry, or the row for csc; the row for coo
	starts []int64   // where the entries of each row, or column, start, and their number
	cols   indexList // of coo
}

// readSparse reads a sparse matrix of SciPy as rows, made dense; duplicates are summed.
func (a *archive) readSparse(ctx context.Context, how *Reading) (*Source, error) {
	if err := how.arraysHaveNo(a.path, false); err != nil {
		return nil, err
	}
	m := &scipyMatrix{ctx: ctx, a: a, data: find(a.infos, "data")}
	if err := m.readShape(); err != nil {
		return nil, err
	}
	var set *Set
	err := m.with(m.data, func(s *stream) (err error) {
		m.d.s = s
		if m.format == "dia" {
			err = m.diagonals(s)
		} else {
			err = m.entries(s)
		}
		if err != nil {
			return err
		}
		if err := s.end("array"); err != nil {
			return err
		}
		if m.minor, m.cols, m.starts = nil, nil, nil; m.d.entries > smallMatrix {
			debug.FreeOSMemory() // what comes next takes their place
		}
		set, err = m.d.set()
		return err
	})
	if err != nil {
		return nil, err
	}
	src := &Source{Train: set}
	set.Name = a.path
	src.found("SciPy's sparse matrix (%s): %s", m.format, m.d.share())
	src.doubtRounded(set, m.data.descr)
	return src, nil
}

// with hands the elements of an array to read.
func (m *scipyMatrix) with(info *arrayInfo, read func(s *stream) error) error {
	return m.a.read(m.ctx, []*arrayInfo{info}, func(_ *arrayInfo, s *stream) error { return read(s) })
}

// readShape reads the format and the shape, and what says where the entries are.
func (m *scipyMatrix) readShape() error {
	err := m.with(find(m.a.infos, "format"), func(s *stream) error {
		return readTexts(s, find(m.a.infos, "format"), func(_ int, text string) error {
			m.format = text
			return nil
		})
	})
	if err != nil {
		return err
	}
	names, ok := scipyArrays[m.format]
	if !ok {
		return wrong(m.a.path, "a sparse matrix of format %q: expected csr, csc, coo, bsr or dia", clip(m.format))
	}
	for _, n := range append([]string{"shape"}, names...) {
		info := find(m.a.infos, n)
		switch {
		case info == nil:
			return wrong(m.a.path, "a sparse matrix (%s) without the array %q: expected %s", m.format, n, strings.Join(names, " and "))
		case info.err != nil:
			return info.err
		case len(info.shape) != 1 || !info.numeric() || !strings.ContainsAny(bareType(info.descr)[:1], "iu"):
			return wrong(m.a.path+"/"+n, "%s: expected a list of integers", info)
		}
	}
	if m.data.err != nil {
		return m.data.err
	}
	if m.element, ok = elementOf(m.data.descr); !ok {
		return notNumbers(m.a.path+"/data", m.data.descr)
	}
	m.d.f32, m.d.bits = m.single, bareType(m.data.descr) == "b1"
	shape := find(m.a.infos, "shape")
	if shape.shape[0] != 2 {
		return wrong(m.a.path+"/shape", "%d sizes: expected rows and columns", shape.shape[0])
	}
	var sizes []int
	if err := m.integers("shape", func(_ int, v int64) string {
		sizes = append(sizes, int(v))
		if v < 1 || v > math.MaxInt32 {
			return "expected rows and columns, from 1 to 2^31-1"
		}
		return ""
	}); err != nil {
		return err
	}
	m.d.rows, m.d.cols = sizes[0], sizes[1]
	return m.readPlaces()
}

// readPlaces reads what says where the entries are, once the headers agree.
func (m *scipyMatrix) readPlaces() (err error) {
	of := func(name string) int { return find(m.a.infos, name).shape[0] }
	dims := map[string]int{"bsr": 3, "dia": 2}[m.format]
	if len(m.data.shape) != max(dims, 1) {
		return wrong(m.a.path+"/data", "an array of %d dimensions: expected %d for a sparse matrix (%s)", len(m.data.shape), max(dims, 1), m.format)
	}
	if !slices.Contains([]string{"bsr", "dia"}, m.format) || m.data.shape[0] == 0 {
		// nothing more
	} else if product(m.data.shape) == 0 {
		return wrong(m.a.path+"/data", "shape %s: expected sizes above 0", times(m.data.shape))
	}
	n, rows, cols := m.data.shape[0], m.d.rows, m.d.cols
	first := scipyArrays[m.format][0]
	if of(first) != n {
		return wrong(m.a.path+"/"+first, "%d numbers: expected %d, one for each entry of %s", of(first), n, m.a.path+"/data")
	}
	major, minor := rows, cols
	switch m.format {
	case "dia":
		return nil
	case "coo":
		if of("col") != n {
			return wrong(m.a.path+"/col", "%d numbers: expected %d, one for each entry of %s", of("col"), n, m.a.path+"/data")
		}
		if m.minor, err = m.indices("row", rows); err == nil {
			m.cols, err = m.indices("col", cols)
		}
		return err
	case "csc":
		major, minor = cols, rows
	case "bsr":
		r, c := m.data.shape[1], m.data.shape[2]
		if r < 1 || c < 1 || rows%r != 0 || cols%c != 0 {
			return wrong(m.a.path+"/data", "blocks of %d x %d: expected sizes that divide the matrix of %d x %d", r, c, rows, cols)
		}
		major, minor = rows/r, cols/c
	}
	if of("indptr") != major+1 {
		return wrong(m.a.path+"/indptr", "%d numbers: expected %d", of("indptr"), major+1)
	}
	if m.minor, err = m.indices("indices", minor); err != nil {
		return err
	}
	return m.readStarts(n)
}

// readStarts reads indptr, for n entries.
func (m *scipyMatrix) readStarts(n int) error {
	last := find(m.a.infos, "indptr").shape[0] - 1
	before := int64(0)
	return m.integers("indptr", func(i int, v int64) string {
		switch {
		case i == 0 && v != 0:
			return "expected 0"
		case v < before || v > int64(n):
			return fmt.Sprintf("expected a number from %d to %d", before, n)
		case i == last && v != int64(n):
			return fmt.Sprintf("expected the number of entries, %d", n)
		}
		before = v
		m.starts = append(m.starts, v)
		return ""
	})
}

// indices reads a list of indices below limit.
func (m *scipyMatrix) indices(name string, limit int) (indexList, error) {
	var list indexList
	err := m.integers(name, func(i int, v int64) string {
		if v < 0 || v >= int64(limit) {
			return fmt.Sprintf("expected an index from 0 to %d", limit-1)
		}
		if i%blockValues == 0 {
			list = append(list, make([]int32, 0, blockValues))
		}
		list[len(list)-1] = append(list[len(list)-1], int32(v))
		return ""
	})
	return list, err
}

// indexList is indices in blocks, a list that never has to be copied to grow.
type indexList [][]int32

func (l indexList) at(k int) int { return int(l[k/blockValues][k%blockValues]) }

// integers hands the integers of an array to use, which says what is wrong with one.
func (m *scipyMatrix) integers(name string, use func(i int, v int64) string) error {
	info := find(m.a.infos, name)
	return m.with(info, func(s *stream) error {
		e, _ := elementOf(info.descr)
		n := product(info.shape)
		if err := s.can(int64(n)*int64(e.size), "indices"); err != nil {
			return err
		}
		one := make([]byte, e.size<<10)
		for i := 0; i < n; {
			if i%blockValues == 0 {
				if err := s.ask(int64(min(i+blockValues, n))*12, "indices"); err != nil {
					return err
				}
			}
			part := one[:min(len(one), (n-i)*e.size)]
			if err := s.full(part, "indices"); err != nil {
				return err
			}
			for ; len(part) > 0; part = part[e.size:] {
				v := e.at(part)
				if wants := use(i, int64(v)); wants != "" {
					return &Error{Path: s.path, Row: i + 1, Msg: fmt.Sprintf("%.0f: %s", v, wants)}
				}
				i++
			}
		}
		return s.end("array")
	})
}

// entries reads the values of csr, csc, bsr and coo.
func (m *scipyMatrix) entries(s *stream) error {
	r, c := 1, 1
	if m.format == "bsr" {
		r, c = m.data.shape[1], m.data.shape[2]
	}
	if err := s.can(int64(product(m.data.shape))*int64(m.size), "entries"); err != nil {
		return err
	}
	if err := m.d.make(product(m.data.shape)); err != nil {
		return err
	}
	major := 0
	return m.values(s, m.data.shape, func(at []int, v float64) error {
		k := at[0]
		if m.format == "coo" {
			return m.d.add(m.minor.at(k), m.cols.at(k), v)
		}
		for int64(k) >= m.starts[major+1] {
			major++
		}
		switch m.format {
		case "csc":
			return m.d.add(m.minor.at(k), major, v)
		case "bsr":
			return m.d.add(major*r+at[1], m.minor.at(k)*c+at[2], v)
		}
		return m.d.add(major, m.minor.at(k), v)
	})
}

// diagonals reads the values of dia: those in column j of a row of data are at column j of its diagonal.
func (m *scipyMatrix) diagonals(s *stream) error {
	var offsets []int
	seen := map[int64]bool{}
	err := m.integers("offsets", func(_ int, v int64) string {
		if seen[v] || v <= -int64(m.d.rows) || v >= int64(m.d.cols) {
			return "expected diagonals of the matrix, each once"
		}
		seen[v] = true
		offsets = append(offsets, int(v))
		return ""
	})
	if err != nil {
		return err
	}
	return m.values(s, m.data.shape, func(at []int, v float64) error {
		row, col := at[1]-offsets[at[0]], at[1]
		if row < 0 || row >= m.d.rows || col >= m.d.cols {
			return nil
		}
		return m.d.add(row, col, v)
	})
}

// values hands the values of an array to use with their indices, which must be stored row-major where there are several.
func (m *scipyMatrix) values(s *stream, shape []int, use func(at []int, v float64) error) error {
	if m.data.fortran && len(shape) > 1 {
		return wrong(s.path, "column-major: expected data as scipy.sparse.save_npz writes them")
	}
	n := product(shape)
	if err := s.can(int64(n)*int64(m.size), "entries"); err != nil {
		return err
	}
	at := make([]int, len(shape))
	piece := make([]byte, m.size<<10)
	for i := 0; i < n; {
		part := piece[:min(len(piece), (n-i)*m.size)]
		if err := s.full(part, "entries"); err != nil {
			return err
		}
		for ; len(part) > 0; part = part[m.size:] {
			if err := use(at, m.at(part)); err != nil {
				return err
			}
			i++
			for k := len(at) - 1; k >= 0; k-- {
				if at[k]++; at[k] < shape[k] {
					break
				}
				if k > 0 {
					at[k] = 0
				}
			}
		}
	}
	return nil
}
