package backendtest

import (
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

// misuses call each operation with operands that do not fit.
func misuses() map[string]func(d backend.Device, p pieces) {
	const id = backend.Tanh
	return map[string]func(d backend.Device, p pieces){
		"Upload":    func(d backend.Device, p pieces) { d.Upload(p.a, make([]float32, 5)) },
		"Download":  func(d backend.Device, p pieces) { d.Download(make([]float32, 5), p.a) },
		"ReadSums":  func(d backend.Device, p pieces) { d.ReadSums(make([]float64, 5), p.sums) },
		"WriteSums": func(d backend.Device, p pieces) { d.WriteSums(p.sums, make([]float64, 5)) },
		"nil":       func(d backend.Device, _ pieces) { d.Enqueue(nil) },
		"Gather": func(d backend.Device, p pieces) {
			d.Enqueue(backend.Gather{Clean: p.a, Noisy: p.none, Data: p.flipped.Data(), Batch: backend.Batch{Clock: p.clock}})
		},
		"Linear": func(d backend.Device, p pieces) {
			d.Enqueue(backend.Linear{Y: p.a, Pre: p.none, X: p.same, W: p.flipped, B: p.none, Act: id})
		},
		"LinearBackInput": func(d backend.Device, p pieces) {
			d.Enqueue(backend.LinearBackInput{DX: p.a, DY: p.same, W: p.flipped, Saved: p.none, Act: id})
		},
		"LinearBackWeights": func(d backend.Device, p pieces) {
			d.Enqueue(backend.LinearBackWeights{DW: p.a, DB: p.none, DY: p.same, X: p.flipped})
		},
		"Activate": func(d backend.Device, p pieces) { d.Enqueue(backend.Activate{Y: p.a, X: p.flipped, Act: id}) },
		"ActivateBack": func(d backend.Device, p pieces) {
			d.Enqueue(backend.ActivateBack{DX: p.a, DY: p.same, Saved: p.flipped, Act: id})
		},
		"Dropout": func(d backend.Device, p pieces) {
			d.Enqueue(backend.Dropout{Y: p.a, X: p.flipped, Noise: p.noise, P: 0.5})
		},
		"Add":         func(d backend.Device, p pieces) { d.Enqueue(backend.Add{Dst: p.a, Src: p.flipped}) },
		"Copy":        func(d backend.Device, p pieces) { d.Enqueue(backend.Copy{Dst: p.a, Src: p.flipped}) },
		"CopyColumns": func(d backend.Device, p pieces) { d.Enqueue(backend.CopyColumns{Dst: p.a, Src: p.same, From: 1}) },
		"Zero":        func(d backend.Device, p pieces) { d.Enqueue(backend.Zero{Dst: p.none}) },
		"ScaleRows":   func(d backend.Device, p pieces) { d.Enqueue(backend.ScaleRows{T: p.a, W: p.row}) },
		"Loss": func(d backend.Device, p pieces) {
			d.Enqueue(backend.Loss{DOut: p.none, Rows: p.col, Out: p.a, Target: p.flipped, Kind: backend.SquaredError, Scale: 1})
		},
		"Correct": func(d backend.Device, p pieces) { d.Enqueue(backend.Correct{Sums: p.sums, Logits: p.a, Target: p.row}) },
		"Accumulate": func(d backend.Device, p pieces) {
			d.Enqueue(backend.Accumulate{Sums: p.sums, Slot: p.sums.N, V: p.a, Scale: 1})
		},
		"Reparam":    func(d backend.Device, p pieces) { d.Enqueue(backend.Reparam{Z: p.a, ML: p.same, Noise: p.noise}) },
		"GaussianKL": func(d backend.Device, p pieces) { d.Enqueue(backend.GaussianKL{KL: p.row, ML: p.a}) },
		"ReparamBack": func(d backend.Device, p pieces) {
			d.Enqueue(backend.ReparamBack{DML: p.a, DZ: p.flipped, ML: p.same, KL: p.row, Noise: p.noise, Scale: 1})
		},
		"ImportanceWeights": func(d backend.Device, p pieces) {
			d.Enqueue(backend.ImportanceWeights{W: p.col, Bound: p.row, Rows: p.col, Z: p.a, ML: p.same, Noise: p.noise})
		},
		"ImportanceBack": func(d backend.Device, p pieces) {
			d.Enqueue(backend.ImportanceBack{DML: p.a, DZ: p.flipped, Z: p.flipped, ML: p.same, W: p.col, Noise: p.noise, Scale: 1})
		},
		"TopK":        func(d backend.Device, p pieces) { d.Enqueue(backend.TopK{Y: p.a, X: p.same, K: p.a.Cols + 1}) },
		"TopKBack":    func(d backend.Device, p pieces) { d.Enqueue(backend.TopKBack{DX: p.a, DY: p.flipped, Y: p.same}) },
		"ColumnMeans": func(d backend.Device, p pieces) { d.Enqueue(backend.ColumnMeans{M: p.col, H: p.a}) },
		"SparseKL": func(d backend.Device, p pieces) {
			d.Enqueue(backend.SparseKL{DH: p.a, Sums: p.sums, M: p.col, Rho: 0.1, Scale: 1})
		},
		"L1": func(d backend.Device, p pieces) {
			d.Enqueue(backend.L1{DH: p.a, Sums: p.sums, H: p.flipped, Share: 1, Scale: 1})
		},
		"RowSquares": func(d backend.Device, p pieces) { d.Enqueue(backend.RowSquares{R: p.row, W: p.a}) },
		"ContractShallow": func(d backend.Device, p pieces) {
			d.Enqueue(backend.ContractShallow{DA: p.a, DR: p.row, Sums: p.sums, Saved: p.flipped, R: p.col, Act: id, Share: 1, Scale: 1})
		},
		"AddScaledRows": func(d backend.Device, p pieces) { d.Enqueue(backend.AddScaledRows{DW: p.a, W: p.same, C: p.row}) },
		"Probes":        func(d backend.Device, p pieces) { d.Enqueue(backend.Probes{V: p.a, Batch: 2, Noise: p.noise}) },
		"ScaleByDerivative": func(d backend.Device, p pieces) {
			d.Enqueue(backend.ScaleByDerivative{U: p.a, V: p.same, Saved: p.flipped, Act: id})
		},
		"ScaleByDerivativeBack": func(d backend.Device, p pieces) {
			d.Enqueue(backend.ScaleByDerivativeBack{DV: p.none, DA: p.row, DU: p.a, V: p.same, Saved: p.flipped, Act: id})
		},
		"SquareSum": func(d backend.Device, p pieces) {
			d.Enqueue(backend.SquareSum{DV: p.a, Sums: p.sums, V: p.flipped, Share: 1, Scale: 1})
		},
		"Check": func(d backend.Device, p pieces) {
			d.Enqueue(backend.Check{Guard: p.sums, Grads: p.a, Ends: []int{3, 5, 12}, Rows: p.col, Clock: p.clock})
		},
		"Update": func(d backend.Device, p pieces) {
			d.Enqueue(backend.Update{Params: p.row, Grads: p.col, M: p.none, V: p.none, Optimiser: backend.Optimiser{}, Guard: p.sums, Clock: p.clock})
		},
		"UpdateLAMB": func(d backend.Device, p pieces) {
			d.Enqueue(backend.UpdateLAMB{Params: p.a, Grads: p.same, M: p.none, V: p.none, Ends: []int{11}, Trust: p.sums, Optimiser: backend.Optimiser{Kind: backend.LAMB}, Guard: p.sums, Clock: p.clock})
		},
	}
}

// testErrors misuses each operation on a device of its own, since its error stays.
func testErrors(r *rig) {
	for name, call := range misuses() {
		r.sub(name, func(r *rig) { r.misuse(name, call) })
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
