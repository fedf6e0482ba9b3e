package train

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// RequestError is an error in what was asked for: a setting, or data that does
// not fit it.
type RequestError struct{ Err error }

func (e *RequestError) Error() string { return e.Err.Error() }

// Unwrap is the cause.
func (e *RequestError) Unwrap() error { return e.Err }

func wrong(format string, args ...any) error { return &RequestError{fmt.Errorf(format, args...)} }

// complete is the config with what was left out, or the request's error.
func complete(c settings.Config) (settings.Config, error) {
	c, err := c.Complete()
	if err != nil {
		return c, &RequestError{err}
	}
	return c, nil
}

// Sets are the parts of a data set that a run works on, as raw rows, and what makes
// a model's rows of them.
type Sets struct {
	Train, Val, Test *data.Set         // Val and Test may be nil
	Preparation      *data.Preparation // fitted to Train
	Targets          *data.Preparation // of what the decoder is to make, where that is not what the encoder sees: fitted to the targets of Train, or to Train itself; nil else
	Likelihood       model.Likelihood  // of what the decoder is to make; nil for that of the settings
	Condition        *data.Condition   // what the rows are conditioned on, fitted to Train; nil for nothing
	pca              *fittedPCA        // of finding the code's size, for the weights that a model starts with; nil where there is none
	hidden           float32           // the share of cells that are hidden from the encoder, so that it learns to fill those that are missing
	sameRows         bool              // what the decoder is to make are the rows, prepared as Targets says
	shared           bool              // both preparations make the same numbers of the training and validation rows
	Division         *data.Division    // how the parts came about
	Share            backend.Share     // which of the ranks the run is one of, where there are others
	Source           string            // the fingerprint of the data before they were divided; "" where it is not known

	Found, Doubts []string // what the data were taken for, and what looks wrong, a line each
	printed       *printed // nil where it is not kept
	held          heldRows // of [Divide]: which rows of the data are Test and Val where they had none of their own
	Changed       string   // of [Again]: how the data are others than then, and what their parts are; "" where they are not
}

// Fingerprint returns what tells the data of a run from others: the digest of its parts.
func (s *Sets) Fingerprint() string {
	parts := [3]*data.Set{s.Train, s.Val, s.Test}
	if s.printed != nil && s.printed.of == parts {
		return s.printed.is
	}
	text := data.Fingerprint(parts[:]...)
	s.remember(text)
	return text
}

// printed is the fingerprint of parts.
type printed struct {
	of [3]*data.Set
	is string
}

// remember keeps the fingerprint of parts on disk, which stay as they are.
func (s *Sets) remember(fingerprint string) {
	if s.Train.OnDisk() {
		s.keepPrinted(fingerprint)
	}
}

func (s *Sets) keepPrinted(fingerprint string) {
	s.printed = &printed{[3]*data.Set{s.Train, s.Val, s.Test}, fingerprint}
}

// SameData reports whether the sets are of the data that the config was written for, as far as it says.
func (s *Sets) SameData(c *settings.Config) bool {
	return c.DataFingerprint == "" || s.Source == "" || string(c.DataFingerprint) == s.Source
}

// Load opens the config's data, holds out the test part (where the data has none of its
// own), keeps the limit, holds out the validation part (where the data has none), and fits
// the preparation to the training part.
func Load(ctx context.Context, c settings.Config) (*Sets, error) {
	c, err := complete(c)
	if err != nil {
		return nil, err
	}
	source, err := data.Read(ctx, c.Data, c.Reading())
	if err != nil {
		return nil, err
	}
	return Divide(source, c)
}

// askToSplit refuses a division that there is no memory for: the parts are copies.
func askToSplit(s *data.Set) error {
	if s == nil {
		return nil
	}
	row := 48.0 // bytes, of what the cut is found by
	for _, has := range []struct {
		it    bool
		bytes float64
	}{{s.IDs != nil, 16}, {s.Labels != nil, 4}, {s.Conditions != nil, 8}, {s.Groups != nil, 8}} {
		if has.it {
			row += has.bytes
		}
	}
	numbers := 0.0
	for _, n := range []*data.Set{s, s.Target} {
		if n != nil {
			numbers += float64(len(n.U8)) + 4*float64(len(n.F32)) + 8*float64(len(n.F64))
		}
	}
	if s.Memory() > 0 { // what does not fit stays on disk
		numbers = 0
	}
	return hostmemory.AskBytes("the parts of "+s.Name, numbers+row*float64(s.Rows))
}

