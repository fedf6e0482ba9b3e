package main

import (
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/train"
	"github.com/urfave/cli/v2"
)

// The parts that --part chooses from.
const (
	trainPart      = "train"
	validationPart = "validation"
	testPart       = "test"
)

func partFlag() cli.Flag {
	return &cli.StringFlag{Name: "part", Usage: "`PART` of the rows: train, validation or test", DefaultText: "test where there is one"}
}

// part opens the rows that a command is to work on.
type part struct {
	run     *savedRun
	model   *model.Model
	in      func(*model.Model) int // width of a row
	takes   string                 // what a row is
	targets bool                   // whether what the decoder is to make of the rows is needed
	told    bool                   // whether the level that codes are decoded at is known
}

// open returns a part of the data that was named, or of the run's own, divided as in its training, where name is "". Without
// a part it is the test part, else all of the data named, or the run's validation part.
func (p part) open(c *cli.Context, s *streams) (*data.Set, error) {
	name, part := c.Args().Get(1), c.String("part")
	if err := checkPart(part); err != nil {
		return nil, err
	}
	if err := checkTarget(c, p.model, p.targets); err != nil {
		return nil, err
	}
	if name != "" {
		how, err := readingOf(c, p.as())
		if err != nil {
			return nil, err
		}
		if !p.told || p.takes == inputOfModel {
			how = withCondition(how, p.model)
		}
		if p.targets {
			how = p.run.withTargets(how, p.model)
		}
		return s.openPart(c, name, part, how, p.in(p.model), p.takes)
	}
	sets, err := p.run.own(c.Context, p.model)
	if err != nil {
		return nil, err
	}
	set, missing := ownPart(sets, part), part
	if set == nil {
		if part == "" {
			missing = testPart
		}
		return nil, wrong("%s has no %s part: name another with --part, or DATA", p.run.path, missing)
	}
	return set, fits(set, p.model, p.run.config.Data)
}

// inputOfModel is what a row of data is to a model.
const inputOfModel = "the model's input"

// as is what the rows are to be rows of: those of the model's preparation, or codes.
func (p part) as() *data.Preparation {
	own := p.model.Preparation()
	if p.takes == inputOfModel {
		return own
	}
	return own.Codes(p.in(p.model))
}

// name is what the rows that open returns are called.
func (p part) name(name string) string {
	if name == "" {
		return p.run.config.Data
	}
	return name
}

// ownPart is a part of a run's data, nil where there is none.
func ownPart(sets *train.Sets, part string) *data.Set {
	switch part {
	case trainPart:
		return sets.Train
	case validationPart:
		return sets.Val
	case testPart:
		return sets.Test
	}
	set, _ := heldOut(sets)
	return set
}

func checkPart(part string) error {
	switch part {
	case "", trainPart, validationPart, testPart:
		return nil
	}
	return wrong("--part is %q: expected train, validation or test", part)
}
