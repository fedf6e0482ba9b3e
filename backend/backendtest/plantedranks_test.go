package backendtest

import (
	"math"
	"reflect"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
)

// rankPlants are faults in what a rank does otherwise than a device alone: operations are
// enqueued with a field changed.
var rankPlants = []fault{
	{bug: "Gather ignores First", group: "Gather", in: changed(firstOf[backend.Gather](none))},
	{bug: "Dropout ignores First", group: "Dropout", in: changed(firstOf[backend.Dropout](none))},
	{bug: "Probes ignore First", group: "Probes", in: changed(firstOf[backend.Probes](none))},
	{bug: "Reparam ignores First", group: "Reparam", in: changed(firstOf[backend.Reparam](none))},
	{bug: "ReparamBack ignores First", group: "Reparam", in: changed(firstOf[backend.ReparamBack](none))},
	{bug: "ImportanceWeights ignore First", group: "Importance", in: changed(firstOf[backend.ImportanceWeights](none))},
	{bug: "ImportanceBack ignores First", group: "Importance", in: changed(firstOf[backend.ImportanceBack](none))},
	{bug: "shares draw the same noise", group: "Shares", in: changed(firstOf[backend.ImportanceBack](none))},
	{bug: "First of 31 bits", group: "Reparam", in: changed(firstOf[backend.Reparam](bits31))},
	{bug: "First of 31 bits in a batch", group: "Gather", in: changed(firstOf[backend.Gather](bits31))},
	{bug: "First of a step is ignored", group: "Record", in: changed(firstOf[backend.Reparam](none))},
	{bug: "First counts blocks", group: "Shares", in: changed(firstOf[backend.Dropout](func(first int) int { return 4 * first }))},
	{bug: "ColumnMeans ignore Of", group: "Penalties", in: changed(func(o backend.ColumnMeans) backend.Operation { o.Of = 0; return o })},
	{bug: "GaussianKL ignores Of", group: "Reparam", in: changed(func(o backend.GaussianKL) backend.Operation { o.Of = 0; return o })},
	{bug: "an only rank has zeros", group: "AllReduce", in: changed(func(o backend.AllReduce) backend.Operation { return backend.Zero{Dst: o.V} })},
}

func none(int) int         { return 0 }
func bits31(first int) int { return first & math.MaxInt32 }

// firstOf is a change of where an operation's noise begins.
func firstOf[O backend.Operation](to func(first int) int) func(O) backend.Operation {
	return func(op O) backend.Operation {
		o := reflect.ValueOf(&op).Elem()
		spec := o.FieldByName("Noise")
		if !spec.IsValid() {
			spec = o.FieldByName("Batch")
		}
		first := spec.FieldByName("First")
		first.SetInt(int64(to(int(first.Int()))))
		return op
	}
}

// changes is a device that does something else than an operation of one kind.
type changes struct {
	backend.Device
	of func(backend.Operation) backend.Operation
}

func (d changes) Enqueue(op backend.Operation) { d.Device.Enqueue(d.of(op)) }

func changed[O backend.Operation](to func(O) backend.Operation) func(backend.Device) backend.Device {
	return func(d backend.Device) backend.Device {
		return changes{d, func(op backend.Operation) backend.Operation {
			if o, ok := op.(O); ok {
				return to(o)
			}
			return op
		}}
	}
}

// TestMisusesOfRanks: what is wrong with them is where noise begins, how many rows there
// are, and that nothing is added up.
func TestMisusesOfRanks(t *testing.T) {
	r := newRig(real{t}, Suite{}, func(tester) backend.Device { return ref64.New() })
	defer r.close()
	p := r.pieces(r.ref)
	for _, op := range append(p.ranks(4, 1<<33, 3, p.a), p.ranks(0, 0, 0, p.a)...) {
		if err := op.Check(); err != nil {
			t.Errorf("without a misuse: %v", err)
		}
	}
	for _, op := range p.ranks(2, -4, 2, backend.Tensor{}) {
		if op.Check() == nil {
			t.Errorf("%s with a misuse: no error", backend.Name(op))
		}
	}
}
