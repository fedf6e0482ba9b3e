package train

import (
	"context"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/settings"
)

// CodeSize returns the size of the code where the settings leave it open, and why it is that.
func (s *Sets) CodeSize(_ context.Context, _ backend.Device, _ *settings.Config) (size int, why string, err error) {
	return min(32, max(s.Preparation.Inputs()/3, 2)), "a third of the inputs, up to 32", nil
}
