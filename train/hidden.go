package train

import (
	"fmt"
	"math"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/settings"
)

// The share of cells that are hidden from the encoder where others are missing: so many times those, and no more than mostHidden.
// What is hidden is reconstructed worse, too, where nothing is missing.
const (
	hiddenTimes = 3
	mostHidden  = 0.3
)

// hide decides whether cells are hidden from the encoder. The loss is over cells that are there, and without it the model
// would learn to copy these, and nothing of those that are missing.
func (s *Sets) hide(c *settings.Config, missing data.Missing) {
	if missing != data.MissingMask || !c.Corrupt.Auto() {
		return
	}
	percent := math.Ceil(100 * min(hiddenTimes*s.Train.Missing(), mostHidden))
	if s.hidden = float32(percent / 100); s.hidden > 0 {
		s.Found = append(s.Found, fmt.Sprintf("cells are missing: %g %% of the others are hidden from the encoder too, so that it learns to fill them in, and makes what is there a little worse (--corrupt none hides none)", percent))
	}
}
