package data

import (
	"slices"
	"testing"
)

// Runs of earlier versions are divided by these rows.
func TestSplitByPosition(t *testing.T) {
	_, held := SplitByPosition(counted(20), 7, 0.25)
	if want := []float32{0, 9, 11, 15, 17}; !slices.Equal(held.F32, want) {
		t.Errorf("seed 7 holds out %v, want %v", held.F32, want)
	}
}
