package eval

import (
	"fmt"
	"slices"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// A judgement takes so many rows, of fewer chance decides, and so many updates of a
// training, unless the reconstruction is worse than the mean by so much that fewer are
// no excuse.
const (
	enoughRows    = 20
	enoughUpdates = 100
	badly         = -0.1
)

// Warnings returns, for people, what of the figures looks as if a training of so many
// updates had failed: reconstructions that are no better than the mean of the training
// rows, of ordinary rows where the figure is there, or of some columns while others are learnt; that there are none,
// where the decoder does not fit the codes; a code that is drawn and carries nothing, or is much larger than what it carries,
// with what may help; and how labels were taken where that is worth a word.
func (s *Summary) Warnings(updates int) []string {
	said := slices.Clone(s.said)
	if s.noDecoder {
		return append(said, "figures of reconstructions are left out: "+model.ErrNoDecoder.Error())
	}
	if s.Examples < enoughRows {
		return said
	}
	v, which := s.Get(ordinaryName), "the ordinary ones of "
	if v != v {
		v, which = s.Get(explainedName), ""
	}
	asleep, none := s.asleep(updates)
	switch {
	case none: // which is why, and what to do
	case v <= 0 && (updates >= enoughUpdates || v <= badly) && s.mostLearnt(): // a column or two make the figure, such as counts that run away
		said = append(said, s.unlearnt())
	case v <= 0 && (updates >= enoughUpdates || v <= badly):
		said = append(said, fmt.Sprintf("the reconstruction of %s%d held-out rows is no better than the mean of the training rows (explained variance %.4g): the code tells nothing of a row",
			which, s.Examples, v))
	case updates >= enoughUpdates:
		if line := s.unlearnt(); line != "" {
			said = append(said, line)
		}
	}
	if asleep != "" {
		said = append(said, asleep)
	}
	return said
}

// smallCode is the size of a code up to which units without a use are worth a word: larger ones are sizes at a guess.
const smallCode = 64

// asleep returns what to say of a code that is drawn where few of its units are active, and whether none is.
func (s *Summary) asleep(updates int) (text string, none bool) {
	active := s.Get(model.ActiveUnitsTerm)
	if varies := s.Get(explainedName); s.units == 0 || updates < enoughUpdates || active != active || varies != varies {
		return "", false
	}
	switch {
	case active == 0:
		return fmt.Sprintf("the code carries nothing: of its %d units none is active, and every row comes out alike; if the columns have something in common, "+
			"--kl-warmup 20, --free-bits 0.1, a --beta below 1, more rows or more --epochs may help", s.units), true
	case 2*int(active) < s.units && s.units <= smallCode:
		return fmt.Sprintf("units of the code that carry something: %g of %d; --latent %g would do as well, if --kl-warmup 20 or --free-bits 0.1 has no more of them used",
			active, s.units, active), false
	}
	return "", false
}

// mostLearnt says whether something is learnt of most columns, though not of all.
func (s *Summary) mostLearnt() bool {
	learnt := 0
	for _, c := range s.Columns {
		if c.learnt() > 0 {
			learnt++
		}
	}
	return 2*learnt > len(s.Columns) && s.unlearnt() != ""
}

// learnt is the figure that says whether something is learnt of a column: above 0, where it is.
func (c ColumnFigure) learnt() float64 {
	if v := c.Ordinary; v == v {
		return v
	}
	return c.Explained
}

// unlearnt names the columns of which nothing is learnt while others are, "" without any.
func (s *Summary) unlearnt() string {
	var names []string
	learnt := false
	for _, c := range s.Columns {
		v := c.learnt()
		learnt = learnt || v > 0
		if v <= 0 && c.Cells >= enoughRows {
			names = append(names, c.Name)
		}
	}
	if !learnt || names == nil {
		return ""
	}
	return fmt.Sprintf("nothing is learnt of %d of %d columns, which are no better than their means: %s", len(names), len(s.Columns), data.Listed(names))
}
