package train

import (
	"math"
	"testing"
)

func TestSchedules(t *testing.T) {
	for _, c := range []struct {
		text          string
		epoch, epochs float64
		want          float64
	}{
		{"constant", 7, 10, 1},
		{"step:3:0.1", 2.9, 10, 1},
		{"step:3:0.1", 6, 10, 0.01},
		{"cosine", 0, 10, 1},
		{"cosine", 5, 10, 0.5},
		{"cosine", 10, 10, 0},
		{"cosine:0.2", 10, 10, 0.2},
		{"burda", 0.5, 40, 1},
		{"burda", 1, 40, math.Pow(10, -1.0/7)},
		{"burda", 3.9, 40, math.Pow(10, -1.0/7)},
		{"burda", 4, 40, math.Pow(10, -2.0/7)},
	} {
		s, err := parseSchedule(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := s(c.epoch, c.epochs); !(math.Abs(got-c.want) < 1e-6) { // the factors are read as float32
			t.Errorf("%s at %g of %g: %g, want %g", c.text, c.epoch, c.epochs, got, c.want)
		}
	}
	for _, text := range []string{"", "step", "step:0:1", "cosine:2", "step:3:x", "linear:3"} {
		if _, err := parseSchedule(text); err == nil {
			t.Errorf("%q was let through", text)
		}
	}
}

func TestMomentumOfSutskever(t *testing.T) {
	m, err := parseMomentum("sutskever:0.99")
	if err != nil {
		t.Fatal(err)
	}
	for step, want := range map[int]float64{0: 0.5, 249: 0.5, 250: 0.75, 500: 1 - 1.0/6, 100000: 0.99, 749000: 0.9} {
		if got := m(step, 750000); !(math.Abs(got-want) < 1e-7) {
			t.Errorf("step %d: %g, want %g", step, got, want)
		}
	}
}

func TestWarmUps(t *testing.T) {
	lr, _ := parseSchedule("constant")
	m, _ := parseMomentum("0.9")
	s := timetable{lr: 1, beta: 2, lrWarmup: 1, klWarmup: 2, beta1: 0.9, beta2: 0.999, schedule: lr, momentum: m, steps: 10, epochs: 4}
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
