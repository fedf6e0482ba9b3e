package plan_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/plan"
)

// TestReplay holds plans of random lists to the operations done one by one, launched
// as a step three times and each by itself: no stale copy or mask is read, nothing
// that was not written, and what runs beside the first stream is waited for. With
// AEGPU_EXHAUSTIVE there are fifty times as many.
func TestReplay(t *testing.T) {
	lists := 4000
	if os.Getenv("AEGPU_EXHAUSTIVE") != "" {
		lists = 200000
	}
	seen := map[string]int{}
	for seed := range uint64(lists) {
		g := newLists(seed)
		list, o := g.draw(2+g.IntN(14)), g.options()
		what, p := g.replay(list, o)
		if what == "" {
			what = g.apart(list, o)
		}
		if what != "" {
			list = g.shrunk(list, o)
			what, p = g.replay(list, o)
			t.Fatalf("seed %d: %s%s\n%s\n%v", seed, what, g.apart(list, o), golden{name: "list", Options: o, list: list}.text(), p)
		}
		note(seen, p)
	}
	t.Logf("%d lists: %v", lists, seen)
	for _, what := range []string{"mask", "applied", "slope", "sloped", "added", "ended", "half only", "both", "copied", "kept", "restored", "aside", "waited", "fetched", "follows", "bias in bfloat16", "sums beside", "reduced", "reduced after aside"} {
		if seen[what] < lists/400 {
			t.Errorf("%s: in %d of %d plans", what, seen[what], lists)
		}
	}
}

// shrunk is the list without what it fails without.
func (g *lists) shrunk(list backend.List, o plan.Options) backend.List {
	for i := 0; i < len(list); {
		less := slices.Delete(slices.Clone(list), i, i+1)
		what, _ := g.replay(less, o)
		if what+g.apart(less, o) != "" {
			list, i = less, 0
		} else {
			i++
		}
	}
	return list
}

// worlds are two of the same memory.
func (g *lists) worlds() (one, other *world) {
	one, other = newWorld(), newWorld()
	for _, m := range g.memories() {
		other.cells[m] = slices.Clone(one.of(m, 0))
	}
	other.dirt = 1 << 40
	return one, other
}

// replay launches the plan of a list as a step and says what is not as it should be.
func (g *lists) replay(list backend.List, o plan.Options) (what string, p *plan.Plan) {
	defer func() {
		if r := recover(); r != nil {
			what = fmt.Sprint(r)
		}
	}()
	p, err := plan.Make(list, o)
	if err != nil {
		return err.Error(), nil
	}
	if what := unplaced(p, o); what != "" {
		return what, p
	}
	want, got := g.worlds()
	want.ranks, got.early = o.Ranks, g.early
	for _, s := range p.Copies {
		got.copyOf(s.Of, s.At).fill(got.tensor(s.Of).get)
	}
	for round := range 3 {
		got.fetch(p, round)
		for _, op := range list {
			want.compute(op)
		}
		if n := got.run(p); n > 0 {
			return fmt.Sprintf("%d launches are not waited for", n), p
		}
		if what := g.differ(want, got, p); what != "" {
			return fmt.Sprintf("launch %d: %s", round+1, what), p
		}
		for c, rows := range p.Ticks {
			if have := got.time(c.Mem)[0]; have != uint64(rows*(round+1)) {
				return fmt.Sprintf("%v shows row %d after %d launches of %d", c.Mem, have, round+1, rows), p
			}
		}
	}
	return "", p
}

// apart does each operation by itself.
func (g *lists) apart(list backend.List, o plan.Options) (what string) {
	defer func() {
		if r := recover(); r != nil {
			what = fmt.Sprint(r)
		}
	}()
	o.Step = false
	want, got := g.worlds()
	want.ranks = o.Ranks
	for i, op := range list {
		p, err := plan.Make(backend.List{op}, o)
		if err != nil {
			return err.Error()
		}
		want.compute(op)
		got.run(p)
		if what := g.differ(want, got, p); what != "" || len(p.HalfOnly)+len(p.Copies)+len(p.Fetches) > 0 {
			return fmt.Sprintf("operation %d apart: %s\n%v", i, what, p)
		}
	}
	return ""
}

func (w *world) copyOf(t backend.Tensor, b *plan.Buffer) views {
	return views{view{at: w.of(b, 0), ld: plan.HalfLD(t), rows: t.Rows, cols: t.Cols}}
}

// fetch fills the buffers of rows before a launch, where the one before has not.
func (w *world) fetch(p *plan.Plan, round int) {
	for _, f := range p.Fetches {
		last := f
		for _, l := range p.Fetches {
			if l.At == f.At {
				last = l
			}
		}
		held := round > 0 && last.After+last.Rows == f.After+p.Ticks[f.Clock] && last.Rows >= f.Rows
		if !f.Follows && !held {
			k, _ := f.Fill(f.After, 1)
			w.prefetch(k)
		}
	}
}

