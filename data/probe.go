package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math/rand/v2"
)

// probedRows is how many rows of a part a probe reads at the most.
const probedRows = 64

// Probe returns a line that tells data of other shapes, columns, classes or labels apart, and most others too, at the cost
// of a few rows of each part: the first, the last, and those between that the seed draws. A part may be nil. What
// tells them all apart is the [Fingerprint], which reads every row.
func Probe(seed uint64, parts ...*Set) string {
	h, shapes := sha256.New(), ""
	for _, s := range parts {
		if s == nil {
			fmt.Fprintln(h, "none")
			continue
		}
		s.probe(h, seed)
		if shapes != "" {
			shapes += " and "
		}
		shapes += fmt.Sprintf("%d x %d", s.Rows, s.Cols)
	}
	return shapes + ", " + hex.EncodeToString(h.Sum(nil))[:12]
}

// probe adds what a part is like, and some of its rows.
func (s *Set) probe(h hash.Hash, seed uint64) {
	s.describe(h)
	rng := rand.New(rand.NewPCG(seed, probeStream))
	n := min(s.Rows, probedRows)
	for k := range n {
		from, to := k*s.Rows/n, (k+1)*s.Rows/n // one of each of so many stretches of rows
		i := from + rng.IntN(to-from)
		switch k {
		case 0:
			i = 0
		case n - 1:
			i = s.Rows - 1
		}
		fmt.Fprintln(h, i)
		s.Part(i, 1).addNumbers(h)
	}
	if s.Target != nil {
		fmt.Fprintln(h, "targets")
		s.Target.probe(h, seed)
	}
	addValues(h, s.Labels, 4, func(b []byte, v int32) { binary.LittleEndian.PutUint32(b, uint32(v)) })
	s.addCondition(h)
}

// probeStream keeps the draws of probes apart from other uses of the same seed.
const probeStream = 0x70726f6265 // "probe"
