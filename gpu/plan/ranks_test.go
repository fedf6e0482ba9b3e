package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/plan"
)

// stepOfRanks is the end of a backward pass of two layers: gradients in one block, in buckets of half of it, and what reads them.
func stepOfRanks() (list, reduced backend.List, o plan.Options) {
	c, grads, guard := clock("clock"), tensor("grads", 1, 40), sums("guard", 4)
	dw2, db2, dw, db := grads.Slice(0, 3, 4), grads.Slice(12, 1, 3), grads.Slice(15, 4, 5), grads.Slice(35, 1, 4)
	loss := grads.Slice(39, 1, 1)
	x, y, dy, dy2 := tensor("x", 6, 5), tensor("y", 6, 4), tensor("dy", 6, 4), tensor("dy2", 6, 3)
	list = backend.List{
		backend.ColumnMeans{M: loss, H: tensor("rows", 6, 1)},
		backend.LinearBackWeights{DW: dw2, DB: db2, DY: dy2, X: y},
		backend.LinearBackInput{DX: dy, DY: dy2, W: tensor("w2", 3, 4), Saved: y, Act: backend.ReLU},
		backend.LinearBackWeights{DW: dw, DB: db, DY: dy, X: x},
		backend.Zero{Dst: tensor("z", 1, 1)},
		backend.Check{Guard: guard, Grads: grads.Slice(0, 1, 39), Ends: []int{20, 39}, Rows: loss, Clock: c},
		backend.Tick{Clock: c, Rows: 6},
	}
	return list, list.Bucketed([]backend.Tensor{dw2, db2, dw, db, loss}, 5, 60), plan.Options{Step: true, Ranks: true, SMs: 4}
}

// TestRanks holds where sums over the ranks run and who waits for them.
func TestRanks(t *testing.T) {
	list, reduced, ranks := stepOfRanks()
	l := newLayer()
	sum := backend.AllReduce{V: l.dw}
	half, one := ranks, ranks
	half.Precision, one.OneStream = plan.BF16, true
	kept := backend.List{backend.Dropout{Y: l.x, X: l.dx, Noise: backend.Noise{Clock: clock("clock")}, P: .5}, backend.AllReduce{V: l.x}, l.forward(backend.ReLU)}
	check(t, "ranks", []golden{
		{name: "buckets are summed beside the backward pass", Options: ranks, list: reduced},
		{name: "in bfloat16 they are float32", Options: half, list: reduced},
		{name: "the only rank sums nothing", list: reduced},
		{name: "one stream", Options: one, list: reduced},
		{name: "apart", Options: ranks, apart: true, list: reduced[:4]},
		{name: "what is summed is not in bfloat16 alone", Options: half, list: kept},
		{name: "but for the only rank it may be", Options: plan.Options{Precision: plan.BF16}, list: kept},
		{name: "who writes what is summed waits", Options: ranks, list: backend.List{sum, backend.Zero{Dst: l.x}, backend.Zero{Dst: l.dw}}},
		{name: "sums are in order, and the end waits", Options: ranks, list: backend.List{sum, backend.Zero{Dst: l.x}, sum, backend.AllReduce{V: l.dw.Top(1)}}},
	})
	if a, b := (golden{list: reduced}).planned(), (golden{list: list}).planned(); a != b {
		t.Errorf("for the only rank a list with sums over the ranks is\n%s\nwithout\n%s", a, b)
	}
}

// TestMissingJoinsOfRanks plants plans in which one stream does not wait for another: the replay finds each.
func TestMissingJoinsOfRanks(t *testing.T) {
	_, list, o := stepOfRanks()
	waits := 0
	for k := range 100 {
		p, err := plan.Make(list, o)
		if err != nil {
			t.Fatal(err)
		}
		places := []*[]plan.Stream{&p.Joins}
		for i := range p.Items {
			places = append(places, &p.Items[i].Joins, &p.Items[i].After)
		}
		places = slices.DeleteFunc(places, func(s *[]plan.Stream) bool { return len(*s) == 0 })
		if k == len(places) {
			break
		}
		waits++
		whole := p.String()
		*places[k] = nil
		if replayed(list, p, false)+replayed(list, p, true) == "" {
			t.Errorf("nothing is found where a wait is missing:\n%v\nof\n%s", p, whole)
		}
	}
	if waits < 3 {
		t.Errorf("the step has %d waits", waits)
	}
	p, err := plan.Make(list, o)
	if what := replayed(list, p, false) + replayed(list, p, true); what != "" || err != nil {
		t.Errorf("as it is planned: %s, %v", what, err)
	}
	if !strings.Contains(p.String(), "[reducing] wait for aside") {
		t.Error("no sum waits for a weight gradient:\n", p)
	}
}

// replayed says where a plan differs from its operations one by one.
func replayed(list backend.List, p *plan.Plan, early bool) string {
	want, got := newWorld(), newWorld()
	want.ranks, got.early = true, early
	guard := list[len(list)-2].(backend.Check).Guard.Mem
	memories := []any{guard}
	for _, t := range p.Touches {
		memories = append(memories, t.Mem)
	}
	for _, m := range memories {
		got.cells[m] = slices.Clone(want.of(m, 0))
	}
	for range 2 {
		for _, op := range list {
			want.compute(op)
		}
		if got.run(p) > 0 {
			return "something is not waited for"
		}
	}
	for _, m := range memories {
		if !slices.Equal(want.of(m, 0), got.of(m, 0)) {
			return fmt.Sprintf("%v is something else", m)
		}
	}
	return ""
}
