//go:build cuda

package cudasim

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/aegpu/aegpu/gpu/internal/libcuda"
	"github.com/aegpu/aegpu/gpu/internal/nccl"
	"gorgonia.org/cu"
)

func streamOf(s cu.Stream) uintptr { return uintptr(unsafe.Pointer(s.C())) }

// errs wants an error with that text.
func (r *rig) errs(what string, err error, want string) {
	r.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		r.Errorf("%s: %v, want %q", what, err, want)
	}
}

// TestRulesOfNCCL breaks those of a communicator of one.
func TestRulesOfNCCL(t *testing.T) {
	r := newRig(t)
	id, err := nccl.NewID("")
	r.must(err)
	_, err = nccl.Join("", make([]byte, 128), 0, 1)
	r.errs("an identity of nobody", err, "did not make")
	_, err = nccl.Join("", id, 1, 1)
	r.errs("a rank beyond the last", err, "rank 1 of 1")
	c, err := nccl.Join("", id, 0, 1)
	r.must(err)
	_, err = nccl.Join("", id, 0, 1)
	r.errs("a second rank on a device", err, "are both on device 0")
	p := upload(r, ramp(4))

	r.must(libcuda.BeginCapture(r.stream))
	r.errs("the first sum in a capture", c.AllReduce(uintptr(p), 4, nccl.Float32, streamOf(r.stream)), "takes memory")
	_, err = libcuda.EndCapture(r.stream)
	r.errs("the capture", err, "INVALIDATED")
	r.must(c.AllReduce(uintptr(p), 4, nccl.Float32, streamOf(r.stream)))
	r.must(c.Broadcast(uintptr(p), 16, 0, streamOf(r.stream)))
	r.must(r.stream.Synchronize())
	if n := r.sim.Stats().Collectives; n != 2 {
		t.Errorf("%d collectives ran, want 2", n)
	}

	r.must(libcuda.BeginCapture(r.stream))
	r.must(c.AllReduce(uintptr(p), 4, nccl.Float32, streamOf(r.stream)))
	g, err := libcuda.EndCapture(r.stream)
	r.must(err)
	e, err := g.Instantiate()
	r.must(err)
	r.must(e.Launch(r.stream))
	r.must(r.stream.Synchronize())
	r.errs("given back before its graphs", c.Destroy(), "graphs have operations of it")
	r.must(g.Destroy())
	r.must(e.Destroy())
	r.sim.Reset()
	r.errs("what is not the device's memory", c.AllReduce(4096, 4, nccl.Float32, streamOf(r.stream)), "memory that is not the device's")
	r.sim.Reset()
	r.must(c.Destroy())
	if err := c.Destroy(); err == nil {
		t.Error("it can be given back twice")
	}
	r.free(p)
	r.close("a communicator that was given back is used")
}

// TestCommunicatorLeft does not give one back.
func TestCommunicatorLeft(t *testing.T) {
	r := newRig(t)
	id, err := nccl.NewID("")
	r.must(err)
	_, err = nccl.Join("", id, 0, 1)
	r.must(err)
	r.close("a communicator was not given back")
}

// onDevices does something in a context of each of two devices, on threads of their own.
func onDevices(t *testing.T, do func(r *rig, rank int)) {
	t.Setenv("AEGPU_CUDASIM_DEVICES", "2")
	if _, err := Use(); err != nil {
		t.Skip(err)
	}
	if err := libcuda.Load(); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for rank := range 2 {
		wait.Go(func() {
			r := newRigOn(t, rank)
			do(r, rank)
			if err := r.ctx.Destroy(); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}

// TestDevicesAreApart uses the memory and the stream of one device on another.
func TestDevicesAreApart(t *testing.T) {
	var first cu.DevicePtr
	var stream cu.Stream
	made, used := make(chan bool), make(chan bool)
	onDevices(t, func(r *rig, rank int) {
		if rank == 0 {
			r.sim.Reset()
			first, stream = upload(r, ramp(4)), r.stream
			close(made)
			<-used
			r.free(first)
			return
		}
		<-made
		defer close(used)
		mine := upload(r, ramp(4))
		if err := cu.MemcpyDtoDAsync(mine, first, 16, stream); err == nil {
			t.Error("a copy on the stream of another device is taken")
		}
		if err := cu.MemFree(first); err == nil {
			t.Error("the memory of another device can be freed")
		}
		r.must(cu.MemcpyDtoDAsync(mine, first, 16, r.stream))
		if err := r.stream.Synchronize(); err == nil {
			t.Error("a copy of the memory of another device is made")
		}
		for _, want := range []string{"copy on a stream of device 0 in the context of device 1", "free of memory of device 0", "of 16 bytes of device 0, on device 1"} {
			if !strings.Contains(r.sim.Report(), want) {
				t.Errorf("%q is not in %s", want, r.sim.Report())
			}
		}
		r.free(mine)
	})
}

// TestRanksOfNCCL adds up over two devices whose streams one goroutine waits for after the other: neither hangs.
func TestRanksOfNCCL(t *testing.T) {
	var id []byte
	made, enqueued, done := make(chan bool), make(chan bool), make(chan bool)
	onDevices(t, func(r *rig, rank int) {
		if rank == 0 {
			var err error
			id, err = nccl.NewID("")
			r.must(err)
			r.sim.Reset()
			close(made)
		}
		<-made
		c, err := nccl.Join("", id, rank, 2)
		r.must(err)
		p := upload(r, []float32{1, 2, float32(rank)})
		r.must(c.AllReduce(uintptr(p), 3, nccl.Float32, streamOf(r.stream)))
		if rank == 1 {
			close(enqueued)
			<-done // rank 0 has its sum, though this one's owner waits for it
		}
		<-enqueued
		got := make([]float32, 3)
		r.must(r.stream.Synchronize())
		r.must(cu.MemcpyDtoH(unsafe.Pointer(&got[0]), p, 12))
		if rank == 0 {
			close(done)
		}
		if want := "[2 4 1]"; fmt.Sprint(got) != want {
			t.Errorf("rank %d has %v, want %s", rank, got, want)
		}
		r.must(c.Destroy())
		r.free(p)
	})
	if sim, err := Use(); err != nil || sim.Report() != "" {
		t.Errorf("%v %s", err, sim.Report())
	}
}
