package backend

import (
	"errors"
	"testing"
)

type planned struct{ elements int }

func (*planned) Free() {}

// planner is a device that can only allocate.
type planner struct {
	Device
	err error
}

func (p planner) Alloc(rows, cols int) (Tensor, error) {
	return Tensor{Mem: &planned{rows * cols}, Rows: rows, Cols: cols}, p.err
}

// ask asks for tensors of awkward sizes.
func ask(got *[]Tensor) func(Alloc) {
	return func(alloc Alloc) {
		*got = nil
		for _, s := range [][2]int{{1, 1}, {3, 5}, {8, 8}, {1, 65}, {0, 7}, {13, 17}, {1, 64}} {
			*got = append(*got, alloc(s[0], s[1]))
		}
	}
}

func TestPlan(t *testing.T) {
	var got []Tensor
	total := Measure(ask(&got))
	for i, x := range got {
		if !x.None() {
			t.Errorf("while measuring, tensor %d has memory", i)
		}
	}
	mem, err := Plan(planner{}, ask(&got))
	if err != nil {
		t.Fatal(err)
	}
	if n := mem.(*planned).elements; n != total {
		t.Errorf("the plan takes %d elements, Measure said %d", n, total)
	}
	end := 0
	for i, x := range got {
		if x.Mem != mem {
			t.Errorf("tensor %d is in memory of its own", i)
		}
		if x.Off%64 != 0 {
			t.Errorf("tensor %d begins at element %d, no multiple of 256 bytes", i, x.Off)
		}
		if x.Off < end {
			t.Errorf("tensor %d begins at %d, within the one before, which ends at %d", i, x.Off, end)
		}
		end = x.Off + x.Len()
	}
	if end > total {
		t.Errorf("the last tensor ends at %d of %d", end, total)
	}
}

func TestPlanOfNothing(t *testing.T) {
	mem, err := Plan(planner{}, func(Alloc) {})
	if err != nil || mem == nil {
		t.Errorf("Plan of nothing: %v, %v", mem, err)
	}
}

func TestPlanThatDoesNotFit(t *testing.T) {
	var got []Tensor
	if _, err := Plan(planner{err: ErrOutOfMemory}, ask(&got)); !errors.Is(err, ErrOutOfMemory) {
		t.Errorf("Plan on a full device: %v", err)
	}
}

func TestViews(t *testing.T) {
	x := Tensor{Mem: &planned{}, Off: 10, Rows: 6, Cols: 4}
	for name, tt := range map[string]struct{ got, want Tensor }{
		"Top":         {x.Top(2), Tensor{x.Mem, 10, 2, 4}},
		"Slice":       {x.Slice(4, 2, 3), Tensor{x.Mem, 14, 2, 3}},
		"Reshape":     {x.Reshape(3, 8), Tensor{x.Mem, 10, 3, 8}},
		"Top of none": {Tensor{}.Top(2), Tensor{}},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, tt.got, tt.want)
		}
	}
	d := Data{Mem: x.Mem, Off: 5, Rows: 9, Cols: 3, Bytes: true}
	if got, want := d.Slice(2, 4).Head(3), (Data{Mem: x.Mem, Off: 11, Rows: 3, Cols: 3, Bytes: true}); got != want {
		t.Errorf("Slice and Head of data: %+v, want %+v", got, want)
	}
	if got, want := x.Data(), (Data{Mem: x.Mem, Off: 10, Rows: 6, Cols: 4}); got != want {
		t.Errorf("a tensor as data: %+v, want %+v", got, want)
	}
	if x.String() != "6x4" || (Tensor{}).String() != "none" {
		t.Errorf("String: %v, %v", x, Tensor{})
	}
}
