package eval

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestRankingByHand(t *testing.T) {
	yes := func(v ...int) []bool {
		out := make([]bool, len(v))
		for i, e := range v {
			out[i] = e == 1
		}
		return out
	}
	for _, c := range []struct {
		scores   []float64
		positive []bool
		auroc    float64
		ap       float64
	}{
		// The example in scikit-learn's documentation of both metrics.
		{[]float64{.1, .4, .35, .8}, yes(0, 0, 1, 1), .75, .5 + .5*2/3},
		{[]float64{1, 2, 3, 4}, yes(0, 0, 1, 1), 1, 1},
		{[]float64{4, 3, 2, 1}, yes(0, 0, 1, 1), 0, .5/3 + .5*2/4},
		{[]float64{5, 5, 5, 5}, yes(0, 1, 0, 1), .5, .5},
		{[]float64{1, 2, 2, 3}, yes(0, 0, 1, 1), .875, .5 + .5*2/3},
		{[]float64{math.Inf(1), 0, math.Inf(-1)}, yes(1, 0, 0), 1, 1},
	} {
		a, err := AUROC(c.scores, c.positive)
		if err != nil || math.Abs(a-c.auroc) > 1e-15 {
			t.Errorf("%v: AUROC %v, want %v (%v)", c.scores, a, c.auroc, err)
		}
		p, err := AveragePrecision(c.scores, c.positive)
		if err != nil || math.Abs(p-c.ap) > 1e-15 {
			t.Errorf("%v: average precision %v, want %v (%v)", c.scores, p, c.ap, err)
		}
	}
}

// TestAUROCIsAProbability counts all pairs.
func TestAUROCIsAProbability(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	scores, positive := make([]float32, 300), make([]bool, 300)
	for i := range scores {
		positive[i] = r.IntN(5) == 0
		scores[i] = float32(r.IntN(20)) // many ties
		if positive[i] {
			scores[i] += 3
		}
	}
	wins, pairs := 0.0, 0.0
	for i := range scores {
		for j := range scores {
			if !positive[i] || positive[j] {
				continue
			}
			pairs++
			if scores[i] > scores[j] {
				wins++
			} else if scores[i] == scores[j] {
				wins += .5
			}
		}
	}
	got, err := AUROC(scores, positive)
	if err != nil || math.Abs(got-wins/pairs) > 1e-12 {
		t.Errorf("AUROC %v, share of pairs %v (%v)", got, wins/pairs, err)
	}
}

func TestRankingRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		scores   []float64
		positive []bool
	}{
		"lengths":      {[]float64{1}, []bool{true, false}},
		"NaN":          {[]float64{1, math.NaN()}, []bool{true, false}},
		"empty":        {nil, nil},
		"no positives": {[]float64{1, 2}, []bool{false, false}},
	} {
		if _, err := AUROC(c.scores, c.positive); err == nil {
			t.Errorf("AUROC, %s: no error", name)
		}
		if _, err := AveragePrecision(c.scores, c.positive); err == nil {
			t.Errorf("average precision, %s: no error", name)
		}
	}
	if _, err := AUROC([]float64{1, 2}, []bool{true, true}); err == nil {
		t.Error("AUROC without negatives: no error")
	}
}
