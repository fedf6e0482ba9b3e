//go:build cuda

package libcuda

import (
	"errors"
	"strings"
	"testing"

	"gorgonia.org/cu"
)

// A program that imports cu gets this far without a driver, and every call
// answers with an error.
func TestCallsWithoutDriver(t *testing.T) {
	if n, err := cu.NumDevices(); err == nil {
		t.Fatalf("NumDevices before Load: %d devices, want an error", n)
	} else if !strings.Contains(err.Error(), "NoDevice") {
		t.Errorf("NumDevices before Load: %v, want NoDevice", err)
	}
}

func TestMissingDriverIsAnError(t *testing.T) {
	err := bind("/nowhere/libcuda.so.1")
	if !errors.Is(err, ErrNoDriver) || !strings.Contains(err.Error(), "/nowhere/libcuda.so.1") {
		t.Fatalf("bind: %v, want ErrNoDriver with the path", err)
	}
}

func TestNotADriver(t *testing.T) {
	if err := bind("libm.so.6"); err != nil {
		t.Fatal(err)
	}
	if _, err := cu.NumDevices(); err == nil {
		t.Fatal("NumDevices through a library without it: want an error")
	}
}

func TestInitError(t *testing.T) {
	for code, want := range map[int]string{0: "", 100: "finds no GPU", 803: "kernel module", 999: "999"} {
		err := initError("lib", code)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("cuInit %d: %v, want %q", code, err, want)
		}
	}
}
