//go:build cuda

package gpu

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
	"gorgonia.org/cu"
)

// arg is an argument of a kernel with the kind that [kernels.Kernel.Params] has
// for it.
type arg struct {
	kind byte
	bits uint64
}

func pointer(p cu.DevicePtr) arg { return arg{'p', uint64(p)} }
func integer(n int) arg          { return arg{'i', uint64(n)} }
func float(x float32) arg        { return arg{'f', uint64(math.Float32bits(x))} }
func double(x float64) arg       { return arg{'d', math.Float64bits(x)} }

func flag(b bool) arg {
	if b {
		return integer(1)
	}
	return integer(0)
}

// at is the address of t, null where it is none.
func at(t backend.Tensor) arg {
	if t.None() {
		return pointer(0)
	}
	return pointer(address(tensorExtent(t)))
}

// sum is the address of accumulator i.
func sum(s backend.Sums, i int) arg { return pointer(address(sumsExtent(s)) + cu.DevicePtr(8*i)) }

// arguments are slots of 8 bytes, which is what cu reads of each argument.
type arguments struct {
	slots  [20]uint64
	params [20]unsafe.Pointer
}

// launch enqueues a kernel. A grid of 0 has nothing to do.
func (d *Device) launch(k kernels.Kernel, grid int, args ...arg) error {
	return d.launchOn(d.stream, k, grid, args...)
}

func (d *Device) launchOn(s cu.Stream, k kernels.Kernel, grid int, args ...arg) error {
	if grid == 0 {
		return nil
	}
	if len(args) != len(k.Params) {
		return fmt.Errorf("%s: %d arguments, want %d", k.Name, len(args), len(k.Params))
	}
	for i, a := range args {
		if a.kind != k.Params[i] {
			return fmt.Errorf("%s: argument %d is of kind %c, want %c", k.Name, i, a.kind, k.Params[i])
		}
	}
	return d.enqueue(func() error { return d.launchNow(k, grid, args, s) })
}

// launchNow hands a kernel to the driver, which copies the arguments.
func (d *Device) launchNow(k kernels.Kernel, grid int, args []arg, s cu.Stream) error {
	for i, a := range args {
		d.args.slots[i] = a.bits
		d.args.params[i] = unsafe.Pointer(&d.args.slots[i])
	}
	err := d.functions[k.Name].Launch(grid, 1, 1, kernels.Block, 1, 1, 0, s, d.args.params[:len(args)])
	if err == nil && d.options.Debug && !d.recording {
		err = d.stream.Synchronize()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", k.Name, err)
	}
	return nil
}

func ceil(n, by int) int { return (n + by - 1) / by }

// spread is the grid for n elements, a thread each as far as the device can hold
// them at once.
func (d *Device) spread(n int) int { return min(ceil(n, kernels.Block), 16*d.sms) }

// perRow is the grid for n rows, a block each.
func (d *Device) perRow(n int) int { return min(n, 16*d.sms) }