// unplaced is a buffer that is used and not among the plan's, or is and not used.
func unplaced(p *plan.Plan, o plan.Options) string {
	var used []*plan.Buffer
	use := func(base any) {
		if b, ok := base.(*plan.Buffer); ok && !slices.Contains(used, b) {
			used = append(used, b)
		}
	}
	for _, it := range p.Items {
		if q := it.Product; q != nil {
			for _, base := range []any{q.A.At.Base, q.B.At.Base, q.C.At.Base, q.Bias.Base, q.Mask.Base} {
				use(base)
			}
		} else if it.Kernel != nil {
			for _, a := range it.Kernel.Args() {
				use(a.Pointer.Base)
			}
		}
		if it.Stream == plan.Aside && it.Product == nil {
			return "a kernel runs aside, where the scratch may be in use: " + it.String()
		}
		if (it.Stream == plan.Reducing) != (it.Reduce != nil) && !o.OneStream {
			return "sums over the ranks are on more than one stream: " + it.String()
		}
	}
	has := slices.Clone(p.Buffers)
	for _, s := range p.Copies {
		has = append(has, s.At)
	}
	for _, b := range has {
		if !slices.Contains(used, b) {
			return fmt.Sprintf("nothing uses %v", b)
		}
	}
	for _, b := range used {
		if !slices.Contains(has, b) {
			return fmt.Sprintf("there is no memory for %v", b)
		}
	}
	return ""
}

// differ is the first element that is not as it should be: of what is in half only, in its
// copy.
func (g *lists) differ(want, got *world, p *plan.Plan) string {
	alone := map[backend.Memory]map[int]bool{}
	for _, t := range p.HalfOnly {
		if alone[t.Of.Mem] == nil {
			alone[t.Of.Mem] = map[int]bool{}
		}
		for i := range t.Of.Len() {
			alone[t.Of.Mem][t.Of.Off+i] = true
		}
		if what := copied(want, got, t.Of, t.Half); what != "" {
			return what
		}
	}
	for _, m := range g.memories() {
		for i, x := range want.of(m, 0) {
			if got.of(m, 0)[i] != x && !alone[m][i] {
				return fmt.Sprintf("%v+%d is something else", m, i)
			}
		}
	}
	for _, s := range p.Copies {
		if what := copied(want, got, s.Of, s.At); what != "" {
			return what
		}
	}
	for _, c := range g.clocks {
		if !slices.Equal(want.time(c.Mem), got.time(c.Mem)) {
			return fmt.Sprintf("%v shows %v, not %v", c.Mem, got.time(c.Mem), want.time(c.Mem))
		}
	}
	return ""
}

// copied says where a copy is not what it is of.
func copied(want, got *world, of backend.Tensor, b *plan.Buffer) string {
	is, should := got.copyOf(of, b)[0], want.tensor(of)
	for r := range of.Rows {
		for c := range of.Cols {
			if is.get(r, c) != should.get(r, c) {
				return fmt.Sprintf("%v at %d, %d is something else", b, r, c)
			}
		}
	}
	return ""
}

// note counts plans by what is in them, so that a generator that draws none is seen.
func note(seen map[string]int, p *plan.Plan) {
	in := map[string]bool{"half only": len(p.HalfOnly) > 0}
	for _, it := range p.Items {
		in["aside"] = in["aside"] || it.Stream == plan.Aside
		in["fetched"] = in["fetched"] || it.Stream == plan.Fetching
		in["waited"] = in["waited"] || len(it.Joins) > 0
		in["reduced"] = in["reduced"] || it.Stream == plan.Reducing
		in["reduced after aside"] = in["reduced after aside"] || len(it.After) > 0
		if q := it.Product; q != nil {
			in["mask"] = in["mask"] || q.Epilogue&plan.WriteMask != 0
			in["applied"] = in["applied"] || q.Epilogue&plan.ApplyMask != 0
			in["bias in bfloat16"] = in["bias in bfloat16"] || q.C.Half && q.Epilogue&plan.Bias != 0
			in["sums beside"] = in["sums beside"] || q.Epilogue&(plan.SumA|plan.SumB) != 0
		} else if it.Kernel != nil {
			noteKernel(in, it)
		}
	}
	for _, s := range p.Copies {
		in["kept"] = in["kept"] || s.Kept
	}
	for _, f := range p.Fetches {
		in["follows"] = in["follows"] || f.Follows
	}
	for what, is := range in {
		if is {
			seen[what]++
		}
	}
}

func noteKernel(in map[string]bool, it plan.Item) {
	name := it.Kernel.Kernel().Name
	in["copied"] = in["copied"] || name == "cast_fwd_bf16" && it.Op != ""
	in["restored"] = in["restored"] || name == "cast_fwd_bf16" && it.Op == ""
	has := map[string]uint64{}
	for _, a := range it.Kernel.Args() {
		if has[a.Name] = a.Bits; a.Pointer.Base != nil {
			has[a.Name] = 1
		}
	}
	in["slope"] = in["slope"] || name != "act_bwd_f32" && name != "contract_shallow_bwd_f32" && has["saved"]+has["saved_half"] > 0
	in["sloped"] = in["sloped"] || has["sloped"] == 1
	in["added"] = in["added"] || has["total"] == 1 || name == "check_fwd_f32" && has["sum"] == 1
	in["ended"] = in["ended"] || (name == "update_fwd_f32" || name == "trust_fwd_f32") && int64(has["rows"]) >= 0
	in["both"] = in["both"] || has["half"] == 1 && (has["y"] == 1 || has["out"] == 1 || has["dx"] == 1 || has["dout"] == 1)
}
