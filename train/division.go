package train

import (
	"fmt"
	"slices"

	"github.com/aegpu/aegpu/data"
)

// divider holds rows out for a part, and says by what cut, nil for none.
type divider interface {
	holdOut(s *data.Set, part string, share float64) (rest, held *data.Set, cut *data.Cut)
}

// afresh holds out a share, for a new run.
type afresh struct{ seed uint64 }

func (a afresh) holdOut(s *data.Set, part string, share float64) (rest, held *data.Set, cut *data.Cut) {
	return data.HoldOut(s, part, a.seed, share)
}

// asThen holds out the rows that a run has held out, of data that may have grown.
type asThen struct{ division *data.Division }

func (a asThen) holdOut(s *data.Set, part string, _ float64) (rest, held *data.Set, cut *data.Cut) {
	if cut = a.division.Test; part == data.ValidationPart {
		cut = a.division.Val
	}
	if cut == nil {
		return s, nil, nil
	}
	rest, held = cut.Split(s)
	return rest, held, cut
}

// byPosition holds out the rows that runs of earlier versions did, which kept no cut.
type byPosition struct{ seed uint64 }

func (b byPosition) holdOut(s *data.Set, part string, share float64) (rest, held *data.Set, cut *data.Cut) {
	seed := b.seed
	if part == data.ValidationPart {
		seed += 0x9E3779B97F4A7C15
	}
	rest, held = data.SplitByPosition(s, seed, share)
	return rest, held, nil
}

// doubt says what looks wrong about the parts.
func (s *Sets) doubt() {
	doubts := slices.Clone(s.Doubts)
	for _, p := range []struct {
		set  *data.Set
		cut  *data.Cut
		name string
	}{{s.Test, s.Division.Test, data.TestPart}, {s.Val, s.Division.Val, data.ValidationPart}} {
		if p.set == nil || p.cut != nil && p.set.Groups == nil { // a cut keeps equal rows together
			continue
		}
		if n := data.Common(s.Train, p.set); n > 0 {
			doubts = append(doubts, fmt.Sprintf("%d of %d %s rows are also training rows", n, p.set.Rows, p.name))
		}
	}
	s.Doubts = doubts
}
