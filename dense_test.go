//go:build !notensor

package aegpu_test

import (
	"testing"

	"github.com/aegpu/aegpu"
)

func TestFromDenseRefusesNil(t *testing.T) {
	if _, err := aegpu.FromDense(nil); err == nil {
		t.Error("it was let through")
	}
}
