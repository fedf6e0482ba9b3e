//go:build cuda

package gpu

import (
	"fmt"
	"unsafe"

	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
	"github.com/aegpu/aegpu/gpu/internal/nccl"
	"github.com/aegpu/aegpu/gpu/plan"
	"github.com/aegpu/aegpu/kernels"
	"gorgonia.org/cu"
)

// places is where the buffers of a plan are.
type places map[*plan.Buffer]*block

// address is where a pointer of a plan points.
func (d *Device) address(p kernels.Pointer, at places) cu.DevicePtr {
	switch base := p.Base.(type) {
	case *block:
		return base.at + cu.DevicePtr(p.Offset)
	case *plan.Buffer:
		return at[base].at + cu.DevicePtr(p.Offset)
	case plan.Scratch:
		return d.scratch.of(base) + cu.DevicePtr(p.Offset)
	}
	return 0
}

// issue enqueues the launches of a plan.
func (d *Device) issue(p *plan.Plan, at places) error {
	for i := range p.Items {
		it := &p.Items[i]
		if err := d.joinAll(it.Joins); err != nil {
			return err
		}
		var err error
		if it.Stream == plan.First {
			err = d.launch(it, at, d.stream)
		} else {
			var after []*branch
			for _, s := range it.After {
				after = append(after, &d.branches[s])
			}
			err = d.branches[it.Stream].run(d.stream, after, func(s cu.Stream) error { return d.launch(it, at, s) })
		}
		if err != nil {
			return err
		}
	}
	return d.joinAll(p.Joins)
}

func (d *Device) joinAll(streams []plan.Stream) error {
	for _, s := range streams {
		if err := d.branches[s].join(d.stream); err != nil {
			return err
		}
	}
	return nil
}

// launch enqueues one item.
func (d *Device) launch(it *plan.Item, at places, s cu.Stream) (err error) {
	switch {
	case it.Kernel != nil:
		err = d.launchKernel(it.Kernel, it.Grid, at, s)
	case it.Product != nil:
		workspace := d.workspace
		if it.Stream == plan.Aside {
			workspace = d.beside
		}
		err = d.launchProduct(it.Product, at, workspace, s)
	case it.Reduce != nil:
		err = d.ranks.sum(uintptr(d.address(it.Reduce.At, at)), it.Reduce.Count, nccl.Float32, streamOf(s))
	case it.Move.From == (kernels.Pointer{}):
		if it.Move.Bytes > 0 {
			err = cu.MemsetD8Async(d.address(it.Move.To, at), 0, int64(it.Move.Bytes), s)
		}
	default:
		err = cu.MemcpyDtoDAsync(d.address(it.Move.To, at), d.address(it.Move.From, at), int64(it.Move.Bytes), s)
	}
	if err == nil && d.options.Debug && !d.capturing {
		err = s.Synchronize()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", it.Short(), err)
	}
	return nil
}

// launchKernel hands a kernel to the driver, which copies the arguments: slots of 8
// bytes, which is what cu reads of each.
func (d *Device) launchKernel(k kernels.Launch, grid int, at places, s cu.Stream) error {
	args := k.Args()
	slots, params := make([]uint64, len(args)), make([]unsafe.Pointer, len(args))
	for i, a := range args {
		slots[i] = a.Bits
		if a.Kind == 'p' {
			slots[i] = uint64(d.address(a.Pointer, at))
		}
		params[i] = unsafe.Pointer(&slots[i])
	}
	return d.functions[k.Kernel().Name].Launch(grid, 1, 1, kernels.Block, 1, 1, 0, s, params)
}

// launchProduct enqueues a product with its algorithm. Where it is refused only now,
// before anything was enqueued, it is noted, and what is planned from then on does
// without it.
func (d *Device) launchProduct(q *plan.Product, at places, workspace *block, s cu.Stream) error {
	key := d.keyOf(q)
	algorithm := d.plans[key]
	if algorithm == nil {
		return fmt.Errorf("%w: %v", cublaslt.ErrUnsupported, q)
	}
	err := algorithm.Run(uintptr(d.address(q.B.At, at)), uintptr(d.address(q.A.At, at)), uintptr(d.address(q.C.At, at)),
		uintptr(d.address(q.Bias, at)), uintptr(d.address(q.Mask, at)), uintptr(workspace.at), workspaceSize, streamOf(s))
	if err != nil && !q.Plain() {
		d.refuse(key, err)
		return errRefused
	}
	return err
}
