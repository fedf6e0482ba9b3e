package model

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
)

// TestARowHasOneScore demands the same bits of what is said of a row among others, over several chunks, and alone.
func TestARowHasOneScore(t *testing.T) {
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	s := rampSet(ChunkRows+7, 5)
	for _, likelihood := range []Likelihood{Squared{}, Bernoulli{}, GaussianNLL{}} {
		for _, code := range []Code{Deterministic{}, Gaussian{}, Gaussian{Samples: 3}, TopK{K: 2}} {
			spec := Spec{Inputs: 5, Hidden: []int{37}, Latent: 3, Activation: backend.GELU, Code: code, Likelihood: likelihood}
			m, err := New(dev, spec, 1)
			if err != nil {
				t.Fatal(err)
			}
			all := judge(t, m, s)
			if (all.NLL == nil) != (likelihood == Squared{}) {
				t.Errorf("%v: NLL %v", &spec, all.NLL != nil)
			}
			for _, i := range []int{0, 3, ChunkRows - 1, ChunkRows, ChunkRows + 6} {
				one := judge(t, m, s.Part(i, 1))
				if !slices.Equal(one.Y, all.Y[i*5:(i+1)*5]) || all.NLL != nil && one.NLL[0] != all.NLL[i] {
					t.Errorf("%v: row %d comes out otherwise alone", &spec, i)
				}
			}
			if y, err := m.Prepared(s.F32); err != nil || !slices.Equal(y, all.Y) {
				t.Errorf("%v: the reconstruction is another one (%v)", &spec, err)
			}
			m.Close()
		}
	}
}

func judge(t *testing.T, m *Model, s *data.Set) *Judged {
	t.Helper()
	j, err := m.Judge(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// The mean over rows is what an evaluation finds; of a drawn code, but for what its draws change, the KL apart.
func TestNLLIsThatOfAnEvaluation(t *testing.T) {
	s := rampSet(40, 5)
	for _, likelihood := range []Likelihood{Bernoulli{}, GaussianNLL{}} {
		for _, code := range []Code{Deterministic{}, Gaussian{}} {
			m := newTestModel(t, Spec{Inputs: 5, Hidden: []int{6}, Latent: 3, Activation: backend.Tanh, Code: code, Likelihood: likelihood})
			sum := 0.0
			for _, v := range judge(t, m, s).NLL {
				sum += v / 40
			}
			if code.Drawn() { // a posterior without variance draws its mean
				silence(t, m, "encoder.1.weight", 3*6)
				silence(t, m, "encoder.1.bias", 3)
				sum = 0
				for _, v := range judge(t, m, s).NLL {
					sum += v / 40
				}
			}
			e, err := m.NewEvaluator(40)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := Upload(m.Device(), s)
			if err != nil {
				t.Fatal(err)
			}
			v, err := e.Evaluate(t.Context(), Resident{Rows: rows}, EvaluateOptions{Beta: 1, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			want := v.NLL
			if code.Drawn() {
				want = -v.ELBO
			}
			if math.Abs(sum-want) > 1e-3*math.Abs(want) {
				t.Errorf("%v: %g, of an evaluation %g", &m.Spec, sum, want)
			}
		}
	}
}

// silence sets the values of a tensor from the given one on to those of a tiny variance.
func silence(t *testing.T, m *Model, name string, from int) {
	t.Helper()
	v, err := m.Weights(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := from; i < len(v); i++ {
		v[i] = 0
		if strings.HasSuffix(name, "bias") {
			v[i] = -15
		}
	}
	if err := m.SetWeights(name, v); err != nil {
		t.Fatal(err)
	}
}

func TestDivergenceByHand(t *testing.T) {
	if kl := (Gaussian{}).divergence([]float32{1, 0, 0, float32(math.Log(4))}); math.Abs(kl-(0.5+(4-1-math.Log(4))/2)) > 1e-6 {
		t.Errorf("%g", kl)
	}
	if kl := (Gaussian{}).divergence([]float32{0, -1000}); math.Abs(kl-(math.Expm1(-20)+20)/2) > 1e-12 {
		t.Errorf("%g: a log-variance is clamped", kl)
	}
}

// Of a fine-tuned encoder there are codes and classes, and no reconstructions; its file says so.
func TestAFineTunedEncoderHasNoDecoder(t *testing.T) {
	m := newTestModel(t, Spec{Inputs: 5, Latent: 3, Classes: 2, Code: Gaussian{}})
	m.Classifier = Classifier{Classes: []string{"no", "yes"}, FineTuned: true}
	var file bytes.Buffer
	if err := m.Write(&file); err != nil {
		t.Fatal(err)
	}
	m, err := Read(ref64.New(), file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if !m.Classifier.FineTuned || !slices.Equal(m.ClassNames(), []string{"no", "yes"}) {
		t.Errorf("%+v", m.Classifier)
	}
	if m, err = m.Clone(); err != nil {
		t.Fatal(err)
	}
	s := rampSet(4, 5)
	codes, err := m.Encode(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Classify(t.Context(), s); err != nil {
		t.Error(err)
	}
	if _, err := m.Sample(t.Context(), 3, 1); err != nil {
		t.Errorf("draws of the prior fit the decoder: %v", err)
	}
	for name, f := range map[string]func() error{
		"Reconstruct": func() error { _, err := m.Reconstruct(t.Context(), s); return err },
		"Decode":      func() error { _, err := m.Decode(t.Context(), codes); return err },
		"Judge":       func() error { _, err := m.Judge(t.Context(), s); return err },
	} {
		if err := f(); !errors.Is(err, ErrNoDecoder) {
			t.Errorf("%s: %v", name, err)
		}
	}
	m.Classifier.FineTuned = false
	if _, err := m.Reconstruct(t.Context(), s); err != nil {
		t.Error(err)
	}
}

func TestClassifierInFiles(t *testing.T) {
	for text, want := range map[string]string{
		`{"classes":["a"]}`: "1 names of 2 classes", `{"classes":"a"}`: "cannot unmarshal", `{`: "unexpected end",
	} {
		if _, err := readClassifier(map[string]string{classifierKey: text}, 2); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	m := newTestModel(t, Spec{Inputs: 5, Latent: 3, Classes: 2})
	if names := m.ClassNames(); !slices.Equal(names, []string{"0", "1"}) {
		t.Errorf("%v: expected numbers where no names are known", names)
	}
}
