package backendtest

import (
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
)

// The reference passes with nothing to spare, or the suite is wrong.
func TestReference(t *testing.T) {
	Run(t, func(*testing.T) backend.Device { return ref64.New() })
}
