package eval

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// gradients are rows of 6 numbers within [0, 1] with two classes.
func gradients(rows int) *data.Set {
	s := &data.Set{Name: "gradients", Rows: rows, Cols: 6, Classes: []string{"low", "high"}}
	for i := range rows {
		for j := range s.Cols {
			s.F32 = append(s.F32, float32(0.5+0.5*math.Sin(float64(i*i%17)+float64(j))))
		}
		s.Labels = append(s.Labels, int32(i%2))
	}
	return s
}

func summarise(t *testing.T, spec model.Spec, input model.Scaling, s *data.Set, o SummaryOptions) *Summary {
	t.Helper()
	spec.Inputs = s.Cols
	m, err := model.New(ref64.New(), spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	m.Input = input
	sum, err := Summarise(m, s, s, o)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func TestSummaryOfAnAutoencoder(t *testing.T) {
	s := gradients(40)
	spec := model.Spec{Latent: 2, Hidden: []int{4}, Activation: backend.Tanh, CodeActivation: backend.Sigmoid}
	spec.Corrupt = model.Corruption{Kind: backend.Masking, Level: 0.5}
	pca, err := FitPCA(ref64.New(), SetRows(s), 2)
	if err != nil {
		t.Fatal(err)
	}
	got := summarise(t, spec, model.Scaling{}, s, SummaryOptions{PCA: pca, Probe: true, KNN: 3})
	if math.Abs(*got.SSE-6**got.MSE) > 1e-9 || math.Abs(*got.PSNR+10*math.Log10(*got.MSE)) > 1e-9 {
		t.Errorf("sse %g, mse %g, psnr %g", *got.SSE, *got.MSE, *got.PSNR)
	}
	if *got.CorruptedSSE == *got.SSE || got.Corruption != "masking:0.5" {
		t.Errorf("%s: sse %g and %g", got.Corruption, *got.CorruptedSSE, *got.SSE)
	}
	if a := *got.MeanActivation; a <= 0 || a >= 1 {
		t.Errorf("mean activation %g of a sigmoid code", a)
	}
	if got.JacobianExamples != 40 || got.PCA.ProbeAccuracy == nil || got.KNNAccuracy == nil {
		t.Errorf("%+v", got)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kl", "elbo", "bce", "accuracy\":null", "active_units", "nll_iwae"} {
		if strings.Contains(string(text), `"`+name) {
			t.Errorf("%s does not fit the model: %s", name, text)
		}
	}
}

// TestSummaryScalesOnce hands a model that has an input scaling rows that are
// scaled already: its figures must be those of one without.
func TestSummaryScalesOnce(t *testing.T) {
	s := gradients(30)
	spec := model.Spec{Latent: 2, CodeActivation: backend.Tanh}
	far := model.Scaling{Shift: []float32{9, 9, 9, 9, 9, 9}, Scale: []float32{5, 5, 5, 5, 5, 5}}
	plain, scaled := summarise(t, spec, model.Scaling{}, s, SummaryOptions{}), summarise(t, spec, far, s, SummaryOptions{})
	if *plain.SSE != *scaled.SSE || *plain.MeanActivation != *scaled.MeanActivation || *plain.JacobianNorm != *scaled.JacobianNorm {
		t.Errorf("%+v and %+v", plain, scaled)
	}
}

func TestSummaryOfAVAE(t *testing.T) {
	spec := model.Spec{Latent: 2, Code: model.Gaussian, Loss: backend.Bernoulli}
	got := summarise(t, spec, model.Scaling{}, gradients(30), SummaryOptions{IWAEK: 10, IWAERows: 7})
	if math.Abs(*got.BCE+*got.KL+*got.ELBO) > 1e-9 {
		t.Errorf("bce %g, kl %g, elbo %g", *got.BCE, *got.KL, *got.ELBO)
	}
	if got.ActiveUnits == nil || got.IWAEK != 10 || got.IWAEExamples != 7 || got.JacobianNorm != nil || got.MeanActivation != nil {
		t.Errorf("%+v", got)
	}
}

func TestSummaryRefuses(t *testing.T) {
	m, err := model.New(ref64.New(), model.Spec{Inputs: 3, Latent: 2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*data.Set{nil, {Cols: 3}, gradients(5)} {
		if _, err := Summarise(m, nil, s, SummaryOptions{}); err == nil {
			t.Errorf("%v was let through", s)
		}
	}
}

func TestCorruptedKeepsTheClean(t *testing.T) {
	s := gradients(9)
	clean, noisy, err := Corrupted(ref64.New(), s, 5, model.Corruption{Kind: backend.SaltAndPepper, Level: 0.5}, 3)
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	for i, v := range clean {
		if v != s.F32[i] {
			t.Fatalf("value %d is %g, was %g", i, v, s.F32[i])
		}
		if noisy[i] != v {
			changed++
		}
	}
	if len(clean) != 30 || changed < 5 || changed > 25 {
		t.Errorf("%d of %d values are damaged", changed, len(clean))
	}
}
