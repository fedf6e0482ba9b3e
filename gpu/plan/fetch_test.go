package plan_test

import (
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/plan"
)

// hosted are the options under which a data set stays on the host.
func hosted(data backend.Data) plan.Options {
	return plan.Options{OnHost: func(m backend.Memory) bool { return m == data.Mem }}
}

// TestFetch holds what is fetched ahead, into which buffer, and who waits for it.
func TestFetch(t *testing.T) {
	c, other := clock("clock"), clock("another clock")
	data := backend.Data{Mem: &memory{"data"}, Off: 10, Rows: 60, Cols: 5, Bytes: true}
	labels := backend.Data{Mem: &memory{"labels"}, Off: 2, Rows: 60, Cols: 1}
	x, y := tensor("x", 6, 5), tensor("y", 6, 1)
	gather := func(to backend.Tensor, from backend.Data, b backend.Batch) backend.Operation {
		if b.Clock == (backend.Clock{}) {
			b.Clock = c
		}
		return backend.Gather{Clean: to, Data: from, Batch: b}
	}
	rows := func(n int) backend.Operation { return gather(x.Top(n), data, backend.Batch{Shuffle: true}) }
	tick := func(n int) backend.Operation { return backend.Tick{Clock: c, Rows: n} }
	host := hosted(data)
	both := plan.Options{OnHost: func(backend.Memory) bool { return true }}
	check(t, "fetch", []golden{
		{name: "rows are fetched ahead, and the tick waits", Options: host, list: backend.List{rows(6), tick(6)}},
		{name: "not of data on the device", list: backend.List{rows(6), tick(6)}},
		{name: "nor apart", Options: host, apart: true, list: backend.List{rows(6), tick(6)}},
		{name: "the step waits for what is on its way at its end", Options: host, list: backend.List{rows(6), backend.Zero{Dst: y}}},
		{name: "batches use one buffer, one after the other", Options: host, list: backend.List{rows(6), tick(6), rows(6), tick(6), rows(4), tick(4)}},
		{name: "but not a larger one", Options: host, list: backend.List{rows(4), tick(4), rows(6), tick(6)}},
		{name: "nor one that leaves rows out", Options: host, list: backend.List{rows(4), tick(6), rows(4), tick(4)}},
		{name: "nor the same rows again", Options: host, list: backend.List{rows(6), rows(6), tick(6)}},
		{name: "nor rows in another order", Options: host, list: backend.List{rows(6), tick(6), gather(x, data, backend.Batch{}), tick(6)}},
		{name: "nor of another clock", Options: host, list: backend.List{rows(6), tick(6), gather(x, data, backend.Batch{Shuffle: true, Clock: other}), tick(6)}},
		{name: "though it shows the time", Options: host, list: backend.List{rows(6), backend.Tick{Clock: other, Rows: 6}, gather(x, data, backend.Batch{Shuffle: true, Clock: other}), tick(6)}},
		{name: "nor of other data", Options: both, list: backend.List{rows(6), gather(y, labels, backend.Batch{Shuffle: true}), tick(6)}},
	})
	p, err := plan.Make(backend.List{rows(6), tick(6), rows(4), tick(4)}, plan.Options{Step: true, SMs: 1, OnHost: host.OnHost})
	if err != nil {
		t.Fatal(err)
	}
	f := p.Fetches
	if len(f) != 2 || f[0].Follows || !f[1].Follows || f[0].At != f[1].At || f[0].After != 0 || f[1].After != 6 || p.Ticks[c] != 10 {
		t.Errorf("two batches of a step: %+v, %+v, %d rows", *f[0], *f[1], p.Ticks[c])
	}
}
