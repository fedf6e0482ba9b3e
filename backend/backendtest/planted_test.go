package backendtest

import (
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
)

// fault is one thing that goes wrong, and the group of the suite that is meant for it.
type fault struct {
	bug, group string
	in         func(backend.Device) backend.Device // the device with it
}

// TestPlantedBugs breaks one thing at a time in a device that passes, and demands
// that the group meant for it says so.
func TestPlantedBugs(t *testing.T) {
	plants := slices.Concat(layerPlants, noisePlants, lossPlants, updatePlants, devicePlants, recordPlants, rankPlants)
	for _, p := range plants {
		t.Run(p.bug, func(t *testing.T) {
			root := &recorder{}
			Suite{only: p.group}.run(root, func(tester) backend.Device { return planted{p.in(ref64.New())} })
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
