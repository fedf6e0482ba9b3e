//go:build cuda

package gpu

import (
	"cmp"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"unsafe"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/cudasim"
	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
	"gorgonia.org/cu"
)

// Every quirk of the simulator (cudasim.QuirksEnv), on and off: what a device comes to
// with it, and that it is right with it.

// withQuirks runs a test with quirks on and then off.
func withQuirks(t *testing.T, on, off string, test func(t *testing.T, on bool)) {
	simulator(t)
	for _, quirks := range []string{on, off} {
		t.Run(quirks, func(t *testing.T) {
			t.Setenv(cudasim.QuirksEnv, quirks)
			test(t, quirks == on)
		})
	}
}

// Either derivative of ReLU is right at a pre-activation of exactly 0.
func TestMaskAtZero(t *testing.T) {
	withQuirks(t, "mask-at-zero", "-mask-at-zero", func(t *testing.T, on bool) {
		r := newLayerRig(t, Options{})
		r.d.Upload(r.x, []float32{0, -1, float32(math.Copysign(0, -1)), 1})
		r.program(func() { r.forward(); r.backward() }).Launch(1)
		if on {
			r.want("zeros let through", 1, 0, 3, 4)
		} else {
			r.want("zeros held back", 0, 0, 0, 4)
		}
	})
}

// A device's ReLU may swallow a NaN.
func TestReLUDropsNaN(t *testing.T) {
	withQuirks(t, "relu-drops-nan", "-relu-drops-nan", func(t *testing.T, on bool) {
		r := newLayerRig(t, Options{})
		r.d.Upload(r.x, []float32{float32(math.NaN()), 1, 2, 3})
		r.forward()
		if y := r.values(r.y); math.IsNaN(float64(y[0])) == on || y[3] != 3 {
			t.Errorf("relu(NaN, NaN, 2, 3) is %v", y)
		}
	})
}

// A layer enqueued and a recorded one, which also writes its mask, are the same to
// rounding and not always to the bit.
func TestEpiloguesDiffer(t *testing.T) {
	withQuirks(t, "epilogues-differ", "-epilogues-differ", func(t *testing.T, on bool) {
		r := newRig(t, Options{})
		x, w, y, dx := r.alloc(8, 64), r.alloc(16, 64), r.alloc(8, 16), r.alloc(8, 16)
		for i, to := range []backend.Tensor{x, w} {
			v := make([]float32, to.Len())
			for k := range v {
				v[k] = float32(math.Sin(float64(k*(i+2)) * 1.3))
			}
			r.d.Upload(to, v)
		}
		layer := func() { r.d.Enqueue(backend.Linear{Y: y, X: x, W: w, Act: backend.ReLU}) }
		layer()
		eager := r.values(y)
		square := r.identity(16)
		r.program(func() {
			layer()
			r.d.Enqueue(backend.LinearBackInput{DX: dx, DY: y, W: square, Saved: y, Act: backend.ReLU})
		}).Launch(1)
		recorded := r.values(y)
		if slices.Equal(eager, recorded) == on {
			t.Errorf("enqueued and recorded are equal: %t", !on)
		}
		for i := range eager {
			if !(math.Abs(float64(eager[i]-recorded[i])) <= 1e-5) {
				t.Errorf("element %d: %v enqueued, %v recorded", i, eager[i], recorded[i])
			}
		}
	})
}

// The library proposes algorithms for another epilogue in another order.
func TestOrderOfProposals(t *testing.T) {
	withQuirks(t, "epilogues-differ", "-epilogues-differ", func(t *testing.T, on bool) {
		t.Setenv("AEGPU_CUDASIM_FAST_ALGORITHM", "1")
		r := newRig(t, Options{Tuning: filepath.Join(t.TempDir(), "tuning")})
		x, w, y := r.alloc(8, 64), r.alloc(16, 64), r.alloc(8, 16)
		for _, act := range []backend.Activation{backend.Identity, backend.ReLU} {
			r.d.Enqueue(backend.Linear{Y: y, X: x, W: w, Act: act})
		}
		r.sync()
		a := r.d.Device.(*Device).asked
		if len(a) != 2 || a[0].spec.Epilogue == a[1].spec.Epilogue || (a[0].chosen != a[1].chosen) != on {
			t.Errorf("of what was asked for the fastest are %+v", a)
		}
	})
}

