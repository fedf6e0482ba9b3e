package backendtest

import (
	"math"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
)

// TestPlantedBugs breaks one thing at a time in a device that passes, and demands
// that the group meant for it says so.
func TestPlantedBugs(t *testing.T) {
	plants := []struct {
		name  string
		group string
		plant func(backend.Device) backend.Device
	}{
		{"forgets the bias", "Linear", func(d backend.Device) backend.Device { return noBias{d} }},
		{"ignores transposed of square weights", "Linear", func(d backend.Device) backend.Device { return squareAsIs{d} }},
		{"ignores accumulate", "Linear", func(d backend.Device) backend.Device { return overwrites{d} }},
		{"rounds operands to TF32", "Linear", func(d backend.Device) backend.Device { return tf32{d} }},
		{"skips zero multipliers", "Special", func(d backend.Device) backend.Device { return skipsZeros{d} }},
		{"drops the last element", "Elementwise", func(d backend.Device) backend.Device { return shortActivate{d} }},
		{"a wrong derivative", "Elementwise", func(d backend.Device) backend.Device { return wrongSlope{d} }},
		{"writes one past the end", "Elementwise", func(d backend.Device) backend.Device { return longZero{d} }},
		{"reads one past the end", "Sums", func(d backend.Device) backend.Device { return longSum{d} }},
		{"changes its input", "Penalties", func(d backend.Device) backend.Device { return spoilsInput{d} }},
		{"noise index off by one", "Probes", func(d backend.Device) backend.Device { return &offByOne{Device: d} }},
		{"noise of another stream", "Dropout", func(d backend.Device) backend.Device { return otherStream{d} }},
		{"a normal rounded otherwise", "Reparam", func(d backend.Device) backend.Device { return lastBit{d} }},
		{"the low half of the step only", "Reparam", func(d backend.Device) backend.Device { return shortStep{d} }},
		{"no shuffle", "Shuffle", func(d backend.Device) backend.Device { return inOrder{d} }},
		{"corrupts the clean batch", "Gather", func(d backend.Device) backend.Device { return bothNoisy{d} }},
		{"hides NaN in the loss", "Special", func(d backend.Device) backend.Device { return hidesNaN{d} }},
		{"K samples, one target", "Loss", func(d backend.Device) backend.Device { return firstTarget{d} }},
		{"no gradient scale", "Loss", func(d backend.Device) backend.Device { return unscaled{d} }},
		{"ties go to the last", "TopK", func(d backend.Device) backend.Device { return lastTie{d} }},
		{"ignores free bits", "Reparam", func(d backend.Device) backend.Device { return noFreeBits{d} }},
		{"sets an accumulator", "Sums", func(d backend.Device) backend.Device { return setsSum{d} }},
		{"decays everything", "Update", func(d backend.Device) backend.Device { return decaysAll{d} }},
		{"does not clip", "Update", func(d backend.Device) backend.Device { return noClip{d} }},
		{"ignores the guard", "Update", func(d backend.Device) backend.Device { return unguarded{d} }},
		{"one trust ratio for all tensors", "LAMB", func(d backend.Device) backend.Device { return oneTrust{d} }},
		{"trusts the biases", "LAMB", func(d backend.Device) backend.Device { return trustsAll{d} }},
		{"no trust ratio", "LAMB", func(d backend.Device) backend.Device { return noTrust{d} }},
		{"lamb does not clip", "LAMB", func(d backend.Device) backend.Device { return lambNoClip{d} }},
		{"lamb ignores the guard", "LAMB", func(d backend.Device) backend.Device { return lambUnguarded{d} }},
		{"forgets the first bad step", "Check", func(d backend.Device) backend.Device { return forgets{d} }},
		{"the row stands still", "Clock", func(d backend.Device) backend.Device { return stuckRow{d} }},
		{"the table wraps around", "Clock", func(d backend.Device) backend.Device { return &wraps{Device: d} }},
		{"launches once", "Record", func(d backend.Device) backend.Device { return launchesOnce{d} }},
		{"recording computes", "Record", func(d backend.Device) backend.Device { return computesEarly{d} }},
		{"a width of 1 goes wrong in a recording", "Narrow", func(d backend.Device) backend.Device { return &thinRecorded{recording{Device: d}} }},
		{"a gradient's width of 1 goes wrong in a recording", "Narrow", func(d backend.Device) backend.Device { return &thinBack{recording{Device: d}} }},
		{"no bias gradient in a recording", "Narrow", func(d backend.Device) backend.Device { return &noSums{recording{Device: d}} }},
		{"half a slope at 0", "Kink", func(d backend.Device) backend.Device { return &kinked{recording: recording{Device: d}, slope: 0.5} }},
		{"a slope at y = 0", "Kink", func(d backend.Device) backend.Device {
			return &kinked{recording: recording{Device: d}, slope: 1, everywhere: true}
		}},
		{"swallows NaN, and looks nowhere", "Guard", func(d backend.Device) backend.Device { return &swallows{Device: d} }},
		{"rounds otherwise when recorded", "Record", func(d backend.Device) backend.Device { return &otherOrder{recording: recording{Device: d}, by: eps} }},
		{"another bit each time, recorded", "Deterministic", func(d backend.Device) backend.Device {
			return &otherOrder{recording: recording{Device: d}, by: eps, anew: true}
		}},
		{"another bit each time", "Deterministic", func(d backend.Device) backend.Device { return &drifts{Device: d} }},
		{"swallows errors", "Errors", func(d backend.Device) backend.Device { return silent{d} }},
		{"reads when it is waited for", "Memory", func(d backend.Device) backend.Device { return readsLate{d} }},
		{"readings share a place", "Memory", func(d backend.Device) backend.Device { return &onePlace{Device: d} }},
		{"memory is not zeroed", "Memory", func(d backend.Device) backend.Device { return dirty{d} }},
	}
	for _, p := range plants {
		t.Run(p.name, func(t *testing.T) {
			root := &recorder{}
			Suite{only: p.group}.run(root, func(tester) backend.Device { return planted{p.plant(ref64.New())} })
			if !root.failed {
				t.Fatalf("the %s group passed", p.group)
			}
			t.Logf("%d failures, the first: %s", len(root.messages), root.messages[0])
		})
	}
}

