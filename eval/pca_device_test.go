package eval

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
)

func openDevice(t testing.TB) backend.Device { return &blasDevice{Device: ref64.New()} }

type blasDevice struct{ backend.Device }
type block []float32

func (block) Free() {}
func (d *blasDevice) Alloc(r, c int) (backend.Tensor, error) {
	return backend.Tensor{Mem: block(make([]float32, r*c)), Rows: r, Cols: c}, nil
}
func vals(t backend.Tensor) []float32 { return t.Mem.(block)[t.Off : t.Off+t.Len()] }
func gen(t backend.Tensor) blas32.General {
	return blas32.General{Rows: t.Rows, Cols: t.Cols, Stride: t.Cols, Data: vals(t)}
}
func (d *blasDevice) Upload(dst backend.Tensor, src []float32)   { copy(vals(dst), src) }
func (d *blasDevice) Download(dst []float32, src backend.Tensor) { copy(dst, vals(src)) }
func (d *blasDevice) Sync() error                                { return nil }
func (d *blasDevice) Linear(y, pre, x, w, b backend.Tensor, act backend.Activation, tr bool) {
	tb := blas.Trans
	if tr {
		tb = blas.NoTrans
	}
	blas32.Gemm(blas.NoTrans, tb, 1, gen(x), gen(w), 0, gen(y))
	if !b.None() {
		for i := range y.Rows {
			for j, e := range vals(b) {
				vals(y)[i*y.Cols+j] += e
			}
		}
	}
}
func (d *blasDevice) LinearBackWeights(dw, db, dy, x backend.Tensor, tr, acc bool) {
	beta := float32(0)
	if acc {
		beta = 1
	}
	blas32.Gemm(blas.Trans, blas.NoTrans, 1, gen(dy), gen(x), beta, gen(dw))
	if db.None() {
		return
	}
	if !acc {
		clear(vals(db))
	}
	for i := range dy.Rows {
		for j := range dy.Cols {
			vals(db)[j] += vals(dy)[i*dy.Cols+j]
		}
	}
}
func (d *blasDevice) Loss(dout, rows, out, target backend.Tensor, kind backend.LossKind, scale float32) {
	for r := range out.Rows {
		o := vals(out)[r*out.Cols : (r+1)*out.Cols]
		s := 0.0
		if kind == backend.SquaredError {
			for j, e := range o {
				v := float64(e - vals(target)[r*out.Cols+j])
				s += v * v
			}
			vals(rows)[r] = float32(s)
			continue
		}
		m := o[0]
		for _, e := range o {
			m = max(m, e)
		}
		for _, e := range o {
			s += math.Exp(float64(e - m))
		}
		l := float64(m) + math.Log(s)
		c := int(vals(target)[r])
		vals(rows)[r] = float32(l - float64(o[c]))
		for j, e := range o {
			g := math.Exp(float64(e) - l)
			if j == c {
				g--
			}
			vals(dout)[r*out.Cols+j] = scale * float32(g)
		}
	}
}
func (d *blasDevice) Accumulate(s backend.Sums, i int, v backend.Tensor, scale float64) {
	sum := make([]float64, s.N)
	d.ReadSums(sum, s)
	for _, e := range vals(v) {
		sum[i] += scale * float64(e)
	}
	d.WriteSums(s, sum)
}
func (d *blasDevice) Correct(s backend.Sums, i int, logits, target backend.Tensor) {
	sum := make([]float64, s.N)
	d.ReadSums(sum, s)
	for r := range logits.Rows {
		o := vals(logits)[r*logits.Cols : (r+1)*logits.Cols]
		best := 0
		for j, e := range o {
			if e > o[best] {
				best = j
			}
		}
		if float32(best) == vals(target)[r] {
			sum[i]++
		}
	}
	d.WriteSums(s, sum)
}