// Divide does what Load does after opening.
func Divide(source *data.Source, c settings.Config) (*Sets, error) {
	c, err := complete(c)
	if err != nil {
		return nil, err
	}
	hashes := data.NewRowHashes(c.Seed)
	digest := data.Fingerprint
	if c.Test > 0 || c.Val > 0 || source.Val != nil || source.Test != nil {
		digest = hashes.Fingerprint
	}
	whole := digest(source.Train, source.Val, source.Test)
	by := &afresh{hashes, heldRows{}}
	s, err := parts(source, c, by)
	if err != nil {
		return nil, err
	}
	s.Source, s.held = whole, by.noted
	if err := s.doubt(hashes); err != nil {
		return nil, err
	}
	if source.Train == s.Train && source.Val == s.Val && source.Test == s.Test {
		s.remember(whole)
	} else if s.Train.OnDisk() {
		s.Fingerprint() // which finds out on its way what fit asks
	}
	return s, s.fit(&c)
}

// parts makes the parts: those that the data has of their own, and those that rows are held out for.
func parts(source *data.Source, c settings.Config, by divider) (*Sets, error) {
	if err := c.Validate(); err != nil { // shares that are none
		return nil, &RequestError{err}
	}
	missing, err := settleMissing(&c, source.Train)
	if err != nil {
		return nil, err
	}
	for _, part := range []*data.Set{source.Train, source.Val, source.Test} {
		if part == nil || missing != data.MissingRefuse {
			continue
		}
		if err := part.CheckGaps(); err != nil {
			return nil, err
		}
		if part.Target != nil {
			if err := part.Target.CheckGaps(); err != nil {
				return nil, err
			}
		}
	}
	s := &Sets{Train: source.Train, Val: source.Val, Test: source.Test, Found: slices.Clone(source.Found), Doubts: slices.Clone(source.Doubts),
		Division: &data.Division{Rows: source.Train.Rows, Bytes: source.Train.IsBytes()}}
	hold := func(part **data.Set, cut **data.Cut, name string, share float64) (err error) {
		if *part != nil || !(share > 0) {
			return nil
		}
		if err = askToSplit(s.Train); err == nil {
			if s.Train, *part, *cut = by.holdOut(s.Train, name, share); *part == nil {
				s.undivided(name)
			}
		}
		return err
	}
	if err := hold(&s.Test, &s.Division.Test, data.TestPart, c.Test); err != nil {
		return nil, err
	}
	if c.Limit > 0 {
		s.Train = s.Train.Head(c.Limit)
	}
	if err := hold(&s.Val, &s.Division.Val, data.ValidationPart, c.Val); err != nil {
		return nil, err
	}
	if s.Train == nil || s.Train.Rows == 0 {
		return nil, &RequestError{&settings.Error{Field: "Test", Msg: fmt.Sprintf("%g and {Val} %g leave no rows of %s to train on", c.Test, c.Val, c.Data)}}
	}
	for _, part := range []**data.Set{&s.Val, &s.Test} {
		if *part != nil && (*part).Rows == 0 {
			*part = nil
		}
	}
	return s, nil
}

// made is what the decoder is to make of rows, as it is: the rows themselves, or the data beside them.
func made(part *data.Set) *data.Set {
	if part.Target != nil {
		return part.Target
	}
	return part
}

// settleMissing decides what becomes of missing cells: the loss leaves them out where columns have likelihoods of their
// own, else, and of a multinomial, they are refused, unless something else was asked for.
func settleMissing(c *settings.Config, train *data.Set) (data.Missing, error) {
	by := byColumn(c, made(train))
	if !by {
		if err := checkAlike(c, made(train)); err != nil {
			return 0, err
		}
	}
	whole := by && c.Loss.By.Counts() == model.Multinomial // a row of which a count is missing would have no loss, and seem perfect
	switch {
	case whole && c.Missing == data.MissingMask:
		return 0, &RequestError{&settings.Error{Field: "Missing", Msg: fmt.Sprintf(
			"is %v, and {Loss} %v takes the counts of a row as one: expected refuse, mean or median, or another loss of counts", c.Missing, c.Loss)}}
	case c.Missing != data.MissingAuto:
		return c.Missing, nil
	case by && !whole:
		return data.MissingMask, nil
	}
	return data.MissingRefuse, nil
}

// fit fits the preparations to the training part.
func (s *Sets) fit(c *settings.Config) error {
	if err := s.fitCondition(c); err != nil {
		return err
	}
	missing, err := settleMissing(c, s.Train)
	if err != nil {
		return err
	}
	if byColumn(c, made(s.Train)) {
		return s.fitColumns(c, missing)
	}
	return s.fitAlike(c, missing)
}

