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
		"Gather": func(d backend.Device, p pieces) {
			d.Gather(p.a, p.none, p.flipped.Data(), backend.Batch{Clock: p.clock})
		},
		"Linear":            func(d backend.Device, p pieces) { d.Linear(p.a, p.none, p.same, p.flipped, p.none, id, false) },
		"LinearBackInput":   func(d backend.Device, p pieces) { d.LinearBackInput(p.a, p.same, p.flipped, p.none, id, false) },
		"LinearBackWeights": func(d backend.Device, p pieces) { d.LinearBackWeights(p.a, p.none, p.same, p.flipped, false, false) },
		"Activate":          func(d backend.Device, p pieces) { d.Activate(p.a, p.flipped, id) },
		"ActivateBack":      func(d backend.Device, p pieces) { d.ActivateBack(p.a, p.same, p.flipped, id) },
		"Dropout":           func(d backend.Device, p pieces) { d.Dropout(p.a, p.flipped, p.noise, 0.5) },
		"Add":               func(d backend.Device, p pieces) { d.Add(p.a, p.flipped) },
		"Copy":              func(d backend.Device, p pieces) { d.Copy(p.a, p.flipped) },
		"CopyColumns":       func(d backend.Device, p pieces) { d.CopyColumns(p.a, p.same, 1) },
		"Zero":              func(d backend.Device, p pieces) { d.Zero(p.none) },
		"ScaleRows":         func(d backend.Device, p pieces) { d.ScaleRows(p.a, p.row) },
		"Loss":              func(d backend.Device, p pieces) { d.Loss(p.none, p.col, p.a, p.flipped, backend.SquaredError, 1) },
		"Correct":           func(d backend.Device, p pieces) { d.Correct(p.sums, 0, p.a, p.row) },
		"Accumulate":        func(d backend.Device, p pieces) { d.Accumulate(p.sums, p.sums.N, p.a, 1) },
		"Reparam":           func(d backend.Device, p pieces) { d.Reparam(p.a, p.same, p.noise) },
		"GaussianKL":        func(d backend.Device, p pieces) { d.GaussianKL(p.row, p.a) },
		"ReparamBack":       func(d backend.Device, p pieces) { d.ReparamBack(p.a, p.flipped, p.same, p.row, p.noise, 0, 1) },
		"ImportanceWeights": func(d backend.Device, p pieces) { d.ImportanceWeights(p.col, p.row, p.col, p.a, p.same, p.noise) },
		"ImportanceBack": func(d backend.Device, p pieces) {
			d.ImportanceBack(p.a, p.flipped, p.flipped, p.same, p.col, p.noise, 1)
		},
		"TopK":        func(d backend.Device, p pieces) { d.TopK(p.a, p.same, p.a.Cols+1) },
		"TopKBack":    func(d backend.Device, p pieces) { d.TopKBack(p.a, p.flipped, p.same) },
		"ColumnMeans": func(d backend.Device, p pieces) { d.ColumnMeans(p.col, p.a) },
		"SparseKL":    func(d backend.Device, p pieces) { d.SparseKL(p.a, p.sums, 0, p.col, 0.1, 1) },
		"L1":          func(d backend.Device, p pieces) { d.L1(p.a, p.sums, 0, p.flipped, 1, 1) },
		"RowSquares":  func(d backend.Device, p pieces) { d.RowSquares(p.row, p.a) },
		"ContractShallow": func(d backend.Device, p pieces) {
			d.ContractShallow(p.a, p.row, p.sums, 0, p.flipped, p.col, id, 1, 1)
		},
		"AddScaledRows":         func(d backend.Device, p pieces) { d.AddScaledRows(p.a, p.same, p.row) },
		"Probes":                func(d backend.Device, p pieces) { d.Probes(p.a, 2, p.noise, false) },
		"ScaleByDerivative":     func(d backend.Device, p pieces) { d.ScaleByDerivative(p.a, p.same, p.flipped, id) },
		"ScaleByDerivativeBack": func(d backend.Device, p pieces) { d.ScaleByDerivativeBack(p.none, p.row, p.a, p.same, p.flipped, id) },
		"SquareSum":             func(d backend.Device, p pieces) { d.SquareSum(p.a, p.sums, 0, p.flipped, 1, 1) },
		"Check":                 func(d backend.Device, p pieces) { d.Check(p.sums, p.a, []int{3, 5, 12}, p.col, p.clock) },
		"Update": func(d backend.Device, p pieces) {
			d.Update(p.row, p.col, p.none, p.none, backend.Optimiser{}, p.sums, p.clock)
		},
		"UpdateLAMB": func(d backend.Device, p pieces) {
			d.UpdateLAMB(p.a, p.same, p.none, p.none, []int{11}, p.sums, backend.Optimiser{Kind: backend.LAMB}, p.sums, p.clock)
		},
	}
}

// testErrors misuses each operation on a device of its own, since its error stays.
func testErrors(r *rig) {
	for name, call := range misuses() {
		r.sub(name, func(r *rig) { r.misuse(name, call) })
	}
	r.sub("Recorded", (*rig).recordedMisuse)
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
	dev.Zero(p.a)
	dev.Zero(p.none)
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

// recordedMisuse errs inside a recording: by Record, or when it is launched.
func (r *rig) recordedMisuse() {
	dev := r.open()
	p := r.pieces(dev)
	program, err := dev.Record(func() { dev.Copy(p.a, p.flipped) })
	if err == nil {
		program.Launch(1)
		program.Free()
		err = dev.Sync()
	}
	if err == nil || !strings.Contains(err.Error(), "Copy") {
		r.Errorf("recording a misuse of Copy: %v", err)
	}
	_ = dev.Close() // it has said what it had to
}
