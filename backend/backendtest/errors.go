package backendtest

import (
	"slices"
	"strings"

	"github.com/aegpu/aegpu/backend"
)

// pieces are operands to misuse: two of a shape, its transpose, a row, a column.
type pieces struct {
	a, same, flipped, row, col, none backend.Tensor
	sums                             backend.Sums
	clock                            backend.Clock
	noise                            backend.Noise
}

// transfers are misuses of what is not an operation, by name.
func (p pieces) transfers() map[string]func(d backend.Device) {
	return map[string]func(d backend.Device){
		"Upload":    func(d backend.Device) { d.Upload(p.a, make([]float32, 5)) },
		"Download":  func(d backend.Device) { d.Download(make([]float32, 5), p.a) },
		"ReadSums":  func(d backend.Device) { d.ReadSums(make([]float64, 5), p.sums) },
		"WriteSums": func(d backend.Device) { d.WriteSums(p.sums, make([]float64, 5)) },
	}
}

// misuses are each operation with operands that do not fit, and none.
func (p pieces) misuses() backend.List {
	return slices.Concat(backend.List{nil}, p.layers(), p.codes(), p.penalties(), p.updates(), p.ranks(2, -4, 2, backend.Tensor{}))
}

func (p pieces) layers() backend.List {
	return backend.List{
		backend.Gather{Clean: p.a, Noisy: p.none, Data: p.flipped.Data(), Batch: backend.Batch{Clock: p.clock}},
		backend.Linear{Y: p.a, Pre: p.none, X: p.same, W: p.flipped, B: p.none, Act: backend.Tanh},
		backend.LinearBackInput{DX: p.a, DY: p.same, W: p.flipped, Saved: p.none, Act: backend.Tanh},
		backend.LinearBackWeights{DW: p.a, DB: p.none, DY: p.same, X: p.flipped},
		backend.Activate{Y: p.a, X: p.flipped, Act: backend.Tanh},
		backend.ActivateBack{DX: p.a, DY: p.same, Saved: p.flipped, Act: backend.Tanh},
		backend.Dropout{Y: p.a, X: p.flipped, Noise: p.noise, P: 0.5},
		backend.Add{Dst: p.a, Src: p.flipped},
		backend.Copy{Dst: p.a, Src: p.flipped},
		backend.CopyColumns{Dst: p.a, Src: p.same, From: 1},
		backend.Beside{Dst: p.a, X: p.same, Class: p.col},
		backend.Zero{Dst: p.none},
		backend.ScaleRows{T: p.a, W: p.row},
		backend.Loss{DOut: p.none, Rows: p.col, Out: p.a, Target: p.flipped, Kind: backend.SquaredError, Scale: 1},
		backend.ColumnLoss{Rows: p.col, Out: p.a, Target: p.same, Columns: []backend.LossColumns{{Kind: backend.BernoulliColumn, To: 3}}, Scale: 1},
		backend.ColumnMean{Y: p.a, Out: p.flipped, Columns: []backend.LossColumns{{Kind: backend.BernoulliColumn, To: 2}}},
		backend.CountTotals{Y: p.row, X: p.a, Columns: []backend.LossColumns{{Kind: backend.PoissonColumn, To: 4}}, Scale: 1, Least: 1},
		backend.Correct{Sums: p.sums, Logits: p.a, Target: p.row},
		backend.Accumulate{Sums: p.sums, Slot: p.sums.N, V: p.a, Scale: 1},
	}
}

func (p pieces) codes() backend.List {
	return backend.List{
		backend.Reparam{Z: p.a, ML: p.same, Noise: p.noise},
		backend.GaussianKL{KL: p.row, ML: p.a},
		backend.ReparamBack{DML: p.a, DZ: p.flipped, ML: p.same, KL: p.row, Noise: p.noise, Scale: 1},
		backend.ImportanceWeights{W: p.col, Bound: p.row, Rows: p.col, Z: p.a, ML: p.same, Noise: p.noise},
		backend.ImportanceBack{DML: p.a, DZ: p.flipped, Z: p.flipped, ML: p.same, W: p.col, Noise: p.noise, Scale: 1},
		backend.TopK{Y: p.a, X: p.same, K: p.a.Cols + 1},
		backend.TopKBack{DX: p.a, DY: p.flipped, Y: p.same},
	}
}

func (p pieces) penalties() backend.List {
	return backend.List{
		backend.ColumnMeans{M: p.col, H: p.a},
		backend.SparseKL{DH: p.a, Sums: p.sums, M: p.col, Rho: 0.1, Scale: 1},
		backend.L1{DH: p.a, Sums: p.sums, H: p.flipped, Share: 1, Scale: 1},
		backend.RowSquares{R: p.row, W: p.a},
		backend.ContractShallow{DA: p.a, DR: p.row, Sums: p.sums, Saved: p.flipped, R: p.col, Act: backend.Tanh, Share: 1, Scale: 1},
		backend.AddScaledRows{DW: p.a, W: p.same, C: p.row},
		backend.Probes{V: p.a, Batch: 2, Noise: p.noise},
		backend.ScaleByDerivative{U: p.a, V: p.same, Saved: p.flipped, Act: backend.Tanh},
		backend.ScaleByDerivativeBack{DV: p.none, DA: p.row, DU: p.a, V: p.same, Saved: p.flipped, Act: backend.Tanh},
		backend.SquareSum{DV: p.a, Sums: p.sums, V: p.flipped, Share: 1, Scale: 1},
	}
}

