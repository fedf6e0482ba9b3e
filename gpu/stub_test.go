//go:build !cuda

package gpu

import (
	"strings"
	"testing"
)

func TestStubSaysHow(t *testing.T) {
	_, open := Open(0)
	_, list := List()
	_, probe := Probe(0, Options{})
	for _, err := range []error{open, list, probe} {
		if err == nil || !strings.Contains(err.Error(), "-tags cuda") {
			t.Errorf("%v: want an error that says how to build with CUDA", err)
		}
	}
}
