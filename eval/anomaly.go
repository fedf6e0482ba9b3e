package eval

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/aegpu/aegpu/data"
)

// Column returns the values of the column of that name, nil where there is none.
func Column(s *data.Set, name string) []float64 {
	for j, c := range s.Columns {
		if c.Name != name {
			continue
		}
		v := make([]float64, s.Rows)
		for i := range v {
			v[i] = s.At(i, j)
		}
		return v
	}
	return nil
}

// Threshold returns the score that the highest share of n scores are at or above: that of row round(share n) from the top,
// and of the first at least. Rows that tie with it are at or above it too. scores is not changed; there must be one or more,
// and 0 < share < 1.
func Threshold(scores []float64, share float64) float64 {
	sorted := slices.Clone(scores)
	slices.Sort(sorted)
	k := int(math.Round(share * float64(len(sorted))))
	return sorted[len(sorted)-min(max(k, 1), len(sorted))]
}

// MeanRanks returns the mean over several scores of the same rows of each row's rank, 1 the lowest, divided by the number
// of rows: within (0, 1], whatever the units of the scores. Rows that tie share the mean of their ranks.
func MeanRanks(scores ...[]float64) []float64 {
	if len(scores) == 0 {
		return nil
	}
	mean := make([]float64, len(scores[0]))
	order := make([]int, len(mean))
	for _, s := range scores {
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(s[a], s[b]) })
		for at := 0; at < len(order); {
			end := at + 1
			for end < len(order) && s[order[end]] == s[order[at]] {
				end++
			}
			for _, i := range order[at:end] {
				mean[i] += float64(at+1+end) / 2 // of the ranks at+1 to end
			}
			at = end
		}
	}
	for i := range mean {
		mean[i] /= float64(len(scores)) * float64(len(mean))
	}
	return mean
}

// anomalyWords are what anomalies are called, each beside what the others then may be; of 1 and -1 either may be meant.
var anomalyWords = map[string][]string{
	"1": {"0"}, "true": {"false"}, "yes": {"no"}, "anomaly": nil, "anomalous": nil, "anomalies": nil, "outlier": nil, "abnormal": nil,
}

// AnomalyClass returns the class of labelled rows that counts as anomalous: want, where that is not "", by its text or number,
// or of two classes that there are rows of, that which is called so: 1 (or 1.0) beside 0, true beside false, yes beside no, or
// anomaly, anomalous, outlier or abnormal, in any case. A class that there is none of is an error, and so are labels that leave it open.
func AnomalyClass(s *data.Set, want string) (string, error) {
	has := make([]bool, len(s.Classes))
	for _, l := range s.Labels {
		has[l] = true
	}
	var classes []string
	for l, c := range s.Classes {
		if has[l] {
			classes = append(classes, c)
		}
	}
	if want != "" {
		at := data.ClassFinder(classes)(want)
		if at < 0 {
			return "", fmt.Errorf("no row of %s is of class %q: expected one of %s", s.Name, want, data.Listed(classes))
		}
		return classes[at], nil
	}
	found := ""
	for k, c := range classes {
		beside, ok := anomalyWords[plainly(c)]
		if ok && len(classes) == 2 && (beside == nil || slices.Contains(beside, plainly(classes[1-k]))) {
			if found != "" {
				found = ""
				break
			}
			found = c
		}
	}
	if found == "" {
		return "", fmt.Errorf("the labels of %s are %s: which of them counts as an anomaly is not known", s.Name, data.Listed(classes))
	}
	return found, nil
}

// plainly is a class as anomalyWords has it: in small letters, and numbers as they are written shortest.
func plainly(class string) string {
	if v, err := strconv.ParseFloat(class, 64); err == nil {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strings.ToLower(class)
}

// Detection is how well scores tell the rows of one class from the others.
type Detection struct {
	Class                   string
	Positives, Rows         int
	AUROC, AveragePrecision float64
}

// Detect returns how well scores of the rows of s tell those of the class from the rest. There must be rows of both.
func Detect(s *data.Set, scores []float64, class string) (*Detection, error) {
	d := &Detection{Class: class, Rows: s.Rows}
	positive := make([]bool, s.Rows)
	for i, l := range s.Labels {
		if positive[i] = s.Classes[l] == class; positive[i] {
			d.Positives++
		}
	}
	var err error
	if d.AUROC, err = AUROC(scores, positive); err != nil {
		return nil, err
	}
	d.AveragePrecision, err = AveragePrecision(scores, positive)
	return d, err
}