// TestNothingPlanted is the control: the recorder sees no failure without a bug.
func TestNothingPlanted(t *testing.T) {
	for _, g := range groups() {
		root := &recorder{}
		Suite{only: g.name}.run(root, func(tester) backend.Device { return ref64.New() })
		if root.failed {
			t.Errorf("%s", strings.Join(root.messages, "\n"))
		}
	}
}

// TestFuses: a device that rounds otherwise in a recording passes where that is
// allowed, in every precision, and one that is wrong there does not.
func TestFuses(t *testing.T) {
	for _, tt := range []struct {
		products Precision
		by       float64
		ok       bool
	}{{FP32, 4 * eps, true}, {FP32, 1e-3, false}, {TF32, 0x1p-11, true}, {TF32, 0.1, false}, {BF16, 0x1p-9, true}, {BF16, 0.3, false}} {
		root := &recorder{}
		Suite{Products: tt.products, Fuses: true, only: "Record"}.run(root, func(tester) backend.Device {
			return planted{&otherOrder{recording: recording{Device: ref64.New()}, by: tt.by}}
		})
		if root.failed == tt.ok {
			t.Errorf("recorded products off by %v in precision %d: failed = %v: %v", tt.by, tt.products, root.failed, root.messages)
		}
	}
}

// TestExceptions: what devices may do otherwise passes: either slope at 0 in a
// recording of both passes, and a ReLU that makes 0 of NaN where Update looks.
func TestExceptions(t *testing.T) {
	for _, tt := range []struct {
		group string
		open  func(tester) backend.Device
	}{
		{"Kink", func(tester) backend.Device { return &kinked{recording: recording{Device: ref64.New()}, slope: 1} }},
		{"Guard", func(tester) backend.Device { return &notes{swallows{Device: ref64.New()}} }},
		{"Special", func(tester) backend.Device { return &swallows{Device: ref64.New()} }},
	} {
		root := &recorder{}
		Suite{only: tt.group}.run(root, tt.open)
		if root.failed {
			t.Errorf("%s: %s", tt.group, strings.Join(root.messages, "\n"))
		}
	}
}

