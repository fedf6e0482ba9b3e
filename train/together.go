package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/internal/joint"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// LoadTogether is [Load] for the ranks of a job, which all have the same settings and reach the same data; nil is no job.
// The first rank alone looks at all rows. The others open the data, look at a few of their rows, by which other data are
// refused, and take from the first what it found: which rows the parts are, and what makes a model's rows of them. A
// training then reads their own rows alone. Data that have to be decoded one rank of each machine reads, and lends to the
// others there. What goes wrong on one rank is the error of all.
func LoadTogether(ctx context.Context, c settings.Config, ranks backend.Ranks) (*Sets, error) {
	if joint.Alone(ranks) {
		return Load(ctx, c)
	}
	crew := &crew{Ranks: ranks}
	s, err := crew.load(ctx, c)
	if err == nil {
		return s, nil
	}
	return nil, crew.asRequest(err)
}

// load is LoadTogether.
func (c *crew) load(ctx context.Context, config settings.Config) (*Sets, error) {
	config, err := complete(config)
	if err := c.agree(err); err != nil {
		return nil, err
	}
	source, err := c.open(ctx, &config)
	if err != nil {
		return nil, err
	}
	probe := data.Probe(config.Seed, source.Train, source.Val, source.Test)
	if err := c.agree(c.same(sameData, []byte(probe))); err != nil {
		return nil, err
	}
	var s *Sets
	var text []byte
	if c.first() {
		if s, err = Divide(source, config); err == nil {
			text, err = s.findings()
		}
	}
	if err := c.agree(err); err != nil {
		return nil, err
	}
	if text, err = c.from0(text); err == nil && !c.first() {
		s, err = setsOf(source, config, text)
	}
	return s, c.agree(err)
}

// asRequest has an error of all ranks be one of the request where the rank that it is of knows it as such.
func (c *crew) asRequest(err error) error {
	all, failed := c.Exchange(fmt.Append(nil, isRequest(err)))
	if rank := (*RankError)(nil); failed == nil && errors.As(err, &rank) && rank.Rank < len(all) && string(all[rank.Rank]) == "true" && !isRequest(err) {
		return &RequestError{err}
	}
	return err
}

// isRequest reports whether an error is one of what was asked for, the data among it.
func isRequest(err error) bool {
	return errors.As(err, new(*RequestError)) || errors.As(err, new(*data.Error)) || errors.As(err, new(*data.ReadingError)) || errors.As(err, new(*settings.Error))
}

// findings are what was found out of all rows of the parts, for ranks that do not look at them.
type findings struct {
	Held                 heldRows
	Parts                [3]int // rows of each
	Division             *data.Division
	Source, Fingerprint  string
	Preparation, Targets *data.Preparation
	Condition            *data.Condition
	Likelihood           string // "" for that of the settings
	SameRows, Shared     bool
	Hidden               float32
	Found, Doubts        []string
}

// findings returns what the first rank tells the others, as JSON, which gives every bit of the numbers back.
func (s *Sets) findings() ([]byte, error) {
	f := findings{Held: s.held, Parts: s.partRows(), Division: s.Division, Source: s.Source, Fingerprint: s.Fingerprint(),
		Preparation: s.Preparation, Targets: s.Targets, Condition: s.Condition, SameRows: s.sameRows, Shared: s.shared, Hidden: s.hidden,
		Found: s.Found, Doubts: s.Doubts}
	if s.Likelihood != nil {
		name, err := s.Likelihood.MarshalText()
		if err != nil {
			return nil, err
		}
		f.Likelihood = string(name)
	}
	s.keepPrinted(f.Fingerprint)
	return json.Marshal(f)
}

// setsOf makes the parts of the data by what the first rank has found out of them.
func setsOf(source *data.Source, c settings.Config, text []byte) (*Sets, error) {
	var f findings
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("what rank 0 says of the data: %w", err)
	}
	s, err := parts(source, c, f.Held)
	if err != nil {
		return nil, err
	}
	if now := s.partRows(); now != f.Parts {
		return nil, fmt.Errorf("parts of %d rows, and on rank 0 %d: expected the same settings on all ranks", now, f.Parts)
	}
	s.Condition = f.Condition
	if err := s.fitCondition(&c); err != nil {
		return nil, err
	}
	if f.Likelihood != "" {
		if s.Likelihood, err = model.ParseLikelihood(f.Likelihood); err != nil {
			return nil, err
		}
	}
	s.Preparation, s.Targets, s.sameRows, s.shared, s.hidden = f.Preparation, f.Targets, f.SameRows, f.Shared, f.Hidden
	s.Division, s.Source, s.held, s.Found, s.Doubts = f.Division, f.Source, f.Held, f.Found, f.Doubts
	s.keepPrinted(f.Fingerprint)
	return s, nil
}

// partRows are how many rows the parts have.
func (s *Sets) partRows() (n [3]int) {
	for k, part := range []*data.Set{s.Train, s.Val, s.Test} {
		if part != nil {
			n[k] = part.Rows
		}
	}
	return n
}
