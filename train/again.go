package train

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// ErrOtherData is wrapped by the error of a run's own data that have changed.
var ErrOtherData = errors.New("not the data that the run was trained on")

// Again opens the data of a finished run as [Load] did for it: the same rows are held out. The error wraps
// [ErrOtherData] where the data have changed and it is not known which of their rows were trained on. Where all that was
// held out was so by what is in the rows, it is known: then Changed says that they are others, the parts are divided by
// the run's cuts, and no row of Test and Val was trained on.
func Again(ctx context.Context, c settings.Config, m *model.Model) (*Sets, error) {
	c, err := complete(c)
	if err != nil {
		return nil, err
	}
	source, err := data.Read(ctx, c.Data, c.Reading())
	if err == nil {
		var s *Sets
		if s, err = parts(source, c, dividerOf(m, &c)); err == nil {
			if now := s.Fingerprint(); m.Fingerprint == "" || m.Fingerprint == now {
				return s, s.fit(&c)
			}
			err = otherData(&c, m, s.Fingerprint())
		}
	}
	if m.Division == nil || m.Division.Test == nil && m.Division.Val == nil || ctx.Err() != nil {
		return nil, err
	}
	return changed(ctx, c, m, err)
}

// otherData is the error that refuses data with another fingerprint.
func otherData(c *settings.Config, m *model.Model, now string) error {
	return wrong("%s is %w (fingerprint %.12s, then %.12s): bring that back, or name DATA where the command takes it", dataName(c), ErrOtherData, now, m.Fingerprint)
}

// dataName is what the data of a run are called, its targets among them.
func dataName(c *settings.Config) string {
	if len(c.Target) == 0 {
		return c.Data
	}
	return c.Data + ", or its targets,"
}

// dividerOf is what held out the rows of the run.
func dividerOf(m *model.Model, c *settings.Config) divider {
	if m.Division == nil {
		return byPosition{c.Seed}
	}
	return byCuts(m.Division)
}

// changed divides data that are others than then, as rows of the model's preparation; because is returned where it is
// not known which were trained on.
func changed(ctx context.Context, c settings.Config, m *model.Model, because error) (*Sets, error) {
	how := c.Reading()
	how.As = m.Preparation()
	if m.Spec.OtherData() {
		how.AsTarget = m.TargetPreparation()
	}
	if m.Condition() != nil {
		how = m.Condition().Reading(how)
	}
	source, err := data.Read(ctx, c.Data, how)
	if err == nil {
		source.Train, err = how.As.MatchGaps(source.Train) // rows were divided as they are, gaps and all
	}
	if bad := (*data.Error)(nil); errors.As(err, &bad) && !errors.Is(err, fs.ErrNotExist) {
		return nil, wrong("%s is %w: %w", dataName(&c), ErrOtherData, err)
	}
	if err != nil {
		return nil, err
	}
	// Rows have the hashes of then by the columns of then.
	rows := *source.Train
	rows.Columns = how.As.Columns
	source.Train = &rows
	if rows.IsBytes() != m.Division.Bytes || source.Test != nil || source.Val != nil || m.Division.Test == nil && c.Test > 0 || m.Division.Val == nil && c.Val > 0 {
		return nil, because
	}
	s, err := parts(source, c, byCuts(m.Division))
	if err != nil {
		return nil, err
	}
	s.Preparation, s.Targets, s.Likelihood, s.Condition = how.As, how.AsTarget, m.Spec.Likelihood, m.Condition()
	if m.Spec.SameRows {
		s.Targets, s.sameRows = m.TargetPreparation(), true
	}
	if err := s.fitCondition(&c); err != nil {
		return nil, wrong("%s is %w: %w", dataName(&c), ErrOtherData, err)
	}
	s.Changed = fmt.Sprintf("%s has changed since the training: it has %d rows, %s; they are divided as they were then, by what is in them, so that no row held out was trained on as it is now; a row that was edited may have been",
		dataName(&c), s.Division.Rows, more(s.Division.Rows, m.Division.Rows))
	return s, nil
}

// more compares numbers of rows.
func more(now, then int) string {
	switch {
	case now > then:
		return fmt.Sprintf("%d more than then", now-then)
	case now < then:
		return fmt.Sprintf("%d fewer than then", then-now)
	}
	return "as many as then"
}