func (p pieces) updates() backend.List {
	return backend.List{
		backend.Check{Guard: p.sums, Grads: p.a, Ends: []int{3, 5, 12}, Rows: p.col, Clock: p.clock},
		backend.Update{Params: p.row, Grads: p.col, M: p.none, V: p.none, Optimiser: backend.Optimiser{}, Guard: p.sums, Clock: p.clock},
		backend.UpdateLAMB{Params: p.a, Grads: p.same, M: p.none, V: p.none, Ends: []int{11}, Trust: p.sums, Optimiser: backend.Optimiser{Kind: backend.LAMB}, Guard: p.sums, Clock: p.clock},
	}
}

// ranks are operations of a rank, with noise from two places on: those of layers and of codes. They fit where both are
// multiples of a block, of is 0 or 3 rows and more, and v is there.
func (p pieces) ranks(layer, code, of int, v backend.Tensor) backend.List {
	noise, again, z, dz := p.noise, p.noise, p.flipped.Slice(0, 3, 2), p.flipped.Slice(6, 3, 2)
	noise.First, again.First = layer, code
	return backend.List{
		backend.Gather{Clean: p.a, Data: p.same.Data(), Batch: backend.Batch{Clock: p.clock, First: layer}},
		backend.Dropout{Y: p.a, X: p.same, Noise: noise, P: 0.5},
		backend.Probes{V: p.a, Batch: 3, Noise: noise},
		backend.Reparam{Z: z, ML: p.same, Noise: again},
		backend.ReparamBack{DML: p.a, DZ: z, ML: p.same, KL: p.row.Slice(0, 1, 2), Noise: again, Scale: 1},
		backend.ImportanceWeights{W: p.col, Bound: p.row.Slice(0, 3, 1), Rows: dz.Slice(0, 3, 1), Z: z, ML: p.same, Noise: again},
		backend.ImportanceBack{DML: p.a, DZ: dz, Z: z, ML: p.same, W: p.col, Noise: again, Scale: 1},
		backend.ColumnMeans{M: p.row, H: p.same, Of: of},
		backend.GaussianKL{KL: p.row.Slice(0, 1, 2), ML: p.same, Of: of},
		backend.AllReduce{V: v},
	}
}

// testErrors misuses each operation on a device of its own, since its error stays.
func testErrors(r *rig) {
	for name := range (pieces{}).transfers() {
		r.sub(name, func(r *rig) {
			r.misuse(name, func(d backend.Device, p pieces) { p.transfers()[name](d) })
		})
	}
	for i, op := range (pieces{}).misuses() {
		name := backend.Name(op)
		r.sub(name, func(r *rig) {
			r.misuse(name, func(d backend.Device, p pieces) { d.Enqueue(p.misuses()[i]) })
		})
	}
	r.sub("Compiled", (*rig).compiledMisuse)
}

func (r *rig) pieces(dev backend.Device) pieces {
	var p pieces
	for _, a := range []struct {
		to         *backend.Tensor
		rows, cols int
	}{{&p.a, 3, 4}, {&p.same, 3, 4}, {&p.flipped, 4, 3}, {&p.row, 1, 4}, {&p.col, 3, 1}} {
		var err error
		if *a.to, err = dev.Alloc(a.rows, a.cols); err != nil {
			r.Fatalf("Alloc: %v", err)
		}
	}
	var err error
	if p.sums, err = dev.AllocSums(3); err != nil {
		r.Fatalf("AllocSums: %v", err)
	}
	if p.clock, err = dev.AllocClock(1); err != nil {
		r.Fatalf("AllocClock: %v", err)
	}
	p.noise = backend.Noise{Clock: p.clock, Stream: backend.StreamCode}
	return p
}

func (r *rig) misuse(name string, call func(backend.Device, pieces)) {
	dev := r.open()
	p := r.pieces(dev)
	ones := make1(p.a.Len())
	dev.Upload(p.a, ones)
	if err := dev.Sync(); err != nil {
		r.Fatalf("Sync before: %v", err)
	}
	call(dev, p)
	err := dev.Sync()
	if err == nil {
		r.Fatalf("%s with operands that do not fit: no error", name)
	}
	if !strings.Contains(err.Error(), name) {
		r.Errorf("%s with operands that do not fit: %q does not name it", name, err)
	}
	dev.Enqueue(backend.Zero{Dst: p.a})
	dev.Enqueue(backend.Zero{Dst: p.none})
	if again := dev.Sync(); again == nil || again.Error() != err.Error() {
		r.Errorf("Sync again: %v, want the first error %v", again, err)
	}
	host := make1(p.a.Len())
	dev.Download(host, p.a)
	if err := Close(widen(host), widen(ones), exact); err != nil {
		r.Errorf("after an error an operation did something: %v", err)
	}
	if err := dev.Close(); err == nil {
		r.Errorf("Close after an error: none")
	}
}

// compiledMisuse errs in a step: when it is compiled, or when it is launched.
func (r *rig) compiledMisuse() {
	for _, name := range []string{"Copy", "nil"} {
		dev := r.open()
		p := r.pieces(dev)
		step := backend.List{nil}
		if name == "Copy" {
			step[0] = backend.Copy{Dst: p.a, Src: p.flipped}
		}
		program, err := dev.Compile(step)
		if err == nil {
			program.Launch(1)
			program.Free()
			err = dev.Sync()
		}
		if err == nil || !strings.Contains(err.Error(), name) {
			r.Errorf("a step with a misuse of %s: %v", name, err)
		}
		_ = dev.Close() // it has said what it had to
	}
}
