package train

import (
	"fmt"

	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// stage says what a phase of a run is to be.
type stage struct {
	name      string
	layer     int // greedy layer, -1 for the whole model
	objective model.Objective
	epochs    int
	lr        float64
	corrupt   model.Corruption
}

// Names of phases beside those of layers.
const (
	autoencoderPhase = "autoencoder"
	classifierPhase  = "classifier"
)

// stages are the phases that a complete config asks for.
func stages(c *settings.Config) []stage {
	var all []stage
	for l := range len(c.Hidden) + 1 {
		if c.PretrainEpochs == 0 {
			break
		}
		all = append(all, stage{fmt.Sprintf("layer %d", l+1), l, model.Reconstruct, c.PretrainEpochs, c.PretrainLR, c.Corrupt.Of(l)})
	}
	if c.Epochs > 0 {
		all = append(all, stage{autoencoderPhase, -1, model.Reconstruct, int(c.Epochs), c.LR, model.Corruption{}})
	}
	objective := model.FineTune
	if c.Classifier == settings.FrozenClassifier {
		objective = model.Frozen
	}
	if c.Classifier != settings.NoClassifier && c.ClassifierEpochs > 0 {
		all = append(all, stage{classifierPhase, -1, objective, c.ClassifierEpochs, c.ClassifierLR, model.Corruption{}})
	}
	return all
}
