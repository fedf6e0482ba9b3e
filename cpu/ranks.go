package cpu

import (
	"os"
	"slices"

	"github.com/aegpu/aegpu/backend"
)

// AllReduce begins to add v up over the ranks. Enqueued by itself it ends there too; in a compiled step it goes on beside
// what follows (see [program.Launch]).
func (d *Device) allReduce(o backend.AllReduce) {
	if !d.begin("AllReduce", o.Check()) {
		return
	}
	if v := d.floats(o.V); d.ready() && d.reducer != nil {
		d.reducer.Begin(v)
		if !d.stepping {
			d.reduced()
		}
	}
}

// reduced waits for all sums over the ranks that were begun.
func (d *Device) reduced() {
	if d.reducer != nil && d.ready() {
		d.stick(d.reducer.Wait())
	}
}

// waits are the operations of a step before which the sums over the ranks that were begun have to be there: since they
// touch one, or are the last. The environment variable AEGPU_OVERLAP=off, to measure what it is worth, has every sum waited
// for at once.
func waits(step backend.List) []bool {
	all := make([]bool, len(step)+1)
	var under []backend.Access
	alone := os.Getenv("AEGPU_OVERLAP") == "off"
	for i, op := range step {
		if alone && len(under) > 0 {
			all[i], under = true, nil
		}
		if _, is := op.(backend.AllReduce); is {
			under = append(under, op.Access())
		} else if len(under) > 0 && slices.ContainsFunc(under, op.Access().Conflicts) {
			all[i], under = true, nil
		}
	}
	all[len(step)] = len(under) > 0
	return all
}
