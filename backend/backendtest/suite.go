package backendtest

import (
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// Suite is the conformance suite and what it allows a device.
type Suite struct {
	// Products is the rounding of the operands of matrix products.
	Products Precision

	// Fuses says that a recorded step may round otherwise than the same operations
	// enqueued one by one, since the device does several of them as one, or asks for
	// another algorithm. Without it both give the same bits. Launches of a recorded
	// step always give the same bits.
	Fuses bool

	only string // the one group to run; all of them where empty
	even bool   // with even shapes only
}

// Run holds a float32 device to the contract. open is called many times; the
// suite closes what it opens.
func Run(t *testing.T, open func(t *testing.T) backend.Device) {
	Suite{}.Run(t, open)
}

// Run holds a device to the contract.
func (s Suite) Run(t *testing.T, open func(t *testing.T) backend.Device) {
	s.run(real{t}, func(t tester) backend.Device { return open(t.(real).T) })
}

// tester is what the suite needs of a *testing.T. The suite's own tests give it
// a recorder instead, to see it fail.
type tester interface {
	Helper()
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
	Run(name string, f func(tester))
}

type real struct{ *testing.T }

func (t real) Run(name string, f func(tester)) {
	t.T.Run(name, func(t *testing.T) { f(real{t}) })
}

type group struct {
	name string
	test func(*rig)
}

func groups() []group {
	return []group{
		{"Memory", testMemory},
		{"Clock", testClock},
		{"Gather", testGather},
		{"Shuffle", testShuffle},
		{"Linear", testLinear},
		{"Kink", testKink},
		{"Narrow", testNarrow},
		{"Elementwise", testElementwise},
		{"Dropout", testDropout},
		{"Loss", testLoss},
		{"Columns", testColumns},
		{"Sums", testSums},
		{"Reparam", testReparam},
		{"Importance", testImportance},
		{"TopK", testTopK},
		{"Penalties", testPenalties},
		{"Probes", testProbes},
		{"Jacobian", testJacobian},
		{"Shares", testShares},
		{"AllReduce", testAllReduce},
		{"Check", testCheck},
		{"Update", testUpdate},
		{"LAMB", testLAMB},
		{"Special", testSpecial},
		{"Guard", testGuard},
		{"Record", testRecord},
		{"Deterministic", testDeterministic},
		{"Errors", testErrors},
	}
}

func (s Suite) run(t tester, open func(tester) backend.Device) {
	for _, g := range groups() {
		if s.only != "" && s.only != g.name {
			continue
		}
		t.Run(g.name, func(t tester) {
			r := newRig(t, s, open)
			defer r.close()
			g.test(r)
		})
	}
}
