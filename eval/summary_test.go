package eval

import (
	"encoding/json"
	"math"
	"reflect"
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

func summarise(t *testing.T, spec model.Spec, p *data.Preparation, s *data.Set, o SummaryOptions) *Summary {
	t.Helper()
	spec.Inputs = s.Cols
	m, err := model.New(ref64.New(), spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	if p != nil {
		if err := m.SetPreparation(p); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := Summarise(t.Context(), m, s, s, o)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func TestSummaryOfAnAutoencoder(t *testing.T) {
	s := gradients(40)
	spec := model.Spec{Latent: 2, Hidden: []int{4}, Activation: backend.Tanh, CodeActivation: backend.Sigmoid}
	spec.Corrupt = model.Corruption{Kind: backend.Masking, Level: 0.5}
	pca, err := FitPCA(t.Context(), ref64.New(), SetRows(s), 2)
	if err != nil {
		t.Fatal(err)
	}
	got := summarise(t, spec, nil, s, SummaryOptions{PCA: pca, Probe: true, KNN: 3})
	sse, mse, psnr := got.Get("sse"), got.Get("mse"), got.Get("psnr_db")
	if !(math.Abs(sse-6*mse) <= 1e-9) || psnr == psnr {
		t.Errorf("sse %g, mse %g, psnr %g of a table", sse, mse, psnr)
	}
	if c := got.Get("corrupted_sse"); c == sse || !(c > 0) || got.Corruption.String() != "masking:0.5" {
		t.Errorf("%s: sse %g and %g", got.Corruption, c, sse)
	}
	if a := got.Get("mean_activation"); !(a > 0 && a < 1) {
		t.Errorf("mean activation %g of a sigmoid code", a)
	}
	if got.Get("jacobian_examples") != 40 || !(got.PCA.Get("probe_accuracy") >= 0) || !(got.Get("knn_accuracy") >= 0) {
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

// Images have a peak, and no columns.
func TestSummaryOfImages(t *testing.T) {
	s := gradients(40)
	s.Height, s.Width, s.Channels = 2, 3, 1
	got := summarise(t, model.Spec{Latent: 2}, nil, s, SummaryOptions{})
	if mse, psnr := got.Get("mse"), got.Get("psnr_db"); !(math.Abs(psnr+10*math.Log10(mse)) <= 1e-9) || got.Columns != nil {
		t.Errorf("mse %g, psnr %g, %+v", mse, psnr, got.Columns)
	}
	if v := got.Get("explained_variance"); v != v || !math.IsNaN(got.Get("explained_variance_ordinary")) {
		t.Errorf("%+v", got.Figures)
	}
}

// TestSummaryPreparesOnce hands a model with a preparation raw rows: its figures must be
// those of a model without on rows that are prepared.
func TestSummaryPreparesOnce(t *testing.T) {
	raw := gradients(30)
	for i, v := range raw.F32 {
		raw.F32[i] = 9 + 5*v
	}
	p, err := data.FitPreparation(raw, data.PreparationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	prepared, err := p.Apply(raw)
	if err != nil {
		t.Fatal(err)
	}
	spec := model.Spec{Latent: 2, CodeActivation: backend.Tanh}
	plain, scaled := summarise(t, spec, nil, prepared, SummaryOptions{}), summarise(t, spec, p, raw, SummaryOptions{})
	for k, c := range plain.Columns { // in units of the raw rows, and but for rounding
		d := scaled.Columns[k]
		if !(math.Abs(c.Explained-d.Explained) < 1e-6) || !(math.Abs(c.Error*p.Deviations()[k]-d.Error) < 1e-6) {
			t.Errorf("%+v and %+v", c, d)
		}
	}
	plain.Columns, scaled.Columns = nil, nil
	for k, f := range plain.Figures {
		if math.Abs(f.Value-scaled.Figures[k].Value) < 1e-6 {
			scaled.Figures[k].Value = f.Value
		}
	}
	if !reflect.DeepEqual(plain, scaled) || !(plain.Get("sse") > 0) {
		t.Errorf("%+v and %+v", plain, scaled)
	}
}

func TestSummaryOfAVAE(t *testing.T) {
	spec := model.Spec{Latent: 2, Code: model.Gaussian{}, Likelihood: model.Bernoulli{}}
	got := summarise(t, spec, nil, gradients(30), SummaryOptions{IWAEK: 10, IWAERows: 7})
	if bce, kl, elbo := got.Get("bce"), got.Get("kl"), got.Get("elbo"); !(math.Abs(bce+kl+elbo) <= 1e-9) {
		t.Errorf("bce %g, kl %g, elbo %g", bce, kl, elbo)
	}
	none := func(name string) bool { return math.IsNaN(got.Get(name)) }
	if none("active_units") || got.Get("iwae_k") != 10 || got.Get("iwae_examples") != 7 || !none("jacobian_norm") || !none("mean_activation") {
		t.Errorf("%+v", got)
	}
}

func TestSummaryRefuses(t *testing.T) {
	m, err := model.New(ref64.New(), model.Spec{Inputs: 3, Latent: 2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*data.Set{nil, {Cols: 3}, gradients(5)} {
		if _, err := Summarise(t.Context(), m, nil, s, SummaryOptions{}); err == nil {
			t.Errorf("%v was let through", s)
		}
	}
}

func TestCorruptedKeepsTheClean(t *testing.T) {
	s := gradients(9)
	m, err := model.New(ref64.New(), model.Spec{Inputs: 6, Latent: 2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	clean, noisy, err := Corrupted(m, s, 5, model.Corruption{Kind: backend.SaltAndPepper, Level: 0.5}, 3)
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