// TestPrecisions: a device that rounds its operands passes where that is allowed,
// and a coarser one than allowed does not.
func TestPrecisions(t *testing.T) {
	for _, tt := range []struct {
		allowed Precision
		device  backend.Device
		ok      bool
	}{{TF32, tf32{ref64.New()}, true}, {BF16, bf16{ref64.New()}, true}, {TF32, bf16{ref64.New()}, false}} {
		root := &recorder{}
		Suite{Products: tt.allowed, only: "Linear"}.run(root, func(tester) backend.Device { return planted{tt.device} })
		if root.failed == tt.ok {
			t.Errorf("%T where %d is allowed: failed = %v: %v", tt.device, tt.allowed, root.failed, root.messages)
		}
	}
}

type (
	tf32          struct{ backend.Device }
	bf16          struct{ backend.Device }
	noBias        struct{ backend.Device }
	squareAsIs    struct{ backend.Device }
	overwrites    struct{ backend.Device }
	skipsZeros    struct{ backend.Device }
	shortActivate struct{ backend.Device }
	wrongSlope    struct{ backend.Device }
	longZero      struct{ backend.Device }
	longSum       struct{ backend.Device }
	spoilsInput   struct{ backend.Device }
	otherStream   struct{ backend.Device }
	lastBit       struct{ backend.Device }
	shortStep     struct{ backend.Device }
	inOrder       struct{ backend.Device }
	bothNoisy     struct{ backend.Device }
	hidesNaN      struct{ backend.Device }
	firstTarget   struct{ backend.Device }
	unscaled      struct{ backend.Device }
	lastTie       struct{ backend.Device }
	noFreeBits    struct{ backend.Device }
	setsSum       struct{ backend.Device }
	decaysAll     struct{ backend.Device }
	noClip        struct{ backend.Device }
	unguarded     struct{ backend.Device }
	oneTrust      struct{ backend.Device }
	trustsAll     struct{ backend.Device }
	noTrust       struct{ backend.Device }
	lambNoClip    struct{ backend.Device }
	lambUnguarded struct{ backend.Device }
	forgets       struct{ backend.Device }
	stuckRow      struct{ backend.Device }
	launchesOnce  struct{ backend.Device }
	computesEarly struct{ backend.Device }
	silent        struct{ backend.Device }
	dirty         struct{ backend.Device }
	readsLate     struct{ backend.Device }
)

func (d tf32) Linear(y, pre, x, w, b backend.Tensor, act backend.Activation, transposed bool) {
	d.Device.Enqueue(backend.Linear{Y: y, Pre: pre, X: rounded(d, x, 13), W: rounded(d, w, 13), B: b, Act: act, Transposed: transposed})
}

func (d bf16) Linear(y, pre, x, w, b backend.Tensor, act backend.Activation, transposed bool) {
	d.Device.Enqueue(backend.Linear{Y: y, Pre: pre, X: rounded(d, x, 16), W: rounded(d, w, 16), B: b, Act: act, Transposed: transposed})
}

// rounded is a copy of t without its last bits.
func rounded(d backend.Device, t backend.Tensor, bits int) backend.Tensor {
	c, _ := d.Alloc(t.Rows, t.Cols)
	d.Enqueue(backend.Copy{Dst: c, Src: t})
	edit(d, c, func(v []float32) {
		for i, x := range v {
			v[i] = math.Float32frombits((math.Float32bits(x) + 1<<(bits-1)) >> bits << bits)
		}
	})
	return c
}

func (d noBias) Linear(y, pre, x, w, _ backend.Tensor, act backend.Activation, transposed bool) {
	d.Device.Enqueue(backend.Linear{Y: y, Pre: pre, X: x, W: w, Act: act, Transposed: transposed})
}

func (d squareAsIs) Linear(y, pre, x, w, b backend.Tensor, act backend.Activation, transposed bool) {
	d.Device.Enqueue(backend.Linear{Y: y, Pre: pre, X: x, W: w, B: b, Act: act, Transposed: transposed && w.Rows != w.Cols})
}

func (d overwrites) LinearBackWeights(dw, db, dy, x backend.Tensor, transposed, _ bool) {
	d.Device.Enqueue(backend.LinearBackWeights{DW: dw, DB: db, DY: dy, X: x, Transposed: transposed})
}

// skipsZeros does what a product does that leaves out terms with a factor 0.
func (d skipsZeros) LinearBackWeights(dw, db, dy, x backend.Tensor, transposed, accumulate bool) {
	d.Device.Enqueue(backend.LinearBackWeights{DW: dw, DB: db, DY: dy, X: x, Transposed: transposed, Accumulate: accumulate})
	edit(d, dw, func(v []float32) {
		for i := range v {
			if math.IsNaN(float64(v[i])) {
				v[i] = 0
			}
		}
	})
}

