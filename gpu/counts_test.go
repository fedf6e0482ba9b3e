//go:build cuda

package gpu

import (
	"testing"

	"github.com/aegpu/aegpu/backend"
)

func TestCounts(t *testing.T) {
	sim := device(t)
	dev := open(t, Options{})
	counter := dev.(backend.MemoryCounter)
	before := counter.HeldBytes()
	x, err := dev.Alloc(10, 10)
	if err != nil {
		t.Fatal(err)
	}
	if held := counter.HeldBytes() - before; held != 400 {
		t.Errorf("%d bytes are held more after an allocation of 400", held)
	}
	p, err := dev.Record(func() { dev.Zero(x); dev.Activate(x, x, backend.Tanh) })
	if err != nil {
		t.Fatal(err)
	}
	if n := p.(backend.LaunchCounter).Nodes(); n != 2 {
		t.Errorf("a fill and a kernel are %d launches", n)
	}
	x.Mem.Free()
	if err := dev.Close(); err != nil {
		t.Error(err)
	}
	sound(t, sim)
}
