package model

import (
	"fmt"
	"slices"

	"github.com/aegpu/aegpu/backend"
)

// CodeKind is what kind of code the encoder makes.
type CodeKind string

// The kinds of code.
const (
	Deterministic CodeKind = "deterministic"
	TopK          CodeKind = "topk"     // the K largest units of every example, the rest zero (Makhzani and Frey 2013)
	Gaussian      CodeKind = "gaussian" // q(z|x) = N(mu, diag exp(l)), reparameterised (Kingma and Welling 2014)
)

// Corruption is damage done to the input, drawn afresh at every step, with the
// clean input as target (Vincent et al. 2010).
type Corruption struct {
	Kind      backend.CorruptionKind
	Level     float32
	Low, High float32 // what salt and pepper set; both 0 means 0 and 1
}

// batch is the gathering of corrupted rows at the clock's time.
func (s *Spec) batch(c backend.Clock, shuffle bool) backend.Batch {
	b := backend.Batch{
		Clock: c, Shuffle: shuffle, Binarise: s.Binarise,
		Corrupt: s.Corrupt.Kind, Level: s.Corrupt.Level, Low: s.Corrupt.Low, High: s.Corrupt.High,
	}
	if b.Low == 0 && b.High == 0 {
		b.High = 1
	}
	return b
}

// SparsityKind is a penalty that makes codes sparse.
type SparsityKind string

// The sparsity penalties.
const (
	NoSparsity SparsityKind = ""
	KLSparsity SparsityKind = "kl" // Weight * sum_j KL(Target || mean activation of unit j)
	L1Sparsity SparsityKind = "l1" // Weight * sum_j |h_j|
)

// Sparsity is a penalty on the code's activations.
type Sparsity struct {
	Kind           SparsityKind
	Target, Weight float32
}

// ContractKind is how the norm of the encoder's Jacobian is penalised.
type ContractKind string

// The contractive penalties, both Weight * |dh/dx|_F^2 (Rifai et al. 2011).
const (
	NoContract         ContractKind = ""
	ExactContract      ContractKind = "exact"
	StochasticContract ContractKind = "stochastic" // unbiased, from Probes random projections of the code
)

// Contract is a penalty on the encoder's Jacobian.
type Contract struct {
	Kind   ContractKind
	Weight float32
	Probes int // of the stochastic estimate; 0 means 1
}

// Spec says what an autoencoder is. The zero value of a field is its plainest
// choice; Inputs and Latent must be set.
type Spec struct {
	Inputs  int   // width of the data, D
	Hidden  []int // widths of the encoder's hidden layers
	Decoder []int // widths of the decoder's; nil mirrors Hidden
	Latent  int   // width of the code, L
	Tied    bool  // decoder weights are the encoder's, transposed

	Activation     backend.Activation // of the hidden layers
	CodeActivation backend.Activation // of a deterministic code
	Output         backend.Activation // of the reconstruction under SquaredError

	Code     CodeKind // "" means Deterministic
	K        int      // units that TopK keeps in training
	KAlpha   float32  // TopK keeps round(KAlpha*K) at evaluation; 0 means 1
	Samples  int      // of a Gaussian code; above 1 trains the importance-weighted bound; 0 means 1
	FreeBits float32  // nats of KL per latent unit that are not penalised
	Binarise bool     // grey inputs are drawn to 0 or 1 afresh for every batch

	Loss     backend.LossKind // SquaredError, Bernoulli or GaussianNLL
	Corrupt  Corruption
	Sparsity Sparsity
	Contract Contract
	Dropout  float32 // share of hidden units dropped in training

	Init    Init // "" chooses by activation
	Classes int  // of a classifier on top of the code; 0 for none
}

// decoderWidths are the widths of the decoder's hidden layers.
func (s *Spec) decoderWidths() []int {
	if s.Decoder != nil {
		return s.Decoder
	}
	w := slices.Clone(s.Hidden)
	slices.Reverse(w)
	return w
}

// outputs is the width of the decoder's last layer.
func (s *Spec) outputs() int {
	if s.Loss == backend.GaussianNLL {
		return 2 * s.Inputs
	}
	return s.Inputs
}

// encoded is the width of the encoder's last layer.
func (s *Spec) encoded() int {
	if s.Code == Gaussian {
		return 2 * s.Latent
	}
	return s.Latent
}

// samples is the number of codes drawn for every example.
func (s *Spec) samples() int {
	if s.Code == Gaussian {
		return max(1, s.Samples)
	}
	return 1
}

// probes is the number of rows of the Jacobian (or projections of it) computed
// for every example.
func (s *Spec) probes() int {
	if s.Contract.Kind == StochasticContract {
		return max(1, s.Contract.Probes)
	}
	return s.Latent
}

// evalK is how many units TopK keeps at evaluation.
func (s *Spec) evalK() int {
	if s.KAlpha == 0 {
		return s.K
	}
	return min(s.Latent, max(1, int(s.KAlpha*float32(s.K)+0.5)))
}

// reconstruction is the activation that turns the decoder's last layer into a
// reconstruction.
func (s *Spec) reconstruction() backend.Activation {
	switch s.Loss {
	case backend.Bernoulli:
		return backend.Sigmoid
	case backend.SquaredError:
		return s.Output
	}
	return backend.Identity
}