func (d shortActivate) Activate(y, x backend.Tensor, act backend.Activation) {
	if n := x.Len() - 1; n > 0 {
		d.Device.Enqueue(backend.Activate{Y: y.Reshape(1, n), X: x.Reshape(1, n), Act: act})
	}
}

func (d wrongSlope) ActivateBack(dx, dy, saved backend.Tensor, act backend.Activation) {
	if act == backend.Tanh {
		act = backend.Sigmoid
	}
	d.Device.Enqueue(backend.ActivateBack{DX: dx, DY: dy, Saved: saved, Act: act})
}

func (d longZero) Zero(dst backend.Tensor) {
	d.Device.Enqueue(backend.Zero{Dst: dst.Reshape(1, dst.Len()+1)})
}

func (d longSum) Accumulate(s backend.Sums, i int, v backend.Tensor, scale float64) {
	d.Device.Enqueue(backend.Accumulate{Sums: s, Slot: i, V: v.Reshape(1, v.Len()+1), Scale: scale})
}

func (d spoilsInput) L1(dh backend.Tensor, s backend.Sums, i int, h backend.Tensor, share float64, scale float32) {
	d.Device.Enqueue(backend.L1{DH: dh, Sums: s, Slot: i, H: h, Share: share, Scale: scale})
	d.Device.Enqueue(backend.Activate{Y: h, X: h, Act: backend.ReLU})
}

// offByOne draws the noise of the next element.
type offByOne struct {
	backend.Device
	t backend.Time
}

func (d *offByOne) SetClock(c backend.Clock, t backend.Time, table []backend.Hyper) {
	d.t = t
	d.Device.SetClock(c, t, table)
}

func (d *offByOne) Probes(v backend.Tensor, batch int, noise backend.Noise, exact bool) {
	d.Device.Enqueue(backend.Probes{V: v, Batch: batch, Noise: noise, Exact: exact})
	if exact {
		return
	}
	edit(d, v, func(out []float32) {
		for i := range out {
			word := backend.Philox(d.t.Seed, noise.Stream, d.t.Step, uint32(i+1)/4)[(i+1)%4]
			out[i] = 1 - 2*float32(word>>31)
		}
	})
}

func (d otherStream) Dropout(y, x backend.Tensor, noise backend.Noise, p float32) {
	noise.Stream = backend.StreamDropout
	d.Device.Enqueue(backend.Dropout{Y: y, X: x, Noise: noise, P: p})
}

// lastBit draws normals that differ in their last bit.
func (d lastBit) Reparam(z, ml backend.Tensor, noise backend.Noise) {
	d.Device.Enqueue(backend.Reparam{Z: z, ML: ml, Noise: noise})
	edit(d, z, func(v []float32) { v[len(v)-1] = math.Nextafter32(v[len(v)-1], 9) })
}

func (d shortStep) SetClock(c backend.Clock, t backend.Time, table []backend.Hyper) {
	t.Step = uint64(uint32(t.Step))
	d.Device.SetClock(c, t, table)
}

func (d inOrder) Gather(clean, noisy backend.Tensor, data backend.Data, spec backend.Batch) {
	spec.Shuffle = false
	d.Device.Enqueue(backend.Gather{Clean: clean, Noisy: noisy, Data: data, Batch: spec})
}

func (d bothNoisy) Gather(clean, noisy backend.Tensor, data backend.Data, spec backend.Batch) {
	d.Device.Enqueue(backend.Gather{Clean: clean, Noisy: noisy, Data: data, Batch: spec})
	if !clean.None() && !noisy.None() {
		d.Device.Enqueue(backend.Copy{Dst: clean, Src: noisy})
	}
}

func (d hidesNaN) Loss(dout, rows, out, target backend.Tensor, kind backend.LossKind, scale float32) {
	d.Device.Enqueue(backend.Loss{DOut: dout, Rows: rows, Out: out, Target: target, Kind: kind, Scale: scale})
	edit(d, rows, func(v []float32) {
		for i := range v {
			if v[i] != v[i] {
				v[i] = 0
			}
		}
	})
}

