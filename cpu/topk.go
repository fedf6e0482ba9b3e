package cpu

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// topkOps are the operations of this file: see [operations].
type topkOps struct {
	topK     topKOp
	topKBack topKBackOp
}

// TopK keeps the k largest elements of every row.
func (d *Device) topK(o backend.TopK) {
	if d.begin("TopK", o.Check()) {
		d.ops.topK = topKOp{d.floats(o.Y), d.floats(o.X), o.Y.Cols, o.K}
		d.eachRow(&d.ops.topK, o.Y.Rows, o.Y.Cols, heavy)
	}
}

type topKOp struct {
	y, x    []float32
	cols, k int
}

func (o *topKOp) part(_ *scratch, _, lo, hi int) {
	for r := lo; r < hi; r++ {
		keepLargest(o.y[r*o.cols:(r+1)*o.cols], o.x[r*o.cols:(r+1)*o.cols], o.k)
	}
}

// keepLargest is y = x where x is one of its k largest elements, otherwise 0. NaN
// counts as larger than any number, so that it is not lost.
func keepLargest(y, x []float32, k int) {
	for j, v := range x {
		if v != v {
			v = float32(math.Inf(1))
		}
		y[j] = v // scratch
	}
	least := kthLargest(y, k)
	ties := k
	for _, v := range x {
		if !(v <= least) {
			ties--
		}
	}
	for j, v := range x {
		switch {
		case v == least && ties > 0:
			ties--
		case v <= least:
			v = 0
		}
		y[j] = v
	}
}

// kthLargest is the k-th largest element of v, which has no NaN and is left in
// another order (Hoare's selection).
func kthLargest(v []float32, k int) float32 {
	lo, hi := 0, len(v)-1
	for lo < hi {
		pivot := median(v[lo], v[lo+(hi-lo)/2], v[hi])
		i, j := lo, hi
		for i <= j {
			for v[i] > pivot {
				i++
			}
			for v[j] < pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i++
				j--
			}
		}
		switch at := k - 1; {
		case at <= j:
			hi = j
		case at >= i:
			lo = i
		default:
			return v[at]
		}
	}
	return v[lo]
}

func median(a, b, c float32) float32 { return max(min(a, b), min(max(a, b), c)) }

// TopKBack is dx = [y != 0] . dy.
func (d *Device) topKBack(o backend.TopKBack) {
	if d.begin("TopKBack", o.Check()) {
		d.ops.topKBack = topKBackOp{d.floats(o.DX), d.floats(o.DY), d.floats(o.Y)}
		d.each(&d.ops.topKBack, o.Y.Len(), light)
	}
}

type topKBackOp struct{ dx, dy, y []float32 }

func (o *topKBackOp) part(_ *scratch, _, lo, hi int) {
	dx, dy := o.dx[lo:hi], o.dy[lo:hi]
	for i, v := range o.y[lo:hi] {
		g := dy[i]
		if v == 0 {
			g = 0
		}
		dx[i] = g
	}
}
