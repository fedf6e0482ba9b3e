package data

// RowHashes are the hashes of the rows of sets under one seed, by which they are divided and compared. Those of a set are
// worked out once, and those of its parts are taken from them. The sets must stay as they are meanwhile.
type RowHashes struct {
	seed uint64
	of   map[*Set][]uint64
	held map[*Cut][]int
}

// NewRowHashes returns hashes of no rows yet.
func NewRowHashes(seed uint64) *RowHashes {
	return &RowHashes{seed: seed, of: map[*Set][]uint64{}, held: map[*Cut][]int{}}
}

// Fingerprint is [Fingerprint] that hashes all rows on its way.
func (h *RowHashes) Fingerprint(parts ...*Set) string {
	return fingerprint(parts, func(k int) blockTasks {
		d := newDigesting(parts[k], h.seed)
		h.of[parts[k]] = d.digests
		return d.tasks
	})
}

// HoldOut is [HoldOut] under the seed.
func (h *RowHashes) HoldOut(s *Set, part string, fraction float64) (rest, held *Set, cut *Cut) {
	want := wanted(s, fraction)
	if want == 0 {
		return s, nil, nil
	}
	digests := h.units(s)
	if cut = cutOf(digests, part, h.seed, want); cut == nil {
		return s, nil, nil
	}
	rest, held = h.parted(s, cut, digests)
	return rest, held, cut
}

// Split divides a set by a cut; held is nil where no row is held out.
func (h *RowHashes) Split(s *Set, cut *Cut) (rest, held *Set) {
	if cut.Seed != h.seed {
		return cut.Split(s)
	}
	return h.parted(s, cut, h.units(s))
}

// parted divides a set, and its hashes for who asks for those of a part.
func (h *RowHashes) parted(s *Set, cut *Cut, digests []uint64) (rest, held *Set) {
	kept, out := cut.rows(digests)
	if out == nil {
		return s, nil
	}
	h.held[cut] = out
	rest, held = s.Subset(kept), s.Subset(out)
	if all := h.of[s]; all != nil {
		h.of[rest], h.of[held] = pick(all, 1, kept), pick(all, 1, out)
		delete(h.of, s)
	}
	return rest, held
}

// units are the hashes of what stays together in a split.
func (h *RowHashes) units(s *Set) []uint64 {
	if s.Groups != nil {
		return s.unitDigests(h.seed)
	}
	return h.rows(s)
}

// Held returns which rows of a set that was divided here a cut has held out, in their order.
func (h *RowHashes) Held(cut *Cut) []int { return h.held[cut] }

func (h *RowHashes) rows(s *Set) []uint64 {
	if h.of[s] == nil {
		h.of[s] = s.rowDigests(h.seed)
	}
	return h.of[s]
}

// Common returns how many rows of held are rows of rest too, by all of their values.
func (h *RowHashes) Common(rest, held *Set) int {
	if rest == nil || held == nil {
		return 0
	}
	seen := make(map[uint64]struct{}, rest.Rows)
	for _, d := range h.rows(rest) {
		seen[d] = struct{}{}
	}
	n := 0
	for _, d := range h.rows(held) {
		if _, ok := seen[d]; ok {
			n++
		}
	}
	return n
}

// Common returns how many rows of held are rows of rest too, by all of their values.
func Common(rest, held *Set) int { return NewRowHashes(0).Common(rest, held) }
