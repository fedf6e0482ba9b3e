package backendtest

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
)

// TestAlignedPaths plants an error of a thousandth in each result of each operation,
// in its last column, or row, and only where a fast path might be taken: all
// operands aligned, and one side of 64, 128, 256, 512 or 1024. Each must be found,
// of each length. An operation of the seam that is not planted fails. With -short
// only the losses are.
func TestAlignedPaths(t *testing.T) {
	calls := map[string]map[string]*called{} // by operation and group
	for _, g := range groups() {
		if testing.Short() && g.name != "Loss" {
			continue
		}
		for op, c := range spy(g.name) {
			if calls[op] == nil {
				calls[op] = map[string]*called{}
			}
			calls[op][g.name] = c
		}
	}
	names := slices.Sorted(maps.Keys(calls))
	for _, name := range operations() {
		of := func(op string) bool { return strings.Fields(op)[0] == name }
		if !testing.Short() && !slices.ContainsFunc(names, of) {
			t.Errorf("%s is never called with an even shape, or has no plant in alignedplants_test.go", name)
		}
	}
	for _, op := range names {
		if testing.Short() && !strings.HasPrefix(op, "Loss ") {
			continue
		}
		group, c := widest(calls[op])
		t.Run(op, func(t *testing.T) { c.plantEach(t, group, op) })
	}
}

// plantEach plants errors in each result, by the length of each side.
func (c *called) plantEach(t *testing.T, group, op string) {
	for side, lengths := range c.lengths {
		for out := range c.outs {
			found := plant(group, op, side, out)
			for _, n := range evens {
				if !lengths[n] {
					t.Errorf("side %d is never %d, aligned", side, n)
				} else if !found[n] {
					t.Errorf("result %d wrong where side %d is %d: the %s group passed", out, side, n, group)
				}
			}
		}
	}
}

// operations are the methods of a device that compute, or move, what has a length.
func operations() (names []string) {
	rest := []string{"Info", "AllocClock", "SetClock", "Enqueue", "Compile", "Sync", "Close"}
	d := reflect.TypeFor[backend.Device]()
	for i := range d.NumMethod() {
		if name := d.Method(i).Name; !slices.Contains(rest, name) {
			names = append(names, name)
		}
	}
	for _, op := range backend.Operations() {
		if name := backend.Name(op); name != "Tick" {
			names = append(names, name)
		}
	}
	return names
}

// called is how a group calls an operation: with which lengths of each side, and
// with how many results.
type called struct {
	lengths []map[int]bool
	outs    int
}

// spy notes how a group calls the operations where it takes even shapes.
func spy(group string) map[string]*called {
	calls := map[string]*called{}
	root := &recorder{}
	Suite{only: group, even: true}.run(root, func(tester) backend.Device {
		return planted{&spoils{Device: ref64.New(), saw: func(op string, sides []int, outs int) {
			c := calls[op]
			if c == nil {
				c = &called{lengths: make([]map[int]bool, len(sides))}
				calls[op] = c
			}
			for i, n := range sides {
				if c.lengths[i] == nil {
					c.lengths[i] = map[int]bool{}
				}
				c.lengths[i][n] = true
			}
			c.outs = max(c.outs, outs)
		}}}
	})
	return calls
}

// widest is the group that calls an operation with most of the even lengths.
func widest(groups map[string]*called) (group string, most *called) {
	best := -1
	for _, g := range slices.Sorted(maps.Keys(groups)) {
		n := 0
		for _, lengths := range groups[g].lengths {
			for _, e := range evens {
				if lengths[e] {
					n++
				}
			}
		}
		if n > best {
			best, group, most = n, g, groups[g]
		}
	}
	return group, most
}

// plant runs a group against one wrong result, and tells for which lengths of the
// side it was found: a comparison failed next after it.
func plant(group, op string, side, out int) map[int]bool {
	last, found := 0, map[int]bool{}
	root := &recorder{failing: func() { found[last] = true }}
	Suite{only: group, even: true}.run(root, func(tester) backend.Device {
		return planted{&spoils{Device: ref64.New(), op: op, side: side, out: out, spoilt: func(n int) { last = n }}}
	})
	return found
}

// spoils is a device with an error of a thousandth in one result of an operation,
// where everything is aligned and one side is one of evens.
type spoils struct {
	backend.Device
	op        string
	side, out int
	spoilt    func(length int)
	saw       func(op string, sides []int, outs int)
}

// result is what an operation writes: a tensor, or accumulators.
type result struct {
	t backend.Tensor
	s backend.Sums
}

// wrong is what an error of a thousandth makes of a number; of 0 it makes one too.
func wrong(x float64) float64 {
	if x == 0 {
		return 1e-3
	}
	return x * (1 + 1e-3)
}

func aligned(ts ...backend.Tensor) bool {
	for _, t := range ts {
		if t.Off%64 != 0 {
			return false
		}
	}
	return true
}

// due reports whether this is a call to spoil.
func (d *spoils) due(op string, sides []int, operands ...backend.Tensor) bool {
	return d.op == op && aligned(operands...) && slices.Contains(evens, sides[d.side])
}

// did comes after every operation: its sides, its results, its other operands.
func (d *spoils) did(op string, sides []int, outs []result, ins ...backend.Tensor) {
	operands := ins
	for _, r := range outs {
		operands = append(operands, r.t)
	}
	if d.saw != nil && aligned(operands...) {
		d.saw(op, sides, len(outs))
	}
	if d.op != op || d.out >= len(outs) || !d.due(op, sides, operands...) {
		return
	}
	r := outs[d.out]
	switch {
	case !r.t.None():
		edit(d.Device, r.t, func(v []float32) { spoil(v, r.t, d.side == 0) })
	case r.s.Mem != nil:
		v := readSums(d.Device, r.s)
		v[len(v)-1] = wrong(v[len(v)-1])
		d.Device.WriteSums(r.s, v)
	default:
		return // not wanted in this call
	}
	d.spoilt(sides[d.side])
}

// spoil is wrong in the last row, or else in the last column.
func spoil(v []float32, t backend.Tensor, row bool) {
	first, step := t.Cols-1, t.Cols
	if row && t.Rows > 1 {
		first, step = (t.Rows-1)*t.Cols, 1
	}
	for i := first; i < len(v); i += step {
		v[i] = float32(wrong(float64(v[i])))
	}
}

func tensor(t backend.Tensor) result { return result{t: t} }
func sumAt(s backend.Sums, i int) result {
	return result{s: backend.Sums{Mem: s.Mem, Off: s.Off + i, N: 1}}
}

func tensors(ts ...backend.Tensor) (outs []result) {
	for _, t := range ts {
		outs = append(outs, tensor(t))
	}
	return outs
}
