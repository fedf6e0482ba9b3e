//go:build cuda

package gpu

import (
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// What was freed is an error by name, and never touched: of an operation, a transfer
// and a program that outlives its operands.
func TestFreedIsRefused(t *testing.T) {
	type rigged struct {
		d    backend.Device
		a, b backend.Tensor
		p    backend.Program
	}
	for name, use := range map[string]func(r rigged){
		"enqueued":   func(r rigged) { r.d.Enqueue(backend.Copy{Dst: r.a, Src: r.b}) },
		"compiled":   func(r rigged) { _, _ = r.d.Compile(backend.List{backend.Copy{Dst: r.a, Src: r.b}}) },
		"launched":   func(r rigged) { r.p.Launch(1) },
		"uploaded":   func(r rigged) { r.d.Upload(r.b, make([]float32, 16)) },
		"downloaded": func(r rigged) { r.d.Download(make([]float32, 16), r.b) },
	} {
		t.Run(name, func(t *testing.T) {
			sim := device(t)
			r := rigged{d: open(t, Options{Precision: BF16})}
			var err error
			if r.a, err = r.d.Alloc(4, 4); err == nil {
				r.b, err = r.d.Alloc(4, 4)
			}
			if err == nil {
				r.p, err = r.d.Compile(backend.List{backend.Copy{Dst: r.a, Src: r.b}})
			}
			if err != nil {
				t.Fatal(err)
			}
			r.p.Launch(1)
			r.b.Mem.Free()
			use(r)
			if err := r.d.Sync(); err == nil || !strings.Contains(err.Error(), "freed") {
				t.Errorf("%v, want an error of what is freed", err)
			}
			_ = r.d.Close() // the same error
			sound(t, sim)
		})
	}
}