func (d firstTarget) Loss(dout, rows, out, target backend.Tensor, kind backend.LossKind, scale float32) {
	if samples := out.Rows / target.Rows; samples > 1 && target.Rows > 1 {
		target = target.Top(1)
	}
	d.Device.Enqueue(backend.Loss{DOut: dout, Rows: rows, Out: out, Target: target, Kind: kind, Scale: scale})
}

func (d unscaled) Loss(dout, rows, out, target backend.Tensor, kind backend.LossKind, _ float32) {
	d.Device.Enqueue(backend.Loss{DOut: dout, Rows: rows, Out: out, Target: target, Kind: kind, Scale: 1})
}

func (d lastTie) TopK(y, x backend.Tensor, k int) {
	in := make([]float32, x.Len())
	d.Download(in, x)
	d.Device.Enqueue(backend.TopK{Y: y, X: x, K: k})
	edit(d, y, func(v []float32) {
		for r := range x.Rows {
			row, from := v[r*x.Cols:(r+1)*x.Cols], in[r*x.Cols:(r+1)*x.Cols]
			for j := len(row) - 1; j > 0; j-- {
				if row[j] == 0 && row[j-1] == from[j] {
					row[j], row[j-1] = row[j-1], 0
				}
			}
		}
	})
}

func (d noFreeBits) ReparamBack(dml, dz, ml, kl backend.Tensor, noise backend.Noise, _, scale float32) {
	d.Device.Enqueue(backend.ReparamBack{DML: dml, DZ: dz, ML: ml, KL: kl, Noise: noise, FreeBits: -1, Scale: scale})
}

func (d setsSum) Accumulate(s backend.Sums, i int, v backend.Tensor, scale float64) {
	d.Enqueue(backend.ZeroSums{Sums: backend.Sums{Mem: s.Mem, Off: s.Off + i, N: 1}})
	d.Device.Enqueue(backend.Accumulate{Sums: s, Slot: i, V: v, Scale: scale})
}

func (d decaysAll) Update(params, grads, m, v backend.Tensor, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	o.Decayed = params.Len()
	d.Device.Enqueue(backend.Update{Params: params, Grads: grads, M: m, V: v, Optimiser: o, Guard: guard, Clock: c})
}

func (d noClip) Update(params, grads, m, v backend.Tensor, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	o.Clip = 0
	d.Device.Enqueue(backend.Update{Params: params, Grads: grads, M: m, V: v, Optimiser: o, Guard: guard, Clock: c})
}

func (d unguarded) Update(params, grads, m, v backend.Tensor, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	d.Enqueue(backend.ZeroSums{Sums: backend.Sums{Mem: guard.Mem, Off: guard.Off, N: 1}})
	d.Device.Enqueue(backend.Update{Params: params, Grads: grads, M: m, V: v, Optimiser: o, Guard: guard, Clock: c})
}

// oneTrust takes the norms of all parameters together.
func (d oneTrust) UpdateLAMB(params, grads, m, v backend.Tensor, ends []int, trust backend.Sums, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	first := backend.Sums{Mem: trust.Mem, Off: trust.Off, N: 1}
	d.Device.Enqueue(backend.UpdateLAMB{Params: params, Grads: grads, M: m, V: v, Ends: ends[len(ends)-1:], Trust: first, Optimiser: o, Guard: backend.Sums{Mem: guard.Mem, Off: guard.Off, N: backend.GuardNorm + 1}, Clock: c})
}

// trustsAll gives every tensor a ratio, where that changes no decay.
func (d trustsAll) UpdateLAMB(params, grads, m, v backend.Tensor, ends []int, trust backend.Sums, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	if o.WeightDecay == 0 {
		o.Decayed = params.Len()
	}
	d.Device.Enqueue(backend.UpdateLAMB{Params: params, Grads: grads, M: m, V: v, Ends: ends, Trust: trust, Optimiser: o, Guard: guard, Clock: c})
}

// noTrust is a plain step along the direction, where that changes no decay.
func (d noTrust) UpdateLAMB(params, grads, m, v backend.Tensor, ends []int, trust backend.Sums, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	if o.WeightDecay == 0 {
		o.Decayed = 0
	}
	d.Device.Enqueue(backend.UpdateLAMB{Params: params, Grads: grads, M: m, V: v, Ends: ends, Trust: trust, Optimiser: o, Guard: guard, Clock: c})
}

