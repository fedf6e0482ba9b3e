package report

import (
	"math"
	"strconv"
)

// linearTicks labels four to nine round numbers: multiples of 1, 2 or 5 times a
// power of ten, of at least 1 where only whole numbers make sense.
type linearTicks struct{ whole bool }

func (t linearTicks) Ticks(lo, hi float64) (ticks []tick) {
	step := roundStep((hi - lo) / 8)
	if t.whole {
		step = math.Max(step, 1)
	}
	if !(step > 0) || math.IsInf(hi-lo, 0) {
		return nil
	}
	decimals := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	format := byte('f')
	if decimals > 5 || math.Max(math.Abs(lo), math.Abs(hi)) >= 1e7 {
		format, decimals = 'g', 4
	}
	// Counting from the first multiple instead of adding keeps 0 exactly 0.
	first := math.Ceil(lo/step - 1e-9)
	for i := 0.0; (first+i)*step <= hi+step*1e-9 && i < 20; i++ {
		v := (first + i) * step
		ticks = append(ticks, tick{Value: v, Label: strconv.FormatFloat(v, format, decimals, 64)})
	}
	return ticks
}

// roundStep is the smallest of 1, 2, 5 times a power of ten that is at least v.
func roundStep(v float64) float64 {
	base := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*base >= v*(1-1e-9) {
			return m * base
		}
	}
	return 10 * base
}

// logTicks labels powers of ten, and multiples of them where few decades are seen.
type logTicks struct{}

func (logTicks) Ticks(lo, hi float64) (ticks []tick) {
	from, to := math.Floor(math.Log10(lo)), math.Ceil(math.Log10(hi))
	labelled := map[int]bool{1: true}
	switch span := math.Log10(hi / lo); {
	case span < 1.3:
		labelled = map[int]bool{1: true, 2: true, 3: true, 4: true, 5: true, 7: true}
	case span < 3.5:
		labelled = map[int]bool{1: true, 2: true, 5: true}
	}
	every := max(1, math.Ceil((to-from)/8))
	for e := from; e <= to; e++ {
		for m := 1; m < 10; m++ {
			v := float64(m) * math.Pow(10, e)
			if v < lo*(1-1e-9) || v > hi*(1+1e-9) {
				continue
			}
			t := tick{Value: v}
			if labelled[m] && math.Mod(e-from, every) == 0 {
				t.Label = plain(v)
			}
			if m == 1 || every == 1 {
				ticks = append(ticks, t)
			}
		}
	}
	return ticks
}

// doublingTicks labels powers of two, at most eight of them.
type doublingTicks struct{}

func (doublingTicks) Ticks(lo, hi float64) (ticks []tick) {
	from, to := int(math.Ceil(math.Log2(lo)-1e-9)), int(math.Floor(math.Log2(hi)+1e-9))
	every := max(1, (to-from+8)/8)
	for e := from; e <= to; e++ {
		t := tick{Value: math.Exp2(float64(e))}
		if (e-from)%every == 0 {
			t.Label = strconv.FormatFloat(t.Value, 'f', -1, 64)
		}
		ticks = append(ticks, t)
	}
	return ticks
}

// plain writes round numbers of everyday size without an exponent.
func plain(v float64) string {
	if v >= 1e-4 && v < 1e6 {
		return strconv.FormatFloat(math.Round(v*1e6)/1e6, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
