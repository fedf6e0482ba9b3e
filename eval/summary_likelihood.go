package eval

import (
	"context"
	"fmt"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/internal/joint"
	"github.com/aegpu/aegpu/model"
)

// logLikelihoodName is the figure of log p(x), of the model and of probabilistic PCA.
const logLikelihoodName = "log_likelihood"

// The estimate beside probabilistic PCA takes so many importance samples a row, on so many of the first rows at most, and
// on fewer where these would take more than usualWork multiplications: a second or two.
const (
	usualSamples = 100
	usualRows    = 10000
	usualWork    = 2e10
)

// likelihood is the importance-weighted estimate, where asked for or where probabilistic PCA can stand beside it on the
// same rows.
func (b *summariser) likelihood() error {
	fixed, beside := b.besideLinear()
	k, n := b.o.IWAEK, b.test.Rows
	if b.onDisk() {
		n = min(n, b.held())
	}
	switch most := b.usualRows(); {
	case k == 0 && (!beside || most < enoughRows && most < b.test.Rows):
		return nil
	case k == 0:
		k, n = usualSamples, min(most, n)
	case b.o.IWAERows > 0:
		n = min(b.o.IWAERows, n)
	}
	r, free, err := b.firstRows(n)
	if err != nil {
		return err
	}
	defer free()
	n = r.all
	v, err := r.logLikelihood(b.ctx, k, b.o.Seed)
	if err != nil {
		return err
	}
	if b.o.IWAEK > 0 {
		b.bound(-v, k, n)
	}
	if !beside {
		return nil
	}
	add(&b.Figures, logLikelihoodName, v, fmt.Sprintf("log p(x) with %d samples, on %d examples; PCA's is exact, of probabilistic PCA", k, n))
	add(&b.Figures, logLikelihoodName+"_samples", float64(k), "")
	add(&b.Figures, logLikelihoodName+"_examples", float64(n), "")
	b.linear, err = b.o.PCA.LogLikelihood(b.ctx, r.shares(SetRows(r.set.Part(0, r.rows()))), fixed)
	return err
}

// firstRows are the first n rows, of which several ranks cut themselves portions of their own: many samples are drawn for
// each, and it may be few rows that they are drawn for.
func (b *summariser) firstRows(n int) (r resident, free func(), err error) {
	if joint.Alone(b.ranks) {
		r = b.resident
		r.portion, r.at = portionOf(nil, n, model.LikelihoodRows), r.at.Head(n)
		return r, func() {}, nil
	}
	of := []float64{0} // as many as the first rank has room for
	if joint.First(b.ranks) {
		of[0] = float64(n)
	}
	if err = b.sum(nil, of); err == nil {
		r, err = makeResident(b.model, b.test, portionOf(b.ranks, int(of[0]), model.LikelihoodRows))
	}
	return r, r.free, err
}

// logLikelihood is the mean of the estimates of log p(x) over the rows of all ranks.
func (r *resident) logLikelihood(ctx context.Context, k int, seed uint64) (float64, error) {
	sum := []float64{0}
	var err error
	if r.rows() > 0 {
		sum[0], err = r.model.SumLogLikelihood(ctx, r.at, k, seed, r.lo)
	}
	err = r.sum(err, sum)
	return sum[0] / float64(r.all), err
}

// usualRows is how many rows the estimate takes where none was asked for.
func (b *summariser) usualRows() int {
	return int(min(usualRows, usualWork/usualSamples/float64(b.model.NumParameters())))
}

// bound appends the importance-weighted estimate.
func (b *summariser) bound(nll float64, k, examples int) {
	add(&b.Figures, "nll_iwae", nll, fmt.Sprintf("-log p(x) with %d samples, on %d examples", k, examples))
	add(&b.Figures, "iwae_k", float64(k), "")
	add(&b.Figures, "iwae_examples", float64(examples), "")
}

// besideLinear says whether the log-likelihood of probabilistic PCA, a density of prepared rows, means what the model's
// does, and which columns are fixed. It does not:
//   - of a code that is not drawn or under a squared error, which give no density;
//   - with columns of other kinds, such as categories or counts: theirs are probabilities, the code is shared, and the part
//     of log p(x) that is the Gaussian columns' cannot be told from the rest;
//   - with missing cells, which PCA is fitted to as filled in, to rows narrower than they are;
//   - of a decoder that makes other data than the input, and of one that knows a condition, which PCA does not see;
//   - of images, whose pixels at the border hardly vary: narrower and narrower densities of them outweigh all others.
func (b *summariser) besideLinear() (fixed Fixed, beside bool) {
	spec := &b.model.Spec
	if b.o.PCA == nil || !spec.Bounds() || spec.Narrowest() == 0 || spec.OtherData() || spec.HasCondition() || b.image() {
		return fixed, false
	}
	p := b.model.Preparation()
	if spec.HasTargets() && !p.SameAs(b.model.TargetPreparation(), b.test) {
		return fixed, false
	}
	for _, s := range []*data.Set{b.train, b.test} {
		if s != nil && s.HasGaps() {
			return fixed, false
		}
	}
	if p.Constant != nil {
		if fixed = (Fixed{p.Constant, spec.Narrowest()}); p.Cols != p.Inputs() { // categories, all columns being alike
			return fixed, false
		}
	}
	return fixed, b.o.PCA.Noise(fixed.rest(p.Inputs())) > 0
}
