package train

import (
	"fmt"

	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/data"
)

// divider holds rows out for a part, and says by what cut, nil for none.
type divider interface {
	holdOut(s *data.Set, part string, share float64) (rest, held *data.Set, cut *data.Cut)
}

// afresh holds out a share, for a new run, and notes of which rows.
type afresh struct {
	hashes *data.RowHashes
	noted  heldRows
}

func (a *afresh) holdOut(s *data.Set, part string, share float64) (rest, held *data.Set, cut *data.Cut) {
	rest, held, cut = a.hashes.HoldOut(s, part, share)
	if held != nil {
		a.noted[part] = bitsOf(a.hashes.Held(cut), s.Rows)
	}
	return rest, held, cut
}

// heldRows are the rows that were held out for each part: a bit for each of the rows that there were.
type heldRows map[string][]byte

func bitsOf(rows []int, of int) []byte {
	bits := make([]byte, (of+7)/8)
	for _, i := range rows {
		bits[i/8] |= 1 << (i % 8)
	}
	return bits
}

// holdOut holds out the same rows of the same data.
func (h heldRows) holdOut(s *data.Set, part string, _ float64) (rest, held *data.Set, cut *data.Cut) {
	bits := h[part]
	if len(bits) != (s.Rows+7)/8 {
		return s, nil, nil
	}
	var kept, out []int
	for i := range s.Rows {
		if bits[i/8]&(1<<(i%8)) != 0 {
			out = append(out, i)
		} else {
			kept = append(kept, i)
		}
	}
	return s.Subset(kept), s.Subset(out), nil
}

// asThen holds out the rows that a run has held out, of data that may have grown.
type asThen struct {
	division *data.Division
	hashes   *data.RowHashes
}

// byCuts divides as a run was divided.
func byCuts(d *data.Division) asThen {
	seed := uint64(0)
	for _, cut := range []*data.Cut{d.Test, d.Val} {
		if cut != nil {
			seed = cut.Seed
		}
	}
	return asThen{d, data.NewRowHashes(seed)}
}

func (a asThen) holdOut(s *data.Set, part string, _ float64) (rest, held *data.Set, cut *data.Cut) {
	if cut = a.division.Test; part == data.ValidationPart {
		cut = a.division.Val
	}
	if cut == nil {
		return s, nil, nil
	}
	rest, held = a.hashes.Split(s, cut)
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

// undivided says that nothing can be held out for a part.
func (s *Sets) undivided(part string) {
	why := "all rows are equal"
	switch {
	case s.Train.Rows < 2:
		why = "there is one row"
	case s.Train.Groups != nil:
		why = "all rows are of one group"
	}
	s.Found = append(s.Found, fmt.Sprintf("no rows are held out for the %s: %s", part, why))
}

// doubt says how many rows of a part are training rows too: a cut keeps equal rows together where they have no groups.
func (s *Sets) doubt(hashes *data.RowHashes) error {
	for _, p := range []struct {
		set  *data.Set
		cut  *data.Cut
		name string
	}{{s.Test, s.Division.Test, data.TestPart}, {s.Val, s.Division.Val, data.ValidationPart}} {
		if p.set == nil || p.cut != nil && p.set.Groups == nil {
			continue
		}
		const row = 48 // bytes, of a table of digests
		if err := hostmemory.Ask("the comparison of training and "+p.name+" rows", s.Train.Rows+p.set.Rows, row); err != nil {
			return err
		}
		if n := hashes.Common(s.Train, p.set); n > 0 {
			s.Doubts = append(s.Doubts, fmt.Sprintf("%d of %d %s rows are also training rows", n, p.set.Rows, p.name))
		}
	}
	return nil
}
