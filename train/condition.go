package train

import (
	"fmt"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// fitCondition finds the levels of the condition in the training part, and numbers those of the other parts alike. Where
// the data are others than then, they were found before.
func (s *Sets) fitCondition(c *settings.Config) (err error) {
	if c.Condition != "" {
		for _, part := range []**data.Set{&s.Train, &s.Val, &s.Test} { // rows in memory have labels alone
			if *part == nil || (*part).Conditions != nil {
				continue
			}
			if *part, err = (*part).Conditioned(c.Condition); err != nil {
				return err
			}
		}
	}
	if s.Condition == nil {
		if s.Condition, err = data.FitCondition(s.Train); err != nil || s.Condition == nil {
			return err
		}
	}
	if c.Condition == "" { // rows in memory that say it themselves
		own := *c
		if own.Condition = s.Condition.Name; own.Condition != "" {
			if err := own.Validate(); err != nil {
				return &RequestError{err}
			}
		}
	}
	s.Found = append(s.Found, fmt.Sprintf("condition: %s, %d levels (%s), which encoder and decoder are told, and PCA beside them is not", s.Condition.Name, len(s.Condition.Levels), data.Listed(s.Condition.Levels)))
	kept := s.printed != nil && s.printed.of == [3]*data.Set{s.Train, s.Val, s.Test}
	for _, p := range []struct {
		name string
		set  **data.Set
	}{{"training", &s.Train}, {data.ValidationPart, &s.Val}, {data.TestPart, &s.Test}} {
		if *p.set == nil {
			continue
		}
		if *p.set, err = s.Condition.Match(*p.set); err != nil {
			return fmt.Errorf("the %s part: %w", p.name, err)
		}
	}
	if kept { // which names the levels, however they are numbered
		s.printed.of = [3]*data.Set{s.Train, s.Val, s.Test}
	}
	return nil
}

// setCondition gives a model the condition, where it has one.
func (s *Sets) setCondition(m *model.Model) error {
	if s.Condition == nil {
		return nil
	}
	return m.SetCondition(s.Condition)
}
