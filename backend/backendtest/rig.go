package backendtest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
)

// rig is one group's device and the reference beside it.
type rig struct {
	tester
	suite Suite
	open  func() backend.Device
	dev   *Listing
	ref   *ref64.Device // the reference
	size  *ref64.Device // the reference on absolute values: how large the terms are
	rng   *rand.Rand
	draws *rand.Rand // of shapes

	turn int  // of the shape, in its list
	few  bool // it is not taken with every option, but with those whose turn it is
	even bool // a fast path would start there: operands are aligned for it
}

func newRig(t tester, s Suite, open func(tester) backend.Device) *rig {
	r := &rig{
		tester: t,
		suite:  s,
		open:   func() backend.Device { return open(t) },
		ref:    ref64.New(),
		size:   ref64.New(),
		rng:    rand.New(rand.NewPCG(1, 2)),
		draws:  rand.New(rand.NewPCG(drawSeed, drawSeed)),
	}
	r.dev = &Listing{Device: r.open()}
	return r
}

func (r *rig) close() {
	if err := r.dev.Close(); err != nil {
		r.Errorf("Close: %v", err)
	}
	if err := r.ref.Close(); err != nil {
		r.Errorf("the reference: %v", err)
	}
}

// sub is a part of the group, which fails by itself.
func (r *rig) sub(name string, f func(*rig)) {
	r.Run(name, func(t tester) {
		part := *r
		part.tester = t
		f(&part)
	})
}

// short reports whether to leave out the large cases.
func (r *rig) short() bool { return testing.Short() || r.suite.only != "" }

// trial is one comparison: operands on every side, given back at its end.
type trial struct {
	*rig
	args []*arg
	sums []*total
	free []backend.Memory
}

// try runs one comparison.
func (r *rig) try(f func(c *trial)) {
	r.Helper()
	c := &trial{rig: r}
	f(c)
	for _, m := range c.free {
		m.Free()
	}
}

// guard is around every buffer: a NaN, so that reading it shows too, with a
// pattern that nothing computes. unset fills destinations before they are written.
var (
	guard = math.Float32frombits(0x7FC12345)
	unset = math.Float32frombits(0x7FC54321)
)

// tail is the number of guard values after a buffer, and the alignment that
// memory plans give; leads are those before it, with every remainder modulo 4.
const tail = 64

var (
	leads     = []int{64, 65, 128, 67, 66, 72, 80, 96, 1}
	evenLeads = []int{64, 128}
)

// lead is one of them; on even shapes one that memory plans give.
func (r *rig) lead() int {
	from := leads
	if r.even {
		from = evenLeads
	}
	return from[r.rng.IntN(len(from))]
}

// arg is one tensor on the three sides.
type arg struct {
	name   string
	fixed  bool // an input: its bits must stay
	before []float32
	block  backend.Tensor // the device's, with guards
	lead   int
	on     [3]backend.Tensor
}

// in is an input filled from gen.
func (c *trial) in(name string, rows, cols int, gen func(i int) float64) *arg {
	a := c.inout(name, rows, cols, gen)
	a.fixed = true
	return a
}

// out is a destination, full of NaN.
func (c *trial) out(name string, rows, cols int) *arg {
	return c.inout(name, rows, cols, func(int) float64 { return float64(unset) })
}

// inout is an operand that is read and written.
func (c *trial) inout(name string, rows, cols int, gen func(i int) float64) *arg {
	a := &arg{name: name, lead: c.rig.lead()}
	n := rows * cols
	full, sizes := make([]float64, n), make([]float64, n)
	a.before = slices.Repeat([]float32{guard}, a.lead+n+tail)
	for i := range full {
		v := float32(gen(i))
		a.before[a.lead+i] = v
		full[i], sizes[i] = float64(v), math.Abs(float64(v))
	}
	a.block = c.alloc(c.dev, 1, len(a.before))
	c.dev.Upload(a.block, a.before)
	a.on[0] = a.block.Slice(a.lead, rows, cols)
	a.on[1], a.on[2] = c.alloc(c.ref, rows, cols), c.alloc(c.size, rows, cols)
	c.ref.Set(a.on[1], full)
	c.size.Set(a.on[2], sizes)
	c.args = append(c.args, a)
	return a
}

func (c *trial) alloc(d backend.Device, rows, cols int) backend.Tensor {
	t, err := d.Alloc(rows, cols)
	if err != nil {
		c.Fatalf("Alloc(%d, %d): %v", rows, cols, err)
	}
	c.free = append(c.free, t.Mem)
	return t
}

// side is one device with its own operands.
type side struct {
	*Listing
	i int
}

// t is the operand on this side; none for nil.
func (s side) t(a *arg) backend.Tensor {
	if a == nil {
		return backend.Tensor{}
	}
	return a.on[s.i]
}

// both runs the operations on the device and on the reference, and then looks at
// what should not have changed.
func (c *trial) both(f func(s side)) {
	c.Helper()
	f(side{c.dev, 0})
	f(side{&Listing{Device: c.ref}, 1})
	if err := c.dev.Sync(); err != nil {
		c.Fatalf("Sync: %v", err)
	}
	for _, a := range c.args {
		c.untouched(a)
	}
	for _, t := range c.sums {
		c.untouchedSums(t)
	}
}

// sizes is what the operations make of the operands' absolute values.
func (c *trial) sizes(a *arg, f func(s side)) []float64 {
	f(side{&Listing{Device: c.size}, 2})
	return c.size.Get(a.on[2])
}

// untouched checks the guards, and every bit of an input.
func (c *trial) untouched(a *arg) {
	c.Helper()
	now := make([]float32, len(a.before))
	c.dev.Download(now, a.block)
	for i := range now {
		inside := i >= a.lead && i < a.lead+a.on[0].Len()
		if (!inside || a.fixed) && math.Float32bits(now[i]) != math.Float32bits(a.before[i]) {
			c.Errorf("%s (%v): element %d changed from %v to %v", a.name, a.on[0], i-a.lead, a.before[i], now[i])
			return
		}
	}
}

// got is what the device holds, want what the reference does.
func (c *trial) got(a *arg) []float64 {
	v := make([]float32, a.on[0].Len())
	c.dev.Download(v, a.on[0])
	return widen(v)
}

func (c *trial) want(a *arg) []float64 { return c.ref.Get(a.on[1]) }

func widen(v []float32) []float64 {
	w := make([]float64, len(v))
	for i, x := range v {
		w[i] = float64(x)
	}
	return w
}

// close compares an operand; what describes the case.
func (c *trial) close(a *arg, tol Tol, what string, args ...any) {
	c.Helper()
	if err := Close(c.got(a), c.want(a), tol); err != nil {
		c.Errorf(what+": %s (%v): %v", append(args, a.name, a.on[0], err)...)
	}
}

// normal, uniform and others fill operands.
func (r *rig) normal(int) float64 { return r.rng.NormFloat64() }

func (r *rig) uniform(lo, hi float64) func(int) float64 {
	return func(int) float64 { return lo + (hi-lo)*r.rng.Float64() }
}

func constant(v float64) func(int) float64  { return func(int) float64 { return v } }
func values(v ...float64) func(int) float64 { return func(i int) float64 { return v[i%len(v)] } }
