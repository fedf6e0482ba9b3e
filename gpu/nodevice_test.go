//go:build cuda

package gpu

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/cudasim"
	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
	"github.com/aegpu/aegpu/gpu/internal/libcuda"
)

// The driver is looked for once in a process, so what happens without it is
// tested in others.
func inProcess(t *testing.T, env ...string) string {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run", "^TestOpenElsewhere$", "-test.v")
	c.Env = append(append(os.Environ(), "OPEN_ELSEWHERE=1"), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// TestOpenElsewhere says what Open and List answer. It is run by other tests.
func TestOpenElsewhere(t *testing.T) {
	if os.Getenv("OPEN_ELSEWHERE") == "" {
		t.Skip("run by the other tests")
	}
	if os.Getenv(libcuda.Env) == "" {
		if _, err := cudasim.Use(); err != nil {
			t.Fatal(err)
		}
	}
	d, err := Open(0)
	t.Logf("Open: %v; no driver: %t, no device: %t", err, errors.Is(err, libcuda.ErrNoDriver), errors.Is(err, libcuda.ErrNoDevice))
	if err == nil {
		d.Close()
	}
	infos, err := List()
	t.Logf("List: %d devices, %v", len(infos), err)
	_, err = Probe(0, Options{})
	t.Logf("Probe: %v", err)
}

func TestNoUsableDevice(t *testing.T) {
	simulator(t)
	os.Unsetenv(libcuda.Env)
	defer cudasim.Use()
	sim := os.Getenv(cudasim.Env)
	for _, c := range []struct{ name, env, open, list string }{
		{"no driver", libcuda.Env + "=/nowhere/libcuda.so.1", "/nowhere/libcuda.so.1: cannot open", "List: 0 devices, no CUDA driver"},
		{"no GPU", "AEGPU_CUDASIM_INIT=100", "it finds no GPU", "List: 0 devices, no CUDA device"},
		{"broken driver", "AEGPU_CUDASIM_INIT=999", "cuInit: CUDA error 999", "List: 0 devices"},
		{"none visible", "AEGPU_CUDASIM_DEVICES=0", "device 0 of 0", "List: 0 devices, <nil>"},
		{"too old", "AEGPU_CUDASIM_MAJOR=6", "compute capability 6.0", "List: 1 devices, <nil>"},
		{"no memory", "AEGPU_CUDASIM_MEMORY=1000000", "32 MiB needed, 0 of 0 MiB free", "List: 1 devices, <nil>"},
		{"no cuBLASLt", libcuda.Env + "=" + sim + " " + cublaslt.Env + "=/nowhere/lt.so", "/nowhere/lt.so: cannot open", "List: 1 devices, <nil>"},
		{"usable", "A=B", "Open: <nil>", "List: 1 devices, <nil>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := inProcess(t, strings.Fields(c.env)...)
			probe := "Probe: cuda:0: out of device memory: 80 MiB needed, 0 of 0 MiB free"
			if c.name != "no memory" { // it takes none
				_, open, _ := strings.Cut(out, "Open: ")
				open, _, _ = strings.Cut(open, "; no driver")
				probe = "Probe: " + open
			}
			for _, want := range []string{c.open, c.list, probe} {
				if !strings.Contains(out, want) {
					t.Errorf("%s: want %q in %s", c.env, want, out)
				}
			}
		})
	}
}

// TestProbeTakesNothing holds Probe to what it says: it finds what there is, takes
// no memory of the device and leaves nothing.
func TestProbeTakesNothing(t *testing.T) {
	sim := simulator(t)
	info, err := Probe(0, Options{})
	if err != nil || info.Free == 0 || info.Total == 0 || info.Detail == "" {
		t.Errorf("Probe: %+v, %v", info, err)
	}
	if s := sim.Stats(); s.PeakBytes != 0 || s.Launches != 0 {
		t.Errorf("it takes %d bytes and %d launches", s.PeakBytes, s.Launches)
	}
	sound(t, sim)
	d := open(t, Options{})
	taken := d.(*Device).Usage().Bytes
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	t.Setenv("AEGPU_CUDASIM_MEMORY", fmt.Sprint(taken))
	if _, err := Probe(0, Options{}); err != nil {
		t.Errorf("with just the memory that a device takes: %v", err)
	}
	t.Setenv("AEGPU_CUDASIM_MEMORY", fmt.Sprint(taken-1))
	if _, err := Probe(0, Options{}); !errors.Is(err, backend.ErrOutOfMemory) {
		t.Errorf("with less memory than a device takes: %v", err)
	}
	if CuBLASLt() != os.Getenv(cudasim.Env) {
		t.Errorf("cuBLASLt is at %q, want the simulator", CuBLASLt())
	}
	if _, err := OpenWith(0, Options{CuBLASLt: "/nowhere/lt.so"}); err == nil || !strings.Contains(err.Error(), "/nowhere/lt.so") {
		t.Errorf("another cuBLASLt: %v", err)
	}
}

func TestNoSuchDevice(t *testing.T) {
	device(t)
	for _, n := range []int{-1, 1000} {
		if _, err := Open(n); !errors.Is(err, libcuda.ErrNoDevice) || !strings.Contains(err.Error(), " of ") {
			t.Errorf("Open(%d): %v, want ErrNoDevice that says how many there are", n, err)
		}
	}
}

func TestOutOfMemorySaysHowMuch(t *testing.T) {
	simulator(t)
	d := open(t, Options{})
	defer d.Close()
	_, err := d.Alloc(1<<15, 1<<18)
	if !errors.Is(err, backend.ErrOutOfMemory) || !strings.Contains(err.Error(), "32768 MiB needed") ||
		!strings.Contains(err.Error(), "of 8192 MiB free") {
		t.Errorf("Alloc of 32 GiB: %v, want what was needed and free", err)
	}
}
