package train

import (
	"context"
	"errors"
	"math"

	"github.com/aegpu/aegpu/model"
)

// loadVal returns validation rows from one on that are on the device, and of how many these are the rank's: all of them, or
// those of a window.
func (p *phase) loadVal(from int) (at model.Resident, rows int, err error) {
	if p.window == nil || p.val.Rows.Mem != nil {
		return p.val, p.valRows, nil
	}
	return p.window.evaluated(p.valSet, from, evalBatch)
}

// measure measures the validation part. The loss that counts is the objective
// without penalties, at the full KL weight whatever the warm-up.
func (p *phase) measure(ctx context.Context) (*model.Metrics, model.Terms, error) {
	m, err := p.eval.EvaluateIn(ctx, p.valRows, p.loadVal, model.EvaluateOptions{
		Beta: float32(p.times.beta), Seed: p.seed, LossOnly: true, Classify: p.objective != model.Reconstruct,
		Share: p.crew.share(), Together: p.crew.adds(),
	})
	if err != nil {
		return nil, nil, err
	}
	terms := append(model.Terms{{Name: model.LossTerm, Value: m.Loss}, {Name: model.ReconstructionTerm, Value: m.NLL}}, m.Terms...)
	for _, t := range []model.Term{{Name: model.AccuracyTerm, Value: m.Accuracy}, {Name: model.SSETerm, Value: m.SSE}, {Name: model.ActiveUnitsTerm, Value: m.Active}} {
		if !math.IsNaN(t.Value) {
			terms = append(terms, t)
		}
	}
	if p.bySquares {
		terms = append(terms, model.Term{Name: model.StandardisedTerm, Value: p.standardised(&m)})
	}
	return &m, terms, nil
}

// standardised is the squared error of a validation row, columns in units of their variance in the training rows; of a table
// that is too wide for the errors of single columns ([model.Metrics.Squares]), as the model sees it.
func (p *phase) standardised(m *model.Metrics) float64 {
	if len(m.Squares) != len(p.weights) {
		return m.SSE
	}
	sum := 0.0
	for j, v := range m.Squares {
		sum += p.weights[j] * v
	}
	return sum
}

// criterion is what is least where a model is best, of the terms of a validation: the squared error of columns standardised
// where that was measured, else the loss.
func criterion(t model.Terms) float64 {
	for _, one := range t {
		if one.Name == model.StandardisedTerm {
			return one.Value
		}
	}
	return t.Loss()
}

// chance is the share, over the root of the number of validation rows, by which weights have to be better than those that a
// training starts from where squared errors are judged: about the standard error of a mean of that many, as the best of many
// epochs is better by chance alone.
const chance = 1

// toBeat is what the criterion has to come below where the weights that a phase starts from are to be the best no longer.
func toBeat(start model.Terms, valRows int) float64 {
	if math.IsNaN(start.Get(model.StandardisedTerm)) {
		return criterion(start)
	}
	return criterion(start) * max(0, 1-chance/math.Sqrt(float64(valRows)))
}

// finite reports whether a validation says something.
func finite(t model.Terms) bool {
	for _, v := range []float64{t.Loss(), criterion(t)} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// startValidated measures the weights that the phase starts from, where it is to: as long as no epoch comes to a lower
// loss, they are the best. A loss that is not finite is no such thing.
func (p *phase) startValidated(ctx context.Context, h hooks) error {
	if !p.validateStart || p.eval == nil || p.state.Epoch > 0 || p.state.Batches > 0 || p.best != nil {
		return nil
	}
	_, terms, err := p.measure(ctx)
	switch {
	case Interrupted(err):
		return errors.Join(h.save(midway), err)
	case err != nil:
		return err
	case !finite(terms):
		return nil
	}
	p.state.BestLoss, p.state.StartValidation = toBeat(terms, p.valRows), terms
	return p.keepBest()
}

// validate measures the validation part after an epoch.
func (p *phase) validate(ctx context.Context, r *Record) error {
	m, terms, err := p.measure(ctx)
	if err != nil {
		return err
	}
	if !finite(terms) {
		return &DivergedError{Phase: p.name, Epoch: r.Epoch, Step: r.Step, What: validationLoss}
	}
	r.Validation, r.Columns = terms, p.model.ColumnTerms(m)
	// During a KL warm-up the full-weight loss is not yet what is descended.
	warming := p.times.klWarmup > float64(p.state.Epoch+1)
	if loss := criterion(terms); loss < p.state.BestLoss-p.minimum || p.best == nil {
		p.state.BestLoss, p.state.Bad, r.Best = loss, 0, true
		return p.keepBest()
	}
	p.state.Bad++
	if warming {
		p.state.Bad = 0
	}
	p.state.Done = p.patience > 0 && p.state.Bad >= p.patience
	return nil
}

// keepBest copies the parameters to the host.
func (p *phase) keepBest() error {
	if p.best == nil {
		p.best = make([]float32, p.model.FlatSize())
	}
	dev := p.model.Device()
	dev.Download(p.best, p.model.Flat())
	return dev.Sync()
}

// restoreBest puts the best parameters back where validation chose some.
func (p *phase) restoreBest() error {
	if p.best == nil {
		return nil
	}
	dev := p.model.Device()
	dev.Upload(p.model.Flat(), p.best)
	return dev.Sync()
}
