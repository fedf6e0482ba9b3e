package data

import (
	"fmt"
	"math"
)

// entry is one number of a sparse matrix.
type entry struct {
	row, col int
	v        float64
}

// A sparse matrix is made dense where so many numbers are there for its cells, or where it is small. What is sparser
// would be memory by what a header claims.
const (
	fewestShare = 1e-5
	smallMatrix = 1 << 20
	maxPending  = 1 << 19 // entries that are held before the matrix is made
)

// densifier makes a dense matrix of entries. It takes the memory once entries are there that account for it.
type densifier struct {
	s          *stream
	rows, cols int
	f32        bool // sums are made in float32, as the entries are
	bits       bool // the entries are true or false, and so are sums
	pending    []entry
	entries    int
	single     []float32
	double     []float64
}

// check says why a matrix with so many entries cannot be made dense, nil where it can.
func (d *densifier) check(entries int) error {
	cells := float64(d.rows) * float64(d.cols)
	if d.rows < 1 || d.cols < 1 {
		return wrong(d.s.path, "%d rows x %d columns: expected at least one of each", d.rows, d.cols)
	}
	if product([]int{d.rows, d.cols}) < 0 || cells > smallMatrix && float64(entries) < cells*fewestShare {
		return wrong(d.s.path, "%d entries in %d rows x %d columns, which would be %.3g GB made dense: expected at least one entry in %.0f cells",
			entries, d.rows, d.cols, cells*4/1e9, 1/fewestShare)
	}
	return nil
}

// add adds v to a cell, whose indices are checked.
func (d *densifier) add(row, col int, v float64) error {
	d.entries++
	if d.single == nil && d.double == nil {
		d.pending = append(d.pending, entry{row, col, v})
		if len(d.pending) < maxPending {
			return nil
		}
		return d.make(d.entries)
	}
	d.put(row*d.cols+col, v)
	return nil
}

func (d *densifier) put(at int, v float64) {
	switch {
	case d.bits:
		d.single[at] = max(d.single[at], float32(v))
	case d.f32:
		d.single[at] += float32(v)
	default:
		d.double[at] += v
	}
}

// make takes the memory, for so many entries that are sure to be there, and puts what is pending in it.
func (d *densifier) make(entries int) error {
	if err := d.check(entries); err != nil {
		return err
	}
	wide := 12 // float64, and float32 in the end
	if d.f32 {
		wide = 4
	}
	cells := product([]int{d.rows, d.cols})
	if product([]int{cells, wide}) < 0 {
		return d.check(0)
	}
	what := fmt.Sprintf("%d x %d numbers, made dense,", d.rows, d.cols)
	if err := d.s.ask(int64(cells)*int64(wide), what); err != nil {
		return err
	}
	if d.f32 {
		d.single = make([]float32, cells)
	} else {
		d.double = make([]float64, cells)
	}
	for _, e := range d.pending {
		d.put(e.row*d.cols+e.col, e.v)
	}
	d.pending = nil
	return nil
}

// set returns the finished matrix.
func (d *densifier) set() (*Set, error) {
	if d.single == nil && d.double == nil {
		if err := d.make(d.entries); err != nil {
			return nil, err
		}
	}
	set := &Set{Name: d.s.path, Rows: d.rows, Cols: d.cols, F32: d.single}
	if !d.f32 {
		set.keep(d.double)
	}
	return set, set.checkFinite(d.s.path)
}

// share says how full the matrix is.
func (d *densifier) share() string {
	return fmt.Sprintf("%d rows x %d columns, %.3g %% of the cells are entries, made dense", d.rows, d.cols,
		100*math.Min(float64(d.entries)/(float64(d.rows)*float64(d.cols)), 1))
}
