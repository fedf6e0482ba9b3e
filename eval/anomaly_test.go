package eval

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// Figures of scikit-learn 1.x and scipy's rankdata on the same numbers, of which some tie.
func TestDetectionAsScikitLearn(t *testing.T) {
	s := &data.Set{Name: "eight", Rows: 8, Labels: []int32{0, 1, 0, 1, 1, 0, 0, 1}, Classes: []string{"0", "1"}}
	scores := []float64{.1, .5, .5, .5, 2, .1, 3, .05}
	d, err := Detect(s, scores, "1")
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(d.AUROC-0.5) > 1e-15 || math.Abs(d.AveragePrecision-0.55) > 1e-15 || d.Positives != 4 || d.Rows != 8 {
		t.Errorf("%+v", d)
	}
	want := []float64{0.65625, 0.75, 0.6875, 0.625, 0.59375, 0.3125, 0.65625, 0.21875}
	if got := MeanRanks(scores, []float64{5, 4, 3, 2, 1, 1, 1, 1}); !slices.Equal(got, want) {
		t.Errorf("%v: expected %v", got, want)
	}
	if _, err := Detect(s, scores, "2"); err == nil {
		t.Error("no rows of a class, and figures")
	}
}

func TestMeanRanksEndAtOne(t *testing.T) {
	if got := MeanRanks([]float64{-3, 1e30, 7}); !slices.Equal(got, []float64{1. / 3, 1, 2. / 3}) {
		t.Errorf("%v", got)
	}
	if MeanRanks() != nil {
		t.Error("ranks of nothing")
	}
}

func TestThreshold(t *testing.T) {
	scores := []float64{5, 1, 4, 2, 3, 3, 0, 9, 8, 7}
	for share, want := range map[float64]float64{0.1: 9, 0.2: 8, 0.29: 7, 1e-9: 9, 0.6: 3, 0.7: 3, 0.999: 0} {
		if got := Threshold(scores, share); got != want {
			t.Errorf("share %g: %g, expected %g", share, got, want)
		}
	}
	if scores[0] != 5 {
		t.Error("the scores were sorted in place")
	}
}

func TestAnomalyClass(t *testing.T) {
	for _, tt := range []struct {
		classes string
		labels  []int32
		want    string
		found   string
		says    string
	}{
		{"0 1", []int32{0, 1}, "", "1", ""},
		{"0 1", []int32{0, 1}, "0", "0", ""},
		{"False True", []int32{0, 1}, "", "True", ""},
		{"no yes", []int32{0, 1}, "", "yes", ""},
		{"normal Anomaly", []int32{0, 1}, "", "Anomaly", ""},
		{"outlier inlier", []int32{0, 1}, "", "outlier", ""},
		{"-1 1", []int32{0, 1}, "", "", `"-1" "1": which of them`},
		{"1 2", []int32{0, 1}, "", "", "which of them"},
		{"a b", []int32{0, 1}, "", "", "which of them"},
		{"0 1 2", []int32{0, 1, 2}, "", "", "which of them"},
		{"0 1 2", []int32{0, 1, 2}, "2", "2", ""},
		{"0 1 2", []int32{0, 1}, "", "1", ""}, // there is no row of class 2
		{"0 1 2", []int32{0, 1}, "2", "", `no row of t is of class "2": expected one of "0" "1"`},
		{"anomaly outlier", []int32{0, 1}, "", "", "which of them"},
		{"0 1", []int32{0, 0}, "", "", "which of them"},
	} {
		s := &data.Set{Name: "t", Rows: len(tt.labels), Labels: tt.labels, Classes: strings.Fields(tt.classes)}
		got, err := AnomalyClass(s, tt.want)
		if got != tt.found || (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s, want %q: %q, %v", tt.classes, tt.want, got, err)
		}
	}
}

func TestPredict(t *testing.T) {
	s := gradients(30)
	m, err := model.New(ref64.New(), model.Spec{Inputs: 6, Latent: 2, Classes: 2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	m.Classifier.Classes = []string{"high", "middling"} // other names than the rows', in another order
	p, err := Predict(t.Context(), m, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	logits, err := m.Classify(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	hits := 0
	for i := range p.Rows {
		want := 1 / (1 + math.Exp(float64(logits[2*i+1])-float64(logits[2*i])))
		if a, b := p.At(i, 1), p.At(i, 2); math.Abs(a-want) > 1e-12 || math.Abs(a+b-1) > 1e-12 || (b > a) != (p.At(i, 0) == 1) {
			t.Fatalf("row %d: class %g, %g and %g, expected %g", i, p.At(i, 0), a, b, want)
		}
		if p.At(i, 0) == 0 && s.Classes[s.Labels[i]] == "high" {
			hits++
		}
	}
	if right, known := Right(p); right != hits || known != 15 {
		t.Errorf("%d right of %d known: expected %d of 15", right, known, hits)
	}
	if p.Columns[1].Name != "p:high" || p.Columns[0].Levels[1] != "middling" || p.Labels == nil {
		t.Errorf("%+v", p.Columns)
	}
	plain, err := model.New(ref64.New(), model.Spec{Inputs: 6, Latent: 2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Predict(t.Context(), plain, s); !errors.Is(err, ErrNoClassifier) {
		t.Error(err)
	}
}

func TestProbabilities(t *testing.T) {
	p := make([]float64, 3)
	if best := probabilities(p, []float32{1000, -1000, 1000}); best != 0 || p[0] != 0.5 || p[1] != 0 {
		t.Errorf("%d, %v", best, p)
	}
	if probabilities(p, []float32{0, float32(math.NaN()), 1}) != -1 || probabilities(p, []float32{float32(math.Inf(1)), 0, 1}) != -1 {
		t.Error("what is not finite has a class")
	}
}
