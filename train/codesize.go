package train

import (
	"context"
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/eval"
)

// A code whose size is left open is as small as explains this share of the variance by PCA, of at most so many numbers, and of
// two at least where there are as many columns: one number would be a line, of which little is seen, and two are a picture.
const (
	explainedShare = 0.9
	leastCode      = 2
	mostCode       = 128
)

// CodeSize returns the size of a code that is left open, and says why it is that.
func (s *Sets) CodeSize(ctx context.Context, dev backend.Device) (int, string, error) {
	rows, err := s.startRows()
	if err != nil {
		return 0, "", err
	}
	p, err := eval.FitPCAShare(ctx, dev, eval.Dense(rows.x, rows.d), explainedShare, mostCode)
	if err != nil {
		return 0, "", err
	}
	enough := p.K()
	if least := min(leastCode, rows.rows, rows.d); enough < least {
		if p, err = eval.FitPCA(ctx, dev, eval.Dense(rows.x, rows.d), least); err != nil {
			return 0, "", err
		}
	}
	s.pca = &fittedPCA{rows, p}
	k, sum := p.K(), 0.0
	for _, v := range p.Variance {
		sum += v
	}
	as := ""
	if k == rows.d && k > 1 {
		as = ", as many as a row has: nothing is compressed"
	}
	switch {
	case !(p.Total > 0):
		return k, "the training rows do not vary", nil
	case k > enough:
		return k, fmt.Sprintf("no fewer by default, though PCA explains %g %% of the training rows with %d%s", 100*explainedShare, enough, as), nil
	case sum < explainedShare*p.Total*(1-1e-3):
		return k, fmt.Sprintf("no more than %d by default, with which PCA explains %.0f %% of the training rows", mostCode, 100*sum/p.Total), nil
	}
	return k, fmt.Sprintf("the smallest with which PCA explains %g %% of the training rows%s", 100*explainedShare, as), nil
}

// narrow is how wide rows are at most whose components do not depend on how many more were looked for.
const narrow = 2048

// fittedPCA is PCA of rows that it was fitted to.
type fittedPCA struct {
	rows *startRows
	is   *eval.PCA
}

// pcaOf returns PCA of training rows, of k components or as many as there are, from what finding the code's size left where
// that serves.
func (s *Sets) pcaOf(ctx context.Context, dev backend.Device, k int) (*fittedPCA, error) {
	f := s.pca
	s.pca = nil
	if f != nil && f.is.K() == k && f.rows.d <= narrow { // then it is what FitPCAStart gives, as where the settings have k already
		return f, nil
	}
	if f == nil {
		rows, err := s.startRows()
		if err != nil {
			return nil, err
		}
		f = &fittedPCA{rows: rows}
	}
	var err error
	f.is, err = eval.FitPCAStart(ctx, dev, eval.Dense(f.rows.x, f.rows.d), min(k, f.rows.rows, f.rows.d))
	return f, err
}
