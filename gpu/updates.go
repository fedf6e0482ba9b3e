//go:build cuda

package gpu

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
	"gorgonia.org/cu"
)

const (
	spanSize = 4096 // elements of the gradient that one block of check adds up, or a multiple in large ones
	maxSpans = 2048 // of a gradient and its tensors about: more make no block wait less, and one block adds up their sums
	rowSpan  = 4096 // rows that one block adds up; as in kernels/update.cu
)

// spanTable is how the gradient is cut into spans for the blocks of check, none
// reaching over the end of a tensor, in device memory: the spans' begins and ends,
// then each tensor's first span and the number of spans, then the tensors' ends.
type spanTable struct {
	ends  []int
	items int
	at    cu.DevicePtr
}

func (s *spanTable) first() cu.DevicePtr   { return s.at + cu.DevicePtr(16*s.items) }
func (s *spanTable) tensors() cu.DevicePtr { return s.first() + cu.DevicePtr(8*len(s.ends)+8) }

// spanTableFor makes the table for ends, once. It copies at once, also during a
// recording, and not on the stream that is recorded.
func (d *Device) spanTableFor(ends []int) (*spanTable, error) {
	for _, s := range d.spans {
		if slices.Equal(s.ends, ends) {
			return s, nil
		}
	}
	var spans, first []int64
	begin, size := 0, spanSize
	if n := len(ends); n > 0 {
		size *= max(1, ceil(ends[n-1], spanSize*maxSpans))
	}
	for _, end := range ends {
		first = append(first, int64(len(spans)/2))
		for ; begin < end; begin += size {
			spans = append(spans, int64(begin), int64(min(begin+size, end)))
		}
		begin = end
	}
	s := &spanTable{ends: slices.Clone(ends), items: len(spans) / 2}
	table := append(append(spans, first...), int64(s.items))
	for _, end := range ends {
		table = append(table, int64(end))
	}
	b, err := d.allocate(8 * len(table))
	if err != nil {
		return nil, err
	}
	s.at = b.at
	d.spans = append(d.spans, s)
	return s, cu.MemcpyHtoD(s.at, unsafe.Pointer(&table[0]), int64(8*len(table)))
}

// Check writes the step's loss and gradient norms to the guard. What the step has
// added up of rows it adds up too, in the place of a launch.
func (d *Device) Check(guard backend.Sums, grads backend.Tensor, ends []int, rows backend.Tensor, c backend.Clock) {
	if !d.ready("Check", backend.CheckCheck(guard, grads, ends, rows), nil, grads, rows) || !d.clock("Check", c) || !d.holds("Check", guard, 0) {
		return
	}
	add := d.takeSum(rows)
	d.run("Check", func() error {
		s, err := d.spanTableFor(ends)
		if err != nil {
			return err
		}
		grid := s.items + ceil(rows.Rows, rowSpan)
		if grid > partials {
			return fmt.Errorf("%d parameters are too many", grads.Len())
		}
		return d.launch(kernels.CheckFwdF32, grid, sum(guard, 0), at(grads), pointer(s.at), pointer(s.first()),
			integer(s.items), integer(len(ends)), at(rows), integer(rows.Rows), clockAt(c), d.part(), d.count(),
			add.to, double(add.scale))
	})
}

// Update moves the parameters one step.
func (d *Device) Update(params, grads, m, v backend.Tensor, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	if !d.ready("Update", backend.CheckUpdate(params, grads, m, v, o, guard), tensors{params, m, v}, params, m, v, grads) || !d.clock("Update", c) || !d.holds("Update", guard, 0) {
		return
	}
	if o.Kind.Moments() < 1 {
		m = backend.Tensor{}
	}
	if o.Kind.Moments() < 2 {
		v = backend.Tensor{}
	}
	d.runEnded("Update", c, func(rows int) error {
		shaded := d.shaded(params)
		shadows, err := d.shadowTable(params, shaded)
		if err != nil {
			return err
		}
		return d.launch(kernels.UpdateFwdF32, d.spread(ceil(params.Len(), 4)), at(params), at(grads), at(m), at(v), sum(guard, 0),
			clockAt(c), integer(params.Len()), integer(guard.N-backend.GuardNorm), integer(int(o.Kind)), integer(o.Decayed),
			float(o.WeightDecay), float(o.Clip), float(o.Beta1), float(o.Beta2), float(o.Eps),
			shadows, integer(len(shaded)), integer(rows), d.count())
	})
}
