package eval

import (
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// Summary is what a model is worth on a set of examples. Figures are means over
// the examples in the space that the model works in (after scaling); those that
// do not fit the model are nil and left out of JSON.
type Summary struct {
	Examples int      `json:"examples"`
	MSE      *float64 `json:"mse,omitempty"`     // squared error per element
	SSE      *float64 `json:"sse,omitempty"`     // summed over an example
	PSNR     *float64 `json:"psnr_db,omitempty"` // 10 log10(1/mse), for data within [0, 1]
	BCE      *float64 `json:"bce,omitempty"`     // cross-entropy, nats an example
	NLL      *float64 `json:"nll,omitempty"`     // of a Gaussian likelihood, nats an example
	KL       *float64 `json:"kl,omitempty"`      // nats an example
	ELBO     *float64 `json:"elbo,omitempty"`    // lower bound of log p(x): -(bce + kl)

	NLLIWAE      *float64 `json:"nll_iwae,omitempty"` // -log p(x) by importance sampling
	IWAEK        int      `json:"iwae_k,omitempty"`   // with so many samples an example
	IWAEExamples int      `json:"iwae_examples,omitempty"`

	ActiveUnits      *int     `json:"active_units,omitempty"`    // units whose mean varies by more than 0.01 (Burda et al. 2016)
	MeanActivation   *float64 `json:"mean_activation,omitempty"` // of a deterministic code
	JacobianNorm     *float64 `json:"jacobian_norm,omitempty"`   // root mean square Frobenius norm of the encoder's Jacobian
	JacobianExamples int      `json:"jacobian_examples,omitempty"`

	Accuracy      *float64 `json:"accuracy,omitempty"` // of the classifier on top
	TestError     *float64 `json:"test_error,omitempty"`
	ProbeAccuracy *float64 `json:"probe_accuracy,omitempty"` // of a linear classifier on the codes
	KNNAccuracy   *float64 `json:"knn_accuracy,omitempty"`   // of the nearest neighbours' majority

	Corruption   string   `json:"corruption,omitempty"` // of the inputs behind the two figures that follow
	CorruptedMSE *float64 `json:"corrupted_mse,omitempty"`
	CorruptedSSE *float64 `json:"corrupted_sse,omitempty"`

	PCA *Baseline `json:"pca,omitempty"`
}

// Baseline is the linear model of the same code size on the same examples.
type Baseline struct {
	Components    int      `json:"components"`
	MSE           float64  `json:"mse"`
	SSE           float64  `json:"sse"`
	PSNR          *float64 `json:"psnr_db,omitempty"`
	ProbeAccuracy *float64 `json:"probe_accuracy,omitempty"`
	KNNAccuracy   *float64 `json:"knn_accuracy,omitempty"`
}

// SummaryOptions choose what Summarise measures beside what always fits.
type SummaryOptions struct {
	Seed     uint64           // of corruption, binarisation and drawn codes
	Corrupt  model.Corruption // of the inputs for the corrupted figures; none: the model's own
	PCA      *PCA             // the baseline, nil for none
	IWAEK    int              // importance samples an example, 0 for no estimate
	IWAERows int              // rows that the estimate is made on, 0 for all
	Probe    bool             // fit a linear classifier to the codes of the training part
	KNN      int              // neighbours of a nearest-neighbour classifier beside the probe, 0 for none
}

// Summarise measures the model on test, both parts scaled already. train is
// needed for the probe alone.
func Summarise(m *model.Model, train, test *data.Set, o SummaryOptions) (*Summary, error) {
	if test == nil || test.Rows == 0 {
		return nil, fmt.Errorf("no rows to evaluate on")
	}
	if test.Cols != m.Spec.Inputs {
		return nil, fmt.Errorf("data of %d columns does not fit a model of %d inputs", test.Cols, m.Spec.Inputs)
	}
	r, err := makeResident(m.Device(), test)
	if err != nil {
		return nil, err
	}
	defer r.free()
	if len(test.Classes) > m.Spec.Classes {
		r.labels.Rows = 0 // not the classes that the classifier knows
	}
	s := &Summary{Examples: test.Rows}
	for _, part := range []func(*model.Model, resident, *data.Set, SummaryOptions) error{
		s.reconstruction, s.corrupted, s.likelihood, s.code, s.baseline,
	} {
		if err := part(m, r, test, o); err != nil {
			return nil, err
		}
	}
	if o.Probe {
		err = s.probe(m, train, test, o)
	}
	return s, err
}

// reconstruction is what one pass over the clean examples tells.
func (s *Summary) reconstruction(m *model.Model, r resident, test *data.Set, o SummaryOptions) error {
	v, err := measure(m, r, model.Corruption{}, o.Seed)
	if err != nil {
		return err
	}
	s.SSE, s.MSE = figure(v.SSE), figure(v.SSE/float64(test.Cols))
	s.PSNR = psnr(v.SSE/float64(test.Cols), test)
	s.BCE, s.KL, s.Accuracy = figure(v.BCE), figure(v.KL), figure(v.Accuracy)
	if m.Spec.Loss == backend.GaussianNLL {
		s.NLL = figure(v.NLL)
	}
	if !math.IsNaN(v.Bound) {
		s.ELBO = figure(-(v.NLL + v.KL))
		if m.Spec.Samples > 1 {
			s.NLLIWAE, s.IWAEK = figure(-v.Bound), m.Spec.Samples
		}
	}
	if s.Accuracy != nil {
		s.TestError = figure(1 - v.Accuracy)
	}
	return nil
}

// corrupted is the reconstruction of damaged inputs held against the clean ones.
func (s *Summary) corrupted(m *model.Model, r resident, test *data.Set, o SummaryOptions) error {
	corrupt := o.Corrupt
	if corrupt.Kind == backend.NoCorruption {
		corrupt = m.Spec.Corrupt
	}
	if corrupt.Kind == backend.NoCorruption {
		return nil
	}
	v, err := measure(m, r, corrupt, o.Seed)
	if err != nil {
		return err
	}
	s.Corruption = fmt.Sprintf("%v:%g", corrupt.Kind, corrupt.Level)
	s.CorruptedSSE, s.CorruptedMSE = figure(v.SSE), figure(v.SSE/float64(test.Cols))
	return nil
}

// likelihood is the importance-weighted estimate, where asked for.
func (s *Summary) likelihood(m *model.Model, r resident, _ *data.Set, o SummaryOptions) error {
	if o.IWAEK == 0 {
		return nil
	}
	rows := r.rows
	if o.IWAERows > 0 {
		rows = rows.Head(min(o.IWAERows, rows.Rows))
	}
	v, err := m.LogLikelihood(rows, o.IWAEK, o.Seed)
	s.NLLIWAE, s.IWAEK, s.IWAEExamples = figure(-v), o.IWAEK, rows.Rows
	return err
}

// code is what the codes themselves tell.
func (s *Summary) code(m *model.Model, r resident, test *data.Set, _ SummaryOptions) error {
	codes, err := Codes(m, test)
	if err != nil {
		return err
	}
	mean, variance, err := moments(Dense(codes, m.Spec.Latent))
	if err != nil {
		return err
	}
	if m.Spec.Code == model.Gaussian {
		active := 0
		for _, v := range variance {
			if v > 0.01 {
				active++
			}
		}
		s.ActiveUnits = &active
		return nil
	}
	sum := 0.0
	for _, v := range mean {
		sum += v
	}
	s.MeanActivation = figure(sum / float64(len(mean)))
	norm, examples, err := jacobianNorm(m, r.rows)
	if examples > 0 {
		s.JacobianNorm, s.JacobianExamples = figure(norm), examples
	}
	return err
}

func (s *Summary) baseline(m *model.Model, _ resident, test *data.Set, o SummaryOptions) (err error) {
	if o.PCA != nil {
		s.PCA, err = o.PCA.Baseline(m.Device(), test)
	}
	return err
}

// Baseline is the reconstruction error on a set that is scaled already.
func (p *PCA) Baseline(dev backend.Device, test *data.Set) (*Baseline, error) {
	sse, err := p.SSE(dev, SetRows(test))
	if err != nil {
		return nil, err
	}
	mse := sse / float64(test.Cols)
	return &Baseline{Components: p.K(), SSE: sse, MSE: mse, PSNR: psnr(mse, test)}, nil
}

// probe fits classifiers to the codes, and to PCA's where there is one.
func (s *Summary) probe(m *model.Model, train, test *data.Set, o SummaryOptions) (err error) {
	if train == nil || train.Labels == nil || test.Labels == nil {
		return fmt.Errorf("a probe needs labels on the training and the test part")
	}
	p := prober{dev: m.Device(), train: train, test: test, knn: o.KNN}
	encode := func(s *data.Set) ([]float32, error) { return Codes(m, s) }
	if s.ProbeAccuracy, s.KNNAccuracy, err = p.on(encode, m.Spec.Latent); err != nil || o.PCA == nil {
		return err
	}
	encode = func(s *data.Set) ([]float32, error) { return o.PCA.Encode(p.dev, SetRows(s)) }
	s.PCA.ProbeAccuracy, s.PCA.KNNAccuracy, err = p.on(encode, o.PCA.K())
	return err
}

// prober measures how well codes tell the classes apart.
type prober struct {
	dev         backend.Device
	train, test *data.Set
	knn         int
}

// on is the accuracy of a linear classifier on codes of that width, and of
// nearest neighbours where asked for.
func (p prober) on(encode func(*data.Set) ([]float32, error), width int) (linear, neighbours *float64, err error) {
	var parts [2]Labelled
	for i, s := range []*data.Set{p.train, p.test} {
		codes, err := encode(s)
		if err != nil {
			return nil, nil, err
		}
		parts[i] = Labelled{X: codes, Width: width, Labels: s.Labels}
	}
	classes := max(len(p.train.Classes), len(p.test.Classes))
	fit, err := LinearProbe(p.dev, parts[0], parts[1], classes, ProbeOptions{})
	if err != nil {
		return nil, nil, err
	}
	if p.knn > 0 {
		v, err := KNN(p.dev, parts[0], parts[1], p.knn)
		return figure(fit.Accuracy), figure(v), err
	}
	return figure(fit.Accuracy), nil, nil
}

// figure is v, or nil where it is not a finite number.
func figure(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// psnr is the peak signal-to-noise ratio in dB, for data within [0, 1].
func psnr(mse float64, s *data.Set) *float64 {
	if s.U8 == nil {
		if lo, hi := s.Range(); lo < 0 || hi > 1 {
			return nil
		}
	}
	return figure(10 * math.Log10(1/mse))
}
