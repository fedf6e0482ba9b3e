package settings

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/model"
)

// Spec returns the model that the config describes, for data of that many columns. Sizes that are left open are an [*Error].
func (c *Config) Spec(inputs int) (model.Spec, error) {
	full, err := c.Complete()
	if err != nil {
		return model.Spec{}, err
	}
	switch {
	case full.Hidden.Auto():
		return model.Spec{}, wrong("Hidden", "is auto, and there are no data to find the widths out from: expected widths")
	case full.Latent == Auto:
		return model.Spec{}, wrong("Latent", "is auto, and there are no data to find the size out from: expected a number")
	}
	return full.spec(inputs)
}

func (c *Config) spec(inputs int) (model.Spec, error) {
	s, err := c.made(inputs)
	return s, c.blame(err)
}

// made returns the model, or what is wrong with it.
func (c *Config) made(inputs int) (model.Spec, error) {
	s := model.Spec{
		Inputs: inputs, Latent: int(c.Latent), Tied: c.Tied,
		Activation: c.Activation.Kind(), CodeActivation: c.CodeActivation.Kind(), Output: c.OutputActivation.Kind(),
		Likelihood: c.Loss.Kind(), Binarise: c.Binarise, Dropout: float32(c.Dropout), Init: c.Init,
	}
	if len(c.Hidden) > 0 {
		s.Hidden = c.Hidden
	}
	if len(c.Decoder) > 0 {
		s.Decoder = c.Decoder
	}
	if err := c.checkCorruptions(); err != nil {
		return s, err
	}
	if len(c.Corrupt) == 1 { // those of the layers are for the pretraining
		s.Corrupt = c.Corrupt[0]
	}
	var err error
	if s.Code, err = c.code(); err != nil {
		return s, err
	}
	for _, p := range []model.Penalty{c.Sparsity.Penalty, c.Contract.Penalty} {
		if p != nil {
			s.Penalties = append(s.Penalties, p)
		}
	}
	return s, s.Validate()
}

// code returns the code that Code, Sparsity, Samples and FreeBits make together.
func (c *Config) code() (model.Code, error) {
	code := c.Code.Kind()
	if own := c.Sparsity.Code; own != nil {
		if !unbound(code) {
			return nil, wrong("Sparsity", "is %v, and {Code} %v: that code has a constraint of its own", c.Sparsity, c.Code)
		}
		code = own
	}
	code, err := code.WithBound(c.Samples, float32(c.FreeBits))
	if err != nil && c.Samples > 1 {
		return nil, &Error{Field: "Samples", Err: err}
	}
	if err != nil {
		return nil, &Error{Field: "FreeBits", Err: err}
	}
	switch {
	case code.Drawn():
	case c.KLWarmup > 0:
		return nil, wrong("KLWarmup", "is %g: it is of the KL of a code that is drawn ({Model} vae), not of a %s one", c.KLWarmup, code)
	case c.Beta != 1:
		return nil, wrong("Beta", "is %g: it weighs the KL of a code that is drawn ({Model} vae), not of a %s one", c.Beta, code)
	}
	return code, nil
}

// DrawsCode reports whether the code of a row is drawn.
func (c *Config) DrawsCode() (bool, error) {
	full, err := c.Complete()
	if err != nil {
		return false, err
	}
	code, err := full.code()
	return err == nil && code.Drawn(), full.blame(err)
}

// checkCorruptions refuses corruptions of layers that are not trained one by one.
func (c *Config) checkCorruptions() error {
	n, layers := len(c.Corrupt), len(c.Hidden)+1
	switch {
	case n > 1 && c.PretrainEpochs == 0:
		return wrong("Corrupt", "names %d corruptions, one a layer: that needs {PretrainEpochs} above 0 ({Model} stacked)", n)
	case n > 1 && n != layers:
		return wrong("Corrupt", "names %d corruptions for %d layers: expected one, or one a layer", n, layers)
	}
	return nil
}

// Update returns the constant part of the update rule.
func (c *Config) Update() (backend.Optimiser, error) {
	full, err := c.Complete()
	if err != nil {
		return backend.Optimiser{}, err
	}
	if full.Optimizer > LAMB {
		return backend.Optimiser{}, wrong("Optimizer", "is %d: there are %d", uint8(full.Optimizer), uint8(LAMB))
	}
	return backend.Optimiser{
		Kind: full.Optimizer.Kind(), Beta1: float32(full.Beta1), Beta2: float32(full.Beta2), Eps: float32(full.Eps),
		WeightDecay: float32(full.WeightDecay), Clip: float32(full.Clip),
	}, nil
}

// Parts are how the rows of one update reach the device.
type Parts struct {
	Rows    int // an update; the last of an epoch has fewer
	Batch   int // rows at a time
	Batches int // of an update
}

// UpdateParts returns those of a training part of so many rows. The config is
// complete, and nothing in it is left open.
func (c *Config) UpdateParts(rows int) Parts {
	batch := max(1, min(int(c.Batch), rows))
	batches := max(1, min(c.Accumulate, (rows+batch-1)/batch))
	return Parts{Rows: min(batch*batches, rows), Batch: batch, Batches: batches}
}

// UpdateRows returns the rows whose mean gradient makes an update, of a training
// part of so many: those of Accumulate batches.
func (c *Config) UpdateRows(rows int) int { return c.UpdateParts(rows).Rows }