func (d lambNoClip) UpdateLAMB(params, grads, m, v backend.Tensor, ends []int, trust backend.Sums, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	o.Clip = 0
	d.Device.Enqueue(backend.UpdateLAMB{Params: params, Grads: grads, M: m, V: v, Ends: ends, Trust: trust, Optimiser: o, Guard: guard, Clock: c})
}

func (d lambUnguarded) UpdateLAMB(params, grads, m, v backend.Tensor, ends []int, trust backend.Sums, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	d.Enqueue(backend.ZeroSums{Sums: backend.Sums{Mem: guard.Mem, Off: guard.Off, N: 1}})
	d.Device.Enqueue(backend.UpdateLAMB{Params: params, Grads: grads, M: m, V: v, Ends: ends, Trust: trust, Optimiser: o, Guard: guard, Clock: c})
}

func (d forgets) Check(guard backend.Sums, grads backend.Tensor, ends []int, rows backend.Tensor, c backend.Clock) {
	d.Enqueue(backend.ZeroSums{Sums: guard})
	d.Device.Enqueue(backend.Check{Guard: guard, Grads: grads, Ends: ends, Rows: rows, Clock: c})
}

func (d stuckRow) Tick(c backend.Clock, _ int) { d.Device.Enqueue(backend.Tick{Clock: c}) }

// wraps goes back to the start of the table after its last row.
type wraps struct {
	backend.Device
	t     backend.Time
	table []backend.Hyper
	row   int
}

func (d *wraps) SetClock(c backend.Clock, t backend.Time, table []backend.Hyper) {
	d.t, d.table, d.row = t, table, 0
	d.Device.SetClock(c, t, table)
}

func (d *wraps) Tick(c backend.Clock, rows int) {
	d.Device.Enqueue(backend.Tick{Clock: c, Rows: rows})
	d.t.Step++
	d.t.Row += uint64(rows)
	if d.row++; len(d.table) > 0 && d.row == len(d.table) {
		d.row = 0
		d.Device.SetClock(c, d.t, d.table)
	}
}

type single struct{ backend.Program }

func (p single) Launch(times int) { p.Program.Launch(min(1, times)) }

func (d launchesOnce) Record(step func()) (backend.Program, error) {
	p, err := recordOf(step)
	return single{p}, err
}

func (d computesEarly) Record(step func()) (backend.Program, error) {
	step()
	return recordOf(step)
}

// drifts adds up in another order each time, as atomics do.
type drifts struct {
	backend.Device
	calls float64
}

func (d *drifts) Accumulate(s backend.Sums, i int, v backend.Tensor, scale float64) {
	d.calls++
	d.Device.Enqueue(backend.Accumulate{Sums: s, Slot: i, V: v, Scale: scale * (1 + d.calls*1e-15)})
}

// lateReading reads accumulators as they are at the end.
type lateReading struct {
	d backend.Device
	s backend.Sums
}

func (r lateReading) Done() bool               { return true }
func (r lateReading) Wait(dst []float64) error { return r.d.FetchSums(r.s).Wait(dst) }

func (d readsLate) FetchSums(s backend.Sums) backend.Reading {
	return lateReading{d.Device, s}
}

// onePlace has all readings arrive in one place, so that the last one holds.
type onePlace struct {
	backend.Device
	place []float64
}

type placed struct {
	d *onePlace
	n int
}

func (d *onePlace) FetchSums(s backend.Sums) backend.Reading {
	v := make([]float64, s.N)
	d.ReadSums(v, s)
	d.place = append(v, d.place[min(len(v), len(d.place)):]...)
	return placed{d, s.N}
}

func (r placed) Done() bool { return true }

func (r placed) Wait(dst []float64) error {
	copy(dst, r.d.place[:r.n])
	return nil
}

func (d silent) Sync() error  { return nil }
func (d silent) Close() error { return nil }

func (d dirty) Alloc(rows, cols int) (backend.Tensor, error) {
	t, err := d.Device.Alloc(rows, cols)
	if err == nil {
		edit(d.Device, t, func(v []float32) { v[len(v)-1] = 1 })
	}
	return t, err
}

// edit changes a tensor by way of the host.
func edit(d backend.Device, t backend.Tensor, f func([]float32)) {
	v := make([]float32, t.Len())
	d.Download(v, t)
	f(v)
	d.Upload(t, v)
}
