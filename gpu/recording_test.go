//go:build cuda

package gpu

import (
	"slices"
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// layerRig is a layer y = relu(x W^T) with W the identity, and its backward pass.
type layerRig struct {
	rig
	x, y, w, dy, dx, b backend.Tensor
}

func newLayerRig(t *testing.T, o Options) *layerRig {
	r := &layerRig{rig: newRig(t, o)}
	for _, to := range []*backend.Tensor{&r.x, &r.y, &r.w, &r.dy, &r.dx} {
		*to = r.alloc(2, 2)
	}
	r.d.Upload(r.w, []float32{1, 0, 0, 1})
	r.count(r.dy)
	r.d.Upload(r.x, []float32{1, -1, -1, 1})
	return r
}

func (r *layerRig) forward() {
	r.d.Enqueue(backend.Linear{Y: r.y, X: r.x, W: r.w, B: r.b, Act: backend.ReLU})
}
func (r *layerRig) backward() {
	r.d.Enqueue(backend.LinearBackInput{DX: r.dx, DY: r.dy, W: r.w, Saved: r.y, Act: backend.ReLU})
}

// want compares dx.
func (r *layerRig) want(what string, want ...float32) {
	r.Helper()
	if got := r.values(r.dx); !slices.Equal(got, want) {
		r.Errorf("%s: dx is %v, want %v", what, got, want)
	}
}

// What stands in for a tensor must not outlive what it was made from: ReLU's mask
// and the copies in bfloat16.
func TestDerivedIsNotStale(t *testing.T) {
	for _, o := range []Options{{}, {Precision: BF16}} {
		t.Run(o.Precision.String(), func(t *testing.T) {
			r := newLayerRig(t, o)
			both := r.program(func() { r.forward(); r.backward() })
			both.Launch(1)
			r.want("one recording", 1, 0, 0, 4)
			r.d.Upload(r.x, []float32{-1, 1, 1, -1})
			both.Launch(1)
			r.want("other input", 0, 2, 3, 0)
			back := r.program(r.backward)
			r.d.Upload(r.y, []float32{1, 1, 0, 0})
			back.Launch(1)
			r.want("y overwritten between two recordings", 1, 2, 0, 0)
			over := r.program(func() { r.forward(); r.d.Enqueue(backend.Activate{Y: r.y, X: r.dy}); r.backward() })
			over.Launch(1)
			r.want("y overwritten within one", 1, 2, 3, 4)
			r.d.Upload(r.dy, []float32{5, 6, 7, 8})
			r.backward()
			r.want("eagerly, after an upload", 5, 6, 7, 8)
			over.Launch(1)
			r.d.Upload(r.w, []float32{0, 1, 1, 0})
			over.Launch(1)
			r.want("other weights", 6, 5, 8, 7)
		})
	}
}

func TestLaunchesOfAProgram(t *testing.T) {
	r := newLayerRig(t, Options{Debug: true})
	p := r.record(2, func() { r.forward(); r.backward() })
	p.Launch(19)
	r.want("19 launches", 1, 0, 0, 4)
}

// Memory that was given back is given back to the device, and its own with it.
func TestUsage(t *testing.T) {
	r := newLayerRig(t, Options{Precision: BF16})
	d := r.d.Device.(*Device)
	before := d.Usage()
	extra := r.alloc(2, 2)
	r.d.Enqueue(backend.Linear{Y: extra, X: r.x, W: r.w, B: r.b, Act: backend.ReLU})
	r.d.Enqueue(backend.Linear{Y: r.y, X: extra, W: r.w, B: r.b, Act: backend.ReLU})
	if during := d.Usage(); during.Blocks <= before.Blocks+1 {
		t.Errorf("%+v after a product in bf16, %+v before", during, before)
	}
	extra.Mem.Free()
	r.x.Mem.Free()
	r.w.Mem.Free()
	if after := d.Usage(); after.Blocks != before.Blocks-2 {
		t.Errorf("%+v after freeing what was used, %+v before; want 2 blocks less", after, before)
	}
}
