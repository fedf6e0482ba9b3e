package backend

import (
	"math"
	"slices"
	"testing"
)

// TestPhiloxKnownAnswers holds the generator to the vectors published with
// Random123 (kat_vectors, philox4x32 10).
func TestPhiloxKnownAnswers(t *testing.T) {
	tests := []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{
			[4]uint32{}, [2]uint32{},
			[4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
		}, {
			[4]uint32{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, [2]uint32{0xffffffff, 0xffffffff},
			[4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
		}, {
			[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
		},
	}
	for _, tt := range tests {
		seed := uint64(tt.key[1])<<32 | uint64(tt.key[0])
		step := uint64(tt.counter[3])<<32 | uint64(tt.counter[2])
		if got := Philox(seed, tt.counter[1], step, tt.counter[0]); got != tt.want {
			t.Errorf("counter %08x key %08x: %08x, want %08x", tt.counter, tt.key, got, tt.want)
		}
	}
}

// draws is enough for a distribution's faults of a part in a thousand to show.
const draws = 1 << 20

func uniforms(stream uint32) []float64 {
	v := make([]float64, 0, draws)
	for block := range uint32(draws / 4) {
		for _, w := range Philox(42, stream, 7, block) {
			v = append(v, float64(Uniform(w)))
		}
	}
	return v
}

func normals(stream uint32) []float64 {
	v := make([]float64, 0, draws)
	for block := range uint32(draws / 4) {
		for _, n := range Normals(Philox(42, stream, 7, block)) {
			v = append(v, float64(n))
		}
	}
	return v
}

func TestUniformRange(t *testing.T) {
	if got := Uniform(0); got != 0 {
		t.Errorf("Uniform(0) = %v", got)
	}
	if got := Uniform(0xFFFFFFFF); got != 1-0x1p-24 {
		t.Errorf("Uniform of all ones = %v, want 1 - 2^-24", got)
	}
}

func TestUniformDistribution(t *testing.T) {
	u := uniforms(StreamCorrupt)
	cells := make([]float64, 256)
	for _, x := range u {
		cells[int(x*256)]++
	}
	if chi := chiSquare(cells, draws/256.0); !plausible(chi, 255) {
		t.Errorf("chi-square over 256 cells is %.1f", chi)
	}
	if d := kolmogorov(u, func(x float64) float64 { return x }); d > 1.95 {
		t.Errorf("Kolmogorov-Smirnov statistic is %.3f", d)
	}
}

// TestNormalMoments allows five standard errors of each moment's estimate.
func TestNormalMoments(t *testing.T) {
	var sum [5]float64
	for _, x := range normals(StreamCode) {
		for p := 1; p <= 4; p++ {
			sum[p] += math.Pow(x, float64(p))
		}
	}
	for _, m := range []struct {
		power          int
		want, variance float64 // of x^power
	}{{1, 0, 1}, {2, 1, 2}, {3, 0, 15}, {4, 3, 96}} {
		if got := sum[m.power] / draws; math.Abs(got-m.want) > 5*math.Sqrt(m.variance/draws) {
			t.Errorf("the mean of x^%d is %v, want %v", m.power, got, m.want)
		}
	}
}

func TestNormalDistribution(t *testing.T) {
	cdf := func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
	if d := kolmogorov(normals(StreamCode), cdf); d > 1.95 {
		t.Errorf("Kolmogorov-Smirnov statistic is %.3f", d)
	}
}

// TestIndependence correlates what might hang together: the two normals of a pair,
// neighbours, blocks, and streams, steps and seeds next to each other.
func TestIndependence(t *testing.T) {
	n := normals(StreamCode)
	pairs := map[string][]float64{
		"the next normal":      n[1:],
		"the next block":       n[4:],
		"the next stream":      normals(StreamCode + 1),
		"the stream of probes": normals(StreamProbe),
	}
	for name, other := range pairs {
		sum, squares, count := 0.0, 0.0, float64(len(other))
		for i, x := range other {
			sum += x * n[i]
			squares += (x*x - 1) * (n[i]*n[i] - 1) / 2 // also of variance one
		}
		if math.Abs(sum) > 5*math.Sqrt(count) || math.Abs(squares) > 5*math.Sqrt(count) {
			t.Errorf("%s: correlation %.5f, of squares %.5f", name, sum/count, squares/count)
		}
	}
	first := Philox(1, 2, 3, 4)
	for name, w := range map[string][4]uint32{
		"seed": Philox(2, 2, 3, 4), "stream": Philox(1, 3, 3, 4), "step": Philox(1, 2, 4, 4), "block": Philox(1, 2, 3, 5),
		"high half of the seed": Philox(1+1<<32, 2, 3, 4), "high half of the step": Philox(1, 2, 3+1<<32, 4),
	} {
		if w == first {
			t.Errorf("another %s draws the same words", name)
		}
	}
}

// TestNormalAccuracy compares with float64 functions of the same words: a
// relative error of r of a few roundings, and an absolute one of the sine of a
// few more and of its series' remainder, 6e-8.
func TestNormalAccuracy(t *testing.T) {
	worst := 0.0
	check := func(a, b uint32) {
		u := (float64(a>>8) + 1) * 0x1p-24
		r, turn := math.Sqrt(-2*math.Log(u)), float64(b>>6)*0x1p-26
		n := Normals([4]uint32{a, b, b, a})
		want := [2]float64{r * math.Cos(2*math.Pi*turn), r * math.Sin(2*math.Pi*turn)}
		for i := range want {
			e := math.Abs(float64(n[i])-want[i]) / (r + 0x1p-24)
			worst = math.Max(worst, e)
			if !(e <= 4e-7) {
				t.Fatalf("words %08x %08x: normal %d is %v, want %v", a, b, i, n[i], want[i])
			}
		}
	}
	edges := []uint32{0, 1, 0xFF, 0x100, 0x3FFFFFFF, 0x40000000, 0x7FFFFFFF, 0x80000000, 0xB504F300, 0xC0000000, 0xFFFFFEFF, 0xFFFFFFFF}
	for _, a := range edges {
		for _, b := range edges {
			check(a, b)
		}
	}
	for block := range uint32(100000) {
		w := Philox(1, 2, 3, block)
		check(w[0], w[1])
	}
	t.Logf("the largest error is %.2g of r", worst)
}

// TestNormalGolden pins bits, which are the same on every device for ever: the
// ends of both maps, the seams of the logarithm and of the quadrants, and the
// first draws of two streams.
func TestNormalGolden(t *testing.T) {
	for _, tt := range []struct{ words, want [4]uint32 }{
		{
			[4]uint32{},
			[4]uint32{0x40b89455, 0x00000000, 0x40b89455, 0x00000000}, // 5.768107, 0
		}, {
			[4]uint32{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
			[4]uint32{0x80000000, 0x00000000, 0x80000000, 0x00000000}, // -0, 0
		}, {
			[4]uint32{0xb504f2ff, 0x3fffffff, 0xb504f400, 0x40000000},
			[4]uint32{0x33a76521, 0x3f55224b, 0x80000000, 0x3f552248}, // 7.794939e-08, 0.8325545, -0, 0.83255434
		}, {
			Philox(0, StreamCode, 0, 0),
			[4]uint32{0xbfc23537, 0xbf7f67e9, 0x3fba0322, 0x3edb38ad}, // -1.517249, -0.9976793, 1.4532206, 0.42816678
		}, {
			Philox(1, StreamCorrupt, 1<<32, 5),
			[4]uint32{0x3ea63d20, 0xbc2a676b, 0x3fbf85b3, 0x3e91ac13}, // 0.3246851, -0.010400633, 1.4962677, 0.28451595
		},
	} {
		for i, n := range Normals(tt.words) {
			if got := math.Float32bits(n); got != tt.want[i] {
				t.Errorf("Normals(%08x)[%d] = %08x (%v), want %08x", tt.words, i, got, n, tt.want[i])
			}
		}
	}
}

// chiSquare is the statistic of counts that are all expected to be the same.
func chiSquare(counts []float64, expected float64) float64 {
	chi := 0.0
	for _, c := range counts {
		chi += (c - expected) * (c - expected) / expected
	}
	return chi
}

// plausible reports whether a chi-square is within five standard deviations of
// its mean, on both sides: what is too even is not random either.
func plausible(chi, freedom float64) bool { return math.Abs(chi-freedom) <= 5*math.Sqrt(2*freedom) }

// kolmogorov is sqrt(n) times the largest distance between the distribution of v
// and cdf; it passes 1.95 once in a thousand times.
func kolmogorov(v []float64, cdf func(float64) float64) float64 {
	v = slices.Sorted(slices.Values(v))
	d, n := 0.0, float64(len(v))
	for i, x := range v {
		p := cdf(x)
		d = max(d, math.Abs(p-float64(i)/n), math.Abs(p-float64(i+1)/n))
	}
	return d * math.Sqrt(n)
}
