package cpu

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/cpu/simd"
)

// Options say how a device is opened. The zero Options are the usual ones.
type Options struct {
	// Workers is how many goroutines compute, GOMAXPROCS if 0. It does not
	// change any result.
	Workers int
	// Reducer adds up over the ranks of a job; nil where the device is the only one.
	Reducer backend.Reducer
}

// maxWorkers is more than any machine has cores for.
const maxWorkers = 1024

// Device computes on the processor.
type Device struct {
	info backend.Info
	pool *simd.Pool
	path simd.Path
	gemm *simd.Gemm

	reducer backend.Reducer // nil where there is nobody to add up with

	finishing finishOp     // of the product under way
	moved     [2][]float32 // operands of the product under way, see even

	work              part // the operation under way, in pieces
	workN, workLength int
	scratch           []*scratch          // one a worker
	runPiece          func(worker, i int) // d.piece, bound once: a method value is an allocation

	err      error  // the first error; operations do nothing after it
	op       string // the operation under way, for its errors
	looking  bool   // for errors, in Compile: operations compute nothing
	stepping bool   // through a compiled step: who touches a sum over the ranks waits for it
	closed   bool
	closeErr error

	live     map[*memory]struct{}
	ops      operations
	partials []float64 // of a reduction, one a piece
	columns  []float32 // of an operation's coefficients, one a column
}

var _ backend.Device = (*Device)(nil)

// Open is a device with no memory in use. The environment variable AEGPU_CPU forces
// the instruction set that it computes with: gonum, avx2, avx512 or neon.
func Open(opts Options) (*Device, error) {
	workers := opts.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	if workers < 1 || workers > maxWorkers {
		return nil, fmt.Errorf("cpu: %d workers, expected 1 to %d", opts.Workers, maxWorkers)
	}
	path, err := simd.FromEnv()
	if err != nil {
		return nil, fmt.Errorf("cpu: %w", err)
	}
	d := &Device{pool: simd.NewPool(workers), path: path, reducer: opts.Reducer, live: map[*memory]struct{}{}}
	d.gemm = simd.NewGemm(path, d.pool)
	for range workers {
		d.scratch = append(d.scratch, newScratch(path))
	}
	d.runPiece = d.piece
	d.info = backend.Info{Kind: "cpu", Name: "cpu", Detail: describe(workers, path), Total: hostmemory.Total(), Free: hostmemory.Free()}
	return d, nil
}

// Info says what the device is.
func (d *Device) Info() backend.Info { return d.info }

// begin starts an operation whose arguments were checked with that result, and
// reports whether it may go on to resolve its operands.
func (d *Device) begin(op string, err error) bool {
	d.op = op
	if d.closed && d.err == nil {
		d.err = errClosed
	}
	d.stick(err)
	return d.err == nil
}

// ready reports whether an operation whose operands are resolved may compute: no
// error is there, and they are not only looked at.
func (d *Device) ready() bool { return d.err == nil && !d.looking }

// stick keeps the first error.
func (d *Device) stick(err error) {
	if d.err == nil {
		d.err = err
	}
}

// fail is the operation's error.
func (d *Device) fail(format string, args ...any) {
	d.stick(fmt.Errorf("cpu: %s: "+format, append([]any{d.op}, args...)...))
}

var errClosed = errors.New("cpu: the device is closed")

// Sync returns the first error: operations run at once.
func (d *Device) Sync() error {
	if d.closed {
		d.stick(errClosed)
	}
	return d.err
}

// Close stops the workers, frees all memory and returns the first error.
func (d *Device) Close() error {
	if d.closed {
		return d.closeErr
	}
	d.closed, d.closeErr = true, d.err
	d.pool.Close()
	for m := range d.live {
		m.Free()
	}
	return d.closeErr
}

// unknown is the error of an operation that the device does not have.
func (d *Device) unknown(op backend.Operation) {
	if d.begin(backend.Name(op), nil) {
		d.fail("there is no such operation here")
	}
}
