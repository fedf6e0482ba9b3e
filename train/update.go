package train

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// update is how the rows of one update reach the device.
type update struct {
	rows    int // an update; the last of an epoch has fewer
	batch   int // rows at a time
	batches int // of an update
}

// update is that of a training part of so many rows.
func (c *Config) update(rows int) update {
	batch := max(1, min(c.Batch, rows))
	batches := min(c.Accumulate, (rows+batch-1)/batch)
	return update{rows: min(batch*batches, rows), batch: batch, batches: batches}
}

// UpdateRows is the rows whose mean gradient makes an update, of a training part
// of so many: accumulate batches.
func (c *Config) UpdateRows(rows int) int { return c.update(rows).rows }

// LRFactor is what the learning rates are multiplied by when updates are made of
// so many rows (lr-scale).
func (c *Config) LRFactor(rows int) (float64, error) {
	scale, err := parseLRScale(c.LRScale)
	if err != nil {
		return 0, err
	}
	return scale(rows), nil
}

// referenceBatch is the batch that a learning rate is for where lr-scale names none.
const referenceBatch = 128

// parseLRScale reads
//
//	none             1
//	linear[:BATCH]   rows / BATCH          (Goyal et al. 2017, with a warm-up)
//	sqrt[:BATCH]     sqrt(rows / BATCH)    (Krizhevsky 2014; Hoffer et al. 2017)
//
// as a function of an update's rows.
func parseLRScale(text string) (func(rows int) float64, error) {
	name, of, given := strings.Cut(orNone(text), ":")
	batch := referenceBatch
	if given {
		var err error
		if batch, err = strconv.Atoi(of); err != nil || batch < 1 {
			return nil, fmt.Errorf("lr-scale %q: batch %q, expected a whole number above 0", text, of)
		}
	}
	switch {
	case name == "none" && !given:
		return func(int) float64 { return 1 }, nil
	case name == "linear":
		return func(rows int) float64 { return float64(rows) / float64(batch) }, nil
	case name == "sqrt":
		return func(rows int) float64 { return math.Sqrt(float64(rows) / float64(batch)) }, nil
	}
	return nil, fmt.Errorf("unknown lr-scale %q: expected none, linear[:BATCH] or sqrt[:BATCH]", text)
}