// Validate refuses what cannot be built or makes no sense, with the reason.
func (s *Spec) Validate() error {
	for _, check := range []func() error{s.checkWidths, s.checkCode, s.checkLoss, s.checkPenalties} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Spec) checkWidths() error {
	if s.Inputs < 1 {
		return fmt.Errorf("inputs is %d: expected at least 1", s.Inputs)
	}
	if s.Latent < 1 {
		return fmt.Errorf("latent is %d: expected at least 1", s.Latent)
	}
	for _, w := range append(slices.Clone(s.Hidden), s.Decoder...) {
		if w < 1 {
			return fmt.Errorf("a layer of %d units: expected at least 1", w)
		}
	}
	if s.Classes == 1 || s.Classes < 0 {
		return fmt.Errorf("a classifier of %d classes: expected at least 2", s.Classes)
	}
	if !s.Tied {
		return nil
	}
	mirrored := Spec{Hidden: s.Hidden}
	if s.Decoder != nil && !slices.Equal(s.Decoder, mirrored.decoderWidths()) {
		return fmt.Errorf("tied weights need a decoder that mirrors the encoder: decoder %v does not mirror hidden %v", s.Decoder, s.Hidden)
	}
	if s.Code == Gaussian {
		return fmt.Errorf("tied weights do not fit a Gaussian code: its encoder ends in 2 x %d units, the decoder starts at %d", s.Latent, s.Latent)
	}
	if s.Loss == backend.GaussianNLL {
		return fmt.Errorf("tied weights do not fit the gaussian loss: its decoder ends in 2 x %d units, the encoder starts at %d", s.Inputs, s.Inputs)
	}
	return nil
}

func (s *Spec) checkCode() error {
	switch s.Code {
	case "", Deterministic:
	case TopK:
		if s.K < 1 || s.K > s.Latent {
			return fmt.Errorf("topk keeps %d of %d units: expected 1 to %d", s.K, s.Latent, s.Latent)
		}
		if !(s.KAlpha >= 0) {
			return fmt.Errorf("topk alpha is %g: expected 0 or more", s.KAlpha)
		}
	case Gaussian:
		if s.CodeActivation != backend.Identity {
			return fmt.Errorf("a Gaussian code is a mean and a log-variance: code activation %v does not apply", s.CodeActivation)
		}
	default:
		return fmt.Errorf("unknown code %q: expected %q, %q or %q", s.Code, Deterministic, TopK, Gaussian)
	}
	if s.Code != Gaussian && (s.Samples > 1 || s.FreeBits > 0) {
		return fmt.Errorf("samples and free bits belong to a Gaussian code (model vae), this one is deterministic")
	}
	if s.Samples < 0 || !(s.FreeBits >= 0) {
		return fmt.Errorf("samples %d and free bits %g must not be negative", s.Samples, s.FreeBits)
	}
	if s.Samples > 1 && s.FreeBits > 0 {
		return fmt.Errorf("free bits do not apply to the importance-weighted bound (samples %d): it has no separate KL term", s.Samples)
	}
	return nil
}

func (s *Spec) checkLoss() error {
	if s.Loss > backend.GaussianNLL {
		return fmt.Errorf("loss %v does not reconstruct: expected squared, bernoulli or gaussian", s.Loss)
	}
	if s.Loss != backend.SquaredError && s.Output != backend.Identity {
		return fmt.Errorf("output activation %v applies to the squared loss only: %v works from the decoder's linear output", s.Output, s.Loss)
	}
	if s.Binarise && s.Loss != backend.Bernoulli {
		return fmt.Errorf("binarised inputs need the bernoulli loss, not %v", s.Loss)
	}
	if !(s.Dropout >= 0 && s.Dropout < 1) {
		return fmt.Errorf("dropout is %g: expected 0 or more and below 1", s.Dropout)
	}
	return s.Corrupt.check()
}

func (c Corruption) check() error {
	high := float32(1)
	switch c.Kind {
	case backend.NoCorruption:
		return nil
	case backend.GaussianNoise:
		high = 1e6
	}
	if !(c.Level >= 0 && c.Level <= high) {
		return fmt.Errorf("%v corruption of level %g: expected 0 to %g", c.Kind, c.Level, high)
	}
	return nil
}

func (s *Spec) checkPenalties() error {
	deterministic := s.Code == "" || s.Code == Deterministic
	switch s.Sparsity.Kind {
	case NoSparsity:
	case KLSparsity:
		if s.CodeActivation != backend.Sigmoid {
			return fmt.Errorf("kl sparsity compares mean activations with a probability: it needs the code activation sigmoid, not %v", s.CodeActivation)
		}
		if !(s.Sparsity.Target > 0 && s.Sparsity.Target < 1) {
			return fmt.Errorf("kl sparsity target is %g: expected between 0 and 1", s.Sparsity.Target)
		}
	case L1Sparsity:
	default:
		return fmt.Errorf("unknown sparsity %q: expected kl or l1", s.Sparsity.Kind)
	}
	if s.Sparsity.Kind != NoSparsity && !deterministic {
		return fmt.Errorf("%s sparsity on a %s code: that code has a constraint of its own", s.Sparsity.Kind, s.Code)
	}
	if !(s.Sparsity.Weight >= 0) || !(s.Contract.Weight >= 0) {
		return fmt.Errorf("penalty weights %g and %g must not be negative", s.Sparsity.Weight, s.Contract.Weight)
	}
	switch s.Contract.Kind {
	case NoContract:
		return nil
	case ExactContract, StochasticContract:
	default:
		return fmt.Errorf("unknown contraction %q: expected exact or stochastic", s.Contract.Kind)
	}
	if !deterministic {
		return fmt.Errorf("the contractive penalty needs a deterministic code, not %s", s.Code)
	}
	if s.Dropout > 0 {
		return fmt.Errorf("the contractive penalty is on the Jacobian of the whole encoder: it does not go with dropout")
	}
	return nil
}
