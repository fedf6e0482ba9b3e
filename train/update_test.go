package train

import (
	"math"
	"testing"
)

func TestUpdateRows(t *testing.T) {
	for _, tt := range []struct {
		batch, accumulate, rows int
		want                    update
	}{
		{128, 1, 60000, update{128, 128, 1}},
		{128, 4, 60000, update{512, 128, 4}},
		{128, 4, 500, update{500, 128, 4}}, // the last batch of the only update has 116
		{128, 9, 300, update{300, 128, 3}},
		{128, 9, 100, update{100, 100, 1}},
		{1 << 40, 1 << 40, 100, update{100, 100, 1}},
	} {
		c := Config{Batch: tt.batch, Accumulate: tt.accumulate}
		if got := c.update(tt.rows); got != tt.want {
			t.Errorf("batch %d, accumulate %d of %d rows: %+v, want %+v", tt.batch, tt.accumulate, tt.rows, got, tt.want)
		}
	}
}

func TestLRScale(t *testing.T) {
	for _, tt := range []struct {
		text string
		rows int
		want float64
	}{
		{"none", 4096, 1},
		{"linear", 128, 1},
		{"linear", 8192, 64},
		{"linear:256", 64, 0.25},
		{"sqrt", 2048, 4},
		{"sqrt:512", 2048, 2},
	} {
		c := Config{LRScale: tt.text}
		if got, err := c.LRFactor(tt.rows); err != nil || !(math.Abs(got-tt.want) < 1e-12) {
			t.Errorf("%s at %d rows: %g, %v, want %g", tt.text, tt.rows, got, err, tt.want)
		}
	}
}
