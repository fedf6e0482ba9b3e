package eval

import (
	"context"
	"fmt"
	"math"
)

// Rows is a matrix that is read a few rows at a time, so that a data set kept
// as bytes need not be expanded to float32 at once.
type Rows interface {
	Len() int   // rows
	Width() int // columns
	// Read writes rows start to start+n to dst, n*Width values.
	Read(dst []float32, start, n int)
}

// Dense is the matrix of len(x)/cols rows that lie in x one after the other. It
// shares x's memory.
func Dense(x []float32, cols int) Rows { return dense{x, cols} }

type dense struct {
	x    []float32
	cols int
}

func (d dense) Width() int { return d.cols }

func (d dense) Len() int {
	if d.cols < 1 {
		return 0
	}
	return len(d.x) / d.cols
}

func (d dense) Read(dst []float32, start, n int) {
	copy(dst, d.x[start*d.cols:(start+n)*d.cols])
}

// RowFunc is the n x width matrix whose row i is what row writes to dst.
func RowFunc(n, width int, row func(dst []float32, i int)) Rows {
	return rowFunc{n, width, row}
}

type rowFunc struct {
	n, width int
	row      func(dst []float32, i int)
}

func (r rowFunc) Len() int   { return r.n }
func (r rowFunc) Width() int { return r.width }

func (r rowFunc) Read(dst []float32, start, n int) {
	for i := range n {
		r.row(dst[i*r.width:(i+1)*r.width], start+i)
	}
}

// chunkRows is how many rows of that width are handled together: about 8 MiB,
// and few enough that a float32 product over them keeps six digits.
func chunkRows(width int) int { return min(max((1<<21)/max(width, 1), 64), 4096) }

// eachChunk reads x chunk by chunk, of shared rows those that are the rank's. The slice handed to use is overwritten by
// the next chunk. The context's error is returned when it ends first.
func eachChunk(ctx context.Context, x Rows, use func(v []float32, start, n int) error) error {
	step := min(chunkRows(x.Width()), max(x.Len(), 1))
	buf := make([]float32, step*x.Width())
	own := ownOf(x)
	for start := own.lo; start < own.hi; start += step {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(step, own.hi-start)
		v := buf[:n*x.Width()]
		x.Read(v, start, n)
		if err := use(v, start, n); err != nil {
			return err
		}
	}
	return nil
}

// moments are the column means and variances (divisor n-1, 0 for one row) of x
// in float64. A value that is not finite is an error that names its place.
func moments(ctx context.Context, x Rows) (mean, variance []float64, err error) {
	d := x.Width()
	sum, square, own := make([]float64, d), make([]float64, d), ownOf(x)
	// Sums around the first row instead of 0 keep the digits of a column whose mean is large against its spread.
	shift := firstRow(x, own)
	if err := own.sum(nil, shift); err != nil {
		return nil, nil, err
	}
	err = eachChunk(ctx, x, func(v []float32, start, n int) error {
		for i := range n {
			for j, e := range v[i*d : (i+1)*d] {
				c := float64(e) - shift[j]
				sum[j] += c
				square[j] += c * c
			}
		}
		return firstNotFinite(v, sum, d, start)
	})
	err = own.sum(err, sum, square)
	n := float64(x.Len())
	for j := range sum {
		square[j] = max(0, square[j]-sum[j]*sum[j]/n) / max(n-1, 1)
		sum[j] = shift[j] + sum[j]/n
	}
	return sum, square, err
}

// firstRow is the first row, zeros on a rank that has it not.
func firstRow(x Rows, own portion) []float64 {
	first := make([]float64, x.Width())
	if own.lo == 0 && own.hi > 0 {
		row := make([]float32, len(first))
		x.Read(row, 0, 1)
		for j, e := range row {
			first[j] = float64(e)
		}
	}
	return first
}

// firstNotFinite looks for the place only where the sums say that there is one.
func firstNotFinite(v []float32, sum []float64, cols, start int) error {
	total := 0.0
	for _, s := range sum {
		total += s - s // 0 for every finite number, NaN for the rest
	}
	if total == 0 {
		return nil
	}
	for i, e := range v {
		if math.IsNaN(float64(e)) || math.IsInf(float64(e), 0) {
			return fmt.Errorf("row %d, column %d is %v: expected a finite number", start+i/cols+1, i%cols+1, e)
		}
	}
	return nil
}
