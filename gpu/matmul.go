//go:build cuda

package gpu

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
	"gorgonia.org/cu"
)

// workspaceSize is the memory that cuBLASLt may use inside a product.
const workspaceSize = 32 << 20

// product is c = op(a) op(b), row-major, added to c with accumulate. transA and
// transB say which operand is stored transposed.
type product struct {
	c, a, b        backend.Tensor
	transA, transB bool
	accumulate     bool
	epilogue       cublaslt.Epilogue
	bias           cu.DevicePtr // what the epilogue adds or writes
	mask           *derived     // what it writes or applies
	half           *derived     // where it leaves c in bfloat16 instead
	aside          bool         // on the second stream
}

// planKey is what the choice of an algorithm depends on.
type planKey struct {
	spec cublaslt.Spec
	bias int // its alignment
}

func (p product) bits() uintptr {
	if p.mask == nil {
		return 0
	}
	return uintptr(p.mask.at.at)
}

// to is where c is written.
func (p product) to() cu.DevicePtr {
	if p.half != nil {
		return p.half.at.at
	}
	return address(tensorExtent(p.c))
}

// spec is the product as cuBLASLt sees it, a and b being its operands in the
// precision of products. A row-major matrix is its transpose in column-major
// order, so c = op(a) op(b) is c' = op(b)' op(a)': the operands change places and
// shapes turn, and transposes stay with their operand. This is the one place where
// the two orders meet.
func (d *Device) spec(p product, a, b operand) cublaslt.Spec {
	k := p.a.Cols
	if p.transA {
		k = p.a.Rows
	}
	s := cublaslt.Spec{
		M: p.c.Cols, N: p.c.Rows, K: k,
		TransA: p.transB, LDA: b.ld, AlignA: aligned(b.at),
		TransB: p.transA, LDB: a.ld, AlignB: aligned(a.at),
		LDD: p.c.Cols, AlignD: aligned(p.to()),
		Type: cublaslt.F32, Compute: cublaslt.Compute32F, Epilogue: p.epilogue,
	}
	switch d.options.Precision {
	case TF32:
		s.Compute = cublaslt.ComputeTF32
	case BF16:
		s.Type = cublaslt.BF16
	}
	if p.half != nil {
		s.TypeD, s.LDD = cublaslt.BF16, halvedLD(p.c)
	}
	if p.accumulate {
		s.Beta = 1
	}
	if p.mask != nil {
		s.AuxLD = maskLD(p.mask.of)
	}
	return s
}

// aligned is the largest power of two up to 256 that divides p.
func aligned(p cu.DevicePtr) int { return int(min(256, (p|256)&-(p|256))) }

// multiply enqueues a product. The error is cublaslt.ErrUnsupported where the
// epilogue cannot be had.
func (d *Device) multiply(p product) error {
	a, err := d.operand(p.a)
	if err != nil {
		return err
	}
	b, err := d.operand(p.b)
	if err != nil {
		return err
	}
	key := planKey{d.spec(p, a, b), aligned(p.bias)}
	plan, err := d.algorithm(p, key)
	if err != nil {
		return err
	}
	run := func(workspace *block, s cu.Stream) error {
		return d.enqueue(func() error {
			err := plan.Run(uintptr(b.at), uintptr(a.at), uintptr(p.to()), uintptr(p.bias), p.bits(),
				uintptr(workspace.at), workspaceSize, streamOf(s))
			if err != nil && !p.plain() { // refused before anything was enqueued
				d.refuse(key, err)
				return errRefused
			}
			return err
		})
	}
	if p.aside {
		err = d.fork(&d.aside.branch, func(s cu.Stream) error { return run(d.aside.workspace, s) })
	} else {
		err = run(d.workspace, d.stream)
	}
	if err == nil && d.options.Debug && !d.recording {
		err = d.stream.Synchronize()
	}
	if err == nil && p.half != nil {
		p.half.written(d, true)
	}
	return err
}

// errRefused is the error of a product that the library refuses only when it is
// enqueued. What is planned from then on does without it.
var errRefused = fmt.Errorf("refused where it was enqueued: %w", cublaslt.ErrUnsupported)

// refuse notes that there is no such product.
func (d *Device) refuse(key planKey, why error) {
	d.plans[key].Free()
	d.plans[key] = nil
	for _, a := range d.asked {
		if a.spec == key.spec && a.err == nil {
			a.err = why
		}
	}
}

// multiplyThin is multiply, with c in bfloat16 alone where want says that this is
// enough and cuBLASLt has it.
func (d *Device) multiplyThin(p product, want demand) error {
	if !want.thin() || d.options.Precision != BF16 {
		return d.multiply(p)
	}
	half, err := d.half(p.c)
	if err != nil {
		return err
	}
	thin := p
	thin.half = half
	if err := d.multiply(thin); !errors.Is(err, cublaslt.ErrUnsupported) {
		return err
	}
	return d.multiply(p)
}

// plain products are those that nothing can stand in for.
func (p product) plain() bool { return p.epilogue == cublaslt.Plain && p.half == nil }

// algorithm is that of a product, chosen once (tuning.go). An epilogue that cannot be had
// is remembered as nil, whatever the library called it.
func (d *Device) algorithm(p product, key planKey) (*cublaslt.Plan, error) {
	if plan, known := d.plans[key]; known {
		if plan == nil {
			return nil, cublaslt.ErrUnsupported
		}
		return plan, nil
	}
	plan, err := d.ask(key, uintptr(p.bias), p.bits())
	d.plans[key] = plan
	if err != nil && p.plain() {
		return nil, fmt.Errorf("a product of %v and %v to %v: %w", p.a, p.b, p.c, err)
	}
	return plan, err
}

// ask has the library propose algorithms and chooses one, which has run once when ask
// returns: what the library loads for it is then loaded before a capture begins.
func (d *Device) ask(key planKey, bias, mask uintptr) (*cublaslt.Plan, error) {
	a := &asked{spec: key.spec}
	d.asked = append(d.asked, a)
	plan, err := d.lt.Plan(key.spec, workspaceSize, bias, mask)
	if err != nil {
		a.err = err
		return nil, fmt.Errorf("%w: %w", cublaslt.ErrUnsupported, err)
	}
	a.candidates = plan.Candidates()
	if err = d.tune(plan, key, a); err != nil {
		a.err = err
		plan.Free()
		return nil, err
	}
	return plan, nil
}

func streamOf(s cu.Stream) uintptr { return uintptr(unsafe.Pointer(s.C())) }
