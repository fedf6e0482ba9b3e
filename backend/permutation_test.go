package backend

import (
	"fmt"
	"testing"
)

func TestPermutationIsBijection(t *testing.T) {
	sizes := []uint64{1000, 4095, 4096, 4097, 60000, 100003}
	for n := uint64(1); n <= 300; n++ {
		sizes = append(sizes, n)
	}
	for _, n := range sizes {
		for epoch := range uint64(3) {
			seen := make([]bool, n)
			p := NewPermutation(n, 0xABCDEF0123456789, epoch)
			for i := range n {
				at := p.At(i)
				if at >= n {
					t.Fatalf("n=%d epoch=%d: %d goes to %d", n, epoch, i, at)
				}
				if seen[at] {
					t.Fatalf("n=%d epoch=%d: %d is reached twice", n, epoch, at)
				}
				seen[at] = true
			}
		}
	}
}

// TestPermutationOfMany has more rows than 32 bits count.
func TestPermutationOfMany(t *testing.T) {
	for _, n := range []uint64{1<<32 - 1, 1 << 32, 1<<32 + 1, 1<<40 + 7} {
		p := NewPermutation(n, 3, 1)
		seen := map[uint64]uint64{}
		for i := range uint64(2000) {
			for _, i := range []uint64{i, n - 1 - i} {
				at := p.At(i)
				if other, ok := seen[at]; at >= n || ok && other != i {
					t.Fatalf("n=%d: %d and %d go to %d", n, i, other, at)
				}
				seen[at] = i
			}
		}
	}
}

func TestPermutationDiffers(t *testing.T) {
	const n = 1000
	p := NewPermutation(n, 7, 0)
	others := map[string]Permutation{
		"epoch 1": NewPermutation(n, 7, 1), "epoch 2^32": NewPermutation(n, 7, 1<<32),
		"seed 8": NewPermutation(n, 8, 0), "seed 7+2^32": NewPermutation(n, 7+1<<32, 0),
	}
	for name, q := range others {
		same := 0
		for i := range uint64(n) {
			if p.At(i) == q.At(i) {
				same++
			}
		}
		if same > 10 { // one is expected; more than ten has a chance of 1e-8
			t.Errorf("%s: %d of %d rows stay where they were", name, same, n)
		}
	}
}

// TestPermutationIsUniform counts where each index goes over many epochs: every
// place as often as every other.
func TestPermutationIsUniform(t *testing.T) {
	const epochs = 20000
	for _, n := range []uint64{2, 3, 5, 7, 8, 12, 16, 37} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			counts := make([]float64, n*n)
			for epoch := range uint64(epochs) {
				p := NewPermutation(n, 11, epoch)
				for i := range n {
					counts[i*n+p.At(i)]++
				}
			}
			// Rows and columns both add up to epochs, so that n (n-1) is the mean of
			// the sum and (n-1)^2 its degrees of freedom.
			chi := chiSquare(counts, epochs/float64(n)) * float64(n-1) / float64(n)
			if !plausible(chi, float64((n-1)*(n-1))) {
				t.Errorf("chi-square over places is %.1f, expected about %d", chi, (n-1)*(n-1))
			}
		})
	}
}

// TestPermutationMovesNeighbours: the distance between two rows that follow each
// other is that of random ones, a third of n in the mean.
func TestPermutationMovesNeighbours(t *testing.T) {
	const n = 60000
	p := NewPermutation(n, 5, 9)
	sum := 0.0
	for i := range uint64(n - 1) {
		a, b := int64(p.At(i)), int64(p.At(i+1))
		sum += float64(max(a-b, b-a))
	}
	if mean := sum / n / n; mean < 0.325 || mean > 0.342 {
		t.Errorf("neighbours end %.4f of n apart, want a third", mean)
	}
}

// TestPermutationGolden pins two shuffles: a resumed run goes on with the same one.
func TestPermutationGolden(t *testing.T) {
	for _, tt := range []struct {
		n, seed, epoch uint64
		want           [10]uint64
	}{
		{10, 1, 0, [10]uint64{1, 2, 8, 9, 6, 3, 5, 4, 0, 7}},
		{60000, 1 << 33, 5, [10]uint64{19482, 51052, 27479, 15212, 32027, 35393, 29143, 25740, 9249, 51248}},
	} {
		p := NewPermutation(tt.n, tt.seed, tt.epoch)
		var got [10]uint64
		for i := range got {
			got[i] = p.At(uint64(i))
		}
		if got != tt.want {
			t.Errorf("n=%d seed=%d epoch=%d begins %v, want %v", tt.n, tt.seed, tt.epoch, got, tt.want)
		}
	}
}
