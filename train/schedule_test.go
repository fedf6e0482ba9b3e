package train

import (
	"math"
	"testing"
)

func TestWarmUps(t *testing.T) {
	s := timetable{lr: 1, beta: 2, lrWarmup: 1, klWarmup: 2, beta1: 0.9, beta2: 0.999, steps: 10, epochs: 4}
	for step, want := range map[int][2]float32{0: {0.1, 0}, 9: {1, 0.9}, 10: {1, 1}, 20: {1, 2}, 39: {1, 2}} {
		h := s.at(step)
		if d := math.Abs(float64(h.LR-want[0])) + math.Abs(float64(h.KL-want[1])); !(d < 1e-6) {
			t.Errorf("step %d: rate %g and KL weight %g, want %v", step, h.LR, h.KL, want)
		}
	}
	if h := s.at(0); !(math.Abs(float64(h.Correct1)-10) < 1e-5) {
		t.Errorf("first bias correction %g, want 1/(1-0.9)", h.Correct1)
	}
}
