package backend

import (
	"fmt"
	"slices"
)

// Noise names a stream of noise at the clock's seed and step.
type Noise struct {
	Clock  Clock
	Stream uint32
	First  int // elements of other ranks that lie before the tensor's in the whole batch, a multiple of 4: its element i draws the noise of First + i
}

// CorruptionKind is how an input is damaged for a denoising autoencoder.
type CorruptionKind uint8

// The corruptions, with u uniform and n normal noise, p the level
// (Vincent et al., JMLR 2010, section 3.3).
const (
	NoCorruption  CorruptionKind = iota
	Masking                      // u < p ? 0 : x
	GaussianNoise                // x + p n
	SaltAndPepper                // u < p/2 ? Low : u < p ? High : x
)

var corruptionNames = []string{"none", "masking", "gaussian", "salt-and-pepper"}

// String returns the corruption's name.
func (k CorruptionKind) String() string { return named("corruption", corruptionNames, int(k)) }

// ParseCorruption is the corruption of that name; the error lists the names.
func ParseCorruption(name string) (CorruptionKind, error) {
	return parse[CorruptionKind]("corruption", name, corruptionNames)
}

// Batch says which rows Gather takes and what it does to them.
type Batch struct {
	Clock     Clock
	Shuffle   bool // rows of the epoch's Permutation; otherwise rows in order
	Binarise  bool // clean = u < x ? 1 : 0, drawn from StreamBinarise
	Corrupt   CorruptionKind
	Level     float32
	Low, High float32 // what salt and pepper set
	First     int     // as Noise.First
}

// LossKind is a reconstruction loss or a classifier's. o is the network's output
// row, x the target row; sums run over the features.
type LossKind uint8

// The losses.
const (
	SquaredError LossKind = iota // sum (o - x)^2
	Bernoulli                    // sum softplus(o) - o x: cross-entropy from logits
	GaussianNLL                  // o = (mu, l), width 2D: sum ((x-mu)^2 e^-l + l + ln 2 pi) / 2, l clamped to [MinLogVar, MaxLogVar]
	Categorical                  // logsumexp(o) - o[x]: softmax cross-entropy, x a class number, width 1
)

var lossNames = []string{"squared", "bernoulli", "gaussian", "categorical"}

// String returns the loss's name.
func (k LossKind) String() string { return named("loss", lossNames, int(k)) }

// named returns name i, or what and the number where there is none.
func named(what string, names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s(%d)", what, i)
}

// Bounds that a log-variance is clamped to; its gradient is zero outside. Wide
// enough to be never reached by a healthy model, narrow enough that exp does
// not overflow float32.
const (
	MinLogVar = -20
	MaxLogVar = 20
)

// MinSparsity keeps a mean activation away from 0 and 1 in KL sparsity.
const MinSparsity = 1e-6

// OptimiserKind is an update rule.
type OptimiserKind uint8

// The update rules; see [Update].
const (
	SGD OptimiserKind = iota
	Momentum
	Nesterov
	Adam
	AdamW
	LAMB // not of Update: see [UpdateLAMB]
)

var optimiserNames = []string{"sgd", "momentum", "nesterov", "adam", "adamw", "lamb"}

// String returns the rule's name.
func (k OptimiserKind) String() string { return named("optimiser", optimiserNames, int(k)) }

// ParseOptimiser is the optimiser of that name; the error lists the names.
func ParseOptimiser(name string) (OptimiserKind, error) {
	return parse[OptimiserKind]("optimiser", name, optimiserNames)
}

// Moments is how many moment buffers the rule keeps.
func (k OptimiserKind) Moments() int { return []int{0, 1, 1, 2, 2, 2}[k] }

// Optimiser is the constant part of an update; what changes by the step is in
// the clock's [Hyper].
type Optimiser struct {
	Kind         OptimiserKind
	Beta1, Beta2 float32
	Eps          float32
	WeightDecay  float32
	Clip         float32 // bound on the gradient's global norm; 0 for none
	Decayed      int     // weight decay applies to the first Decayed parameters (the weights, not the biases)
}

// Slots of the guard that [Check] writes.
const (
	GuardStep = 0 // 1 + the first step that was not finite, or 0; Update may write it too
	GuardLoss = 1 // mean of that step's row losses
	GuardNorm = 2 // + i: squared norm of the gradient of parameter tensor i
)

// parse is the choice of that name, K(i) for names[i]; the error lists the names.
func parse[K ~uint8](what, name string, names []string) (K, error) {
	if i := slices.Index(names, name); i >= 0 {
		return K(i), nil
	}
	return 0, fmt.Errorf("unknown %s %q: expected one of %v", what, name, names)
}

// ParseLoss is the loss of that name; mse, bce and nll are read too. The error lists the names.
func ParseLoss(name string) (LossKind, error) {
	switch name {
	case "mse":
		return SquaredError, nil
	case "bce":
		return Bernoulli, nil
	case "nll":
		return GaussianNLL, nil
	}
	if i := slices.Index(lossNames, name); i >= 0 {
		return LossKind(i), nil
	}
	return 0, fmt.Errorf("unknown loss %q: expected squared, bernoulli or gaussian", name)
}

// MarshalText is the loss's name.
func (k LossKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// MarshalText is the corruption's name.
func (k CorruptionKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// MarshalText is the optimiser's name.
func (k OptimiserKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a loss by name.
func (k *LossKind) UnmarshalText(text []byte) (err error) {
	*k, err = ParseLoss(string(text))
	return err
}

// UnmarshalText reads a corruption by name.
func (k *CorruptionKind) UnmarshalText(text []byte) (err error) {
	*k, err = ParseCorruption(string(text))
	return err
}

// UnmarshalText reads an optimiser by name.
func (k *OptimiserKind) UnmarshalText(text []byte) (err error) {
	*k, err = ParseOptimiser(string(text))
	return err
}