// What a capture may not hold is refused, and a step holds none of it (every test
// that records shows that: the quirk is on by default).
func TestStrictCapture(t *testing.T) {
	withQuirks(t, "strict-capture", "-strict-capture", func(t *testing.T, on bool) {
		codes := map[string]error{"asking for algorithms": cublaslt.Status(14)}
		for name, call := range map[string]func(d *Device) error{
			"allocating": func(d *Device) error { _, err := d.allocate(8); return err },
			"copying": func(d *Device) error {
				v := float32(1)
				return cu.MemcpyHtoD(d.scratch.part.at, unsafe.Pointer(&v), 4)
			},
			"asking for algorithms": func(d *Device) error {
				s := cublaslt.Spec{M: 8, N: 8, K: 8, LDA: 8, LDB: 8, LDD: 8, Compute: cublaslt.Compute32F, Epilogue: cublaslt.Plain, AlignA: 16, AlignB: 16, AlignD: 16}
				p, err := d.lt.Plan(s, workspaceSize, 0, 0)
				if err == nil {
					p.Free()
				}
				return err
			},
		} {
			t.Run(name, func(t *testing.T) {
				d := newRig(t, Options{}).d.Device.(*Device)
				var refused error
				err := d.worker.Do(func() error {
					graph, err := d.capture(func() error { refused = call(d); return nil })
					if err == nil {
						err = graph.Destroy()
					}
					return err
				})
				code := cmp.Or[error](codes[name], cu.StreamCaptureUnsupported)
				if (refused != nil) != on || (err != nil) != on || on && !errors.Is(refused, code) {
					t.Errorf("%v, and the capture ends with %v", refused, err)
				}
			})
		}
	})
}

// A product that is refused when it is asked for, when it first runs, or in the
// capture alone, is done without its epilogue.
func TestRefusedProductFallsBack(t *testing.T) {
	withQuirks(t, "no-drelu-k1", "-no-drelu-k1", narrow)
	withQuirks(t, "refuse-late", "-no-drelu-k1", narrow)
	withQuirks(t, "refuse-captured", "-no-drelu-k1", narrow)
}

// A derivative that the library makes in a launch of its own is left to a kernel.
func TestDerivativeApart(t *testing.T) {
	withQuirks(t, "drelu-two-nodes,-no-drelu-k1", "-no-drelu-k1", narrow)
}

// narrow is the backward pass through a layer of one unit after a ReLU.
func narrow(t *testing.T, refused bool) {
	r := newRig(t, Options{})
	x, h, y, w, v, dh := r.alloc(2, 3), r.alloc(2, 3), r.alloc(2, 1), r.identity(3), r.alloc(1, 3), r.alloc(2, 3)
	r.d.Upload(x, []float32{1, -2, 3, -4, 5, -6})
	r.count(v)
	launches := 3
	if refused {
		launches++ // the derivative's own
	}
	p := r.record(launches, func() {
		r.d.Enqueue(backend.Linear{Y: h, X: x, W: w, Act: backend.ReLU})
		r.d.Enqueue(backend.Linear{Y: y, X: h, W: v})
		r.d.Enqueue(backend.LinearBackInput{DX: dh, DY: y, W: v, Saved: h, Act: backend.ReLU})
	})
	p.Launch(1)
	if got := r.values(dh); !slices.Equal(got, []float32{10, 0, 30, 0, 20, 0}) {
		t.Errorf("dh is %v", got)
	}
	var why error
	for _, a := range r.d.Device.(*Device).asked {
		if a.spec.Epilogue == cublaslt.DReLU {
			why = a.err
		}
	}
	if errors.Is(why, cublaslt.ErrUnsupported) != refused {
		t.Errorf("the product is noted as refused with %v", why)
	}
}

// A product with sums may be two nodes, of which the second reads what the first did.
func TestSumsOfTheirOwn(t *testing.T) {
	withQuirks(t, "bgrad-two-nodes", "-bgrad-two-nodes", func(t *testing.T, on bool) {
		r := newRig(t, Options{})
		dy, x, dw, db := r.alloc(3, 2), r.alloc(3, 2), r.alloc(2, 2), r.alloc(1, 2)
		r.count(dy)
		r.count(x)
		launches := 1
		if on {
			launches = 2
		}
		r.record(launches, func() { r.d.Enqueue(backend.LinearBackWeights{DW: dw, DB: db, DY: dy, X: x}) }).Launch(1)
		if got := r.values(db); !slices.Equal(got, []float32{9, 12}) {
			t.Errorf("db is %v", got)
		}
		for _, v := range variants() {
			if v.Name == "plain" || v.Name == "VAE" {
				train(t, nil, v.Spec, adam, FP32)
				train(t, nil, v.Spec, adam, BF16)
			}
		}
	})
}