// fitColumns fits the preparations of a model whose columns have likelihoods of their own.
func (s *Sets) fitColumns(c *settings.Config, missing data.Missing) error {
	var held []*data.Set
	for _, part := range []*data.Set{s.Val, s.Test} {
		if part != nil {
			held = append(held, made(part))
		}
	}
	target := withAnswers(made(s.Train), held...)
	l, err := decideLosses(c, target)
	if err != nil {
		return err
	}
	o := data.ColumnOptions{Scaling: c.Scale, Missing: missing, Counts: l.counts, Logs: l.logs, Total: float64(l.total)}
	if s.Preparation, s.Targets, err = data.FitColumns(target, o); err != nil {
		return err
	}
	s.Likelihood, s.sameRows = l.likelihood(s.Targets), s.Train.Target == nil
	s.Found = append(s.Found, l.said...)
	if !s.sameRows {
		s.Found = append(s.Found, s.Targets.Said()...)
	}
	switch {
	case s.sameRows:
		s.shared = s.Preparation.SameAs(s.Targets, s.Train) && (s.Val == nil || s.Preparation.SameAs(s.Targets, s.Val))
	case s.Train.Height > 0:
		s.Preparation, err = data.FitPreparation(s.Train, data.PreparationOptions{Scaling: c.Scale, Missing: c.Missing})
	default:
		counts := make([]bool, s.Train.Cols)
		for j := range counts {
			counts[j] = kindOf(s.Train, j) == data.Count
		}
		o.Counts, o.Total = counts, 0
		s.Preparation, _, err = data.FitColumns(s.Train, o)
	}
	if err != nil {
		return err
	}
	s.Found = append(s.Found, s.Preparation.Said()...)
	s.hide(c, missing)
	for _, part := range s.withNewLevels() {
		s.Doubts = append(s.Doubts, s.Preparation.NewLevels(part)...)
	}
	return nil
}

// fitAlike fits the preparations of a model of one likelihood.
func (s *Sets) fitAlike(c *settings.Config, missing data.Missing) (err error) {
	s.Likelihood = c.Loss.Kind()
	o := data.PreparationOptions{Scaling: c.Scale, Unit: s.Likelihood.Unit(), Missing: missing}
	if s.Train.Target != nil {
		s.Targets, err = data.FitPreparation(s.Train.Target, o)
		o.Unit = false // what the decoder makes has to be within [0, 1]
	}
	if err == nil {
		s.Preparation, err = data.FitPreparation(s.Train, o)
	}
	if errors.Is(err, data.ErrNotUnit) {
		return &RequestError{&settings.Error{Field: "Scale", Msg: fmt.Sprintf(
			"is %v, which leaves data outside of [0, 1], where {Loss} %v needs it: use {Scale} minmax, or {Loss} squared", c.Scale, c.Loss)}}
	}
	if err != nil {
		return err
	}
	for _, part := range s.withNewLevels() { // which these losses have no place for: better now than after the training
		if _, err := s.Preparation.Match(part); err != nil {
			return err
		}
	}
	return nil
}

// withNewLevels are the parts for test and validation that have levels which the training part does not.
func (s *Sets) withNewLevels() (parts []*data.Set) {
	for _, part := range []*data.Set{s.Val, s.Test} {
		for j, c := range s.Train.Columns {
			if part != nil && len(part.Columns) > j && len(part.Columns[j].Levels) > len(c.Levels) {
				parts = append(parts, part)
				break
			}
		}
	}
	return parts
}

// Spec returns the model that the settings ask for on rows of these parts. A [RequestError] says what does not fit.
func (s *Sets) Spec(c *settings.Config) (model.Spec, error) {
	spec, err := c.Spec(s.Preparation.Inputs())
	if err == nil && (s.Targets != nil || s.Likelihood != nil) {
		if s.Likelihood != nil {
			spec.Likelihood = s.Likelihood
		}
		if s.hidden > 0 {
			spec.Corrupt = model.Corruption{Kind: backend.Masking, Level: s.hidden}
		}
		if s.Targets != nil {
			spec.Targets, spec.SameRows = s.Targets.Inputs(), s.sameRows
		}
		err = spec.Validate()
	}
	if err == nil && s.Condition != nil {
		spec.Conditions = len(s.Condition.Levels)
		err = spec.Validate()
	}
	if err != nil {
		return spec, &RequestError{err}
	}
	return spec, nil
}

// prepare gives a model the preparations, and the condition.
func (s *Sets) prepare(m *model.Model) error {
	if err := s.setCondition(m); err != nil {
		return err
	}
	if s.Targets != nil {
		if err := m.SetTargetPreparation(s.Targets); err != nil {
			return err
		}
	}
	return m.SetPreparation(s.Preparation)
}

// width is how many numbers a row has as the model sees it, its target among them.
func (s *Sets) width() int {
	if s.Targets != nil && !s.shared {
		return s.Preparation.Inputs() + s.Targets.Inputs()
	}
	return s.Preparation.Inputs()
}
