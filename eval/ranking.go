package eval

import (
	"errors"
	"fmt"
	"slices"
)

// AUROC is the area under the receiver operating characteristic: the probability
// that a positive scores higher than a negative, a tie counting one half (Hanley
// and McNeil 1982). There must be at least one of each.
//
//	scores, positive: n; a higher score means more likely positive
func AUROC[F float32 | float64](scores []F, positive []bool) (float64, error) {
	groups, p, n, err := rank(scores, positive)
	if err != nil {
		return 0, fmt.Errorf("auroc: %w", err)
	}
	if n == 0 {
		return 0, errors.New("auroc: no negatives among the labels")
	}
	area, above := 0.0, 0.0 // above: positives that score higher than the group
	for _, g := range groups {
		area += g.negatives * (above + g.positives/2)
		above += g.positives
	}
	return area / (p * n), nil
}

// AveragePrecision is sum_t (R_t - R_{t-1}) P_t over the distinct scores t from the
// highest to the lowest, P_t and R_t being precision and recall of "score at least
// t": the step-wise sum of scikit-learn, without interpolation. There must be at
// least one positive.
//
//	scores, positive: n; a higher score means more likely positive
func AveragePrecision[F float32 | float64](scores []F, positive []bool) (float64, error) {
	groups, p, _, err := rank(scores, positive)
	if err != nil {
		return 0, fmt.Errorf("average precision: %w", err)
	}
	sum, hits, seen := 0.0, 0.0, 0.0
	for _, g := range groups {
		hits += g.positives
		seen += g.positives + g.negatives
		sum += g.positives / p * hits / seen
	}
	return sum, nil
}

// tied is how many of each share one score.
type tied struct{ positives, negatives float64 }

// rank counts the labels at every distinct score, the highest first, and in all.
func rank[F float32 | float64](scores []F, positive []bool) (groups []tied, p, n float64, err error) {
	if len(scores) != len(positive) {
		return nil, 0, 0, fmt.Errorf("%d scores and %d labels", len(scores), len(positive))
	}
	order := make([]int, len(scores))
	for i, s := range scores {
		if s != s {
			return nil, 0, 0, fmt.Errorf("score %d is NaN", i+1)
		}
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case scores[a] > scores[b]:
			return -1
		case scores[a] < scores[b]:
			return 1
		}
		return 0
	})
	for k, i := range order {
		if k == 0 || scores[i] != scores[order[k-1]] {
			groups = append(groups, tied{})
		}
		g := &groups[len(groups)-1]
		if positive[i] {
			g.positives++
			p++
		} else {
			g.negatives++
			n++
		}
	}
	if p == 0 {
		return nil, 0, 0, errors.New("no positives among the labels")
	}
	return groups, p, n, nil
}
