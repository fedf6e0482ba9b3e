package settings

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Schedule is a factor of the learning rate over a training. The kinds are
//
//	constant             1
//	step:EPOCHS:FACTOR   FACTOR^floor(epoch / EPOCHS)
//	cosine[:FLOOR]       FLOOR + (1 - FLOOR) (1 + cos(pi epoch / epochs)) / 2   (Loshchilov and Hutter 2017)
//	burda                10^(-i/7) for 3^i epochs, i = 0, 1, ...                (Burda et al. 2016)
//	auto                 cosine where a training finds out its epochs, else constant
type Schedule struct {
	Kind   ScheduleKind
	Epochs float32 // between the steps of StepSchedule
	Decay  float32 // at each step of StepSchedule
	Floor  float32 // of CosineSchedule
}

// ScheduleKind is a kind of schedule.
type ScheduleKind uint8

// The kinds of schedule.
const (
	ConstantSchedule ScheduleKind = iota
	StepSchedule
	CosineSchedule
	BurdaSchedule
	AutoSchedule
)

// Factor returns the factor at an epoch, with its fraction, of so many.
func (s Schedule) Factor(epoch, epochs float64) float64 {
	switch s.Kind {
	case StepSchedule:
		return math.Pow(float64(s.Decay), math.Floor(epoch/float64(s.Epochs)))
	case CosineSchedule:
		floor := float64(s.Floor)
		return floor + (1-floor)*(1+math.Cos(math.Pi*epoch/epochs))/2
	case BurdaSchedule:
		return burda(epoch)
	}
	return 1
}

func burda(epoch float64) float64 {
	i, end := 0.0, 1.0
	for epoch >= end {
		i++
		end += math.Pow(3, i)
	}
	return math.Pow(10, -i/7)
}

// String returns the schedule as it is written.
func (s Schedule) String() string {
	switch {
	case s.Kind == StepSchedule:
		return "step:" + short(s.Epochs) + ":" + short(s.Decay)
	case s.Kind == CosineSchedule && s.Floor != 0:
		return "cosine:" + short(s.Floor)
	case s.Kind == CosineSchedule:
		return "cosine"
	case s.Kind == BurdaSchedule:
		return "burda"
	case s.Kind == ConstantSchedule:
		return "constant"
	case s.Kind == AutoSchedule:
		return Auto.String()
	}
	return fmt.Sprintf("schedule(%d)", s.Kind)
}

// MarshalText returns what String does.
func (s Schedule) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what String returns.
func (s *Schedule) UnmarshalText(text []byte) error {
	words := strings.Split(string(text), ":")
	v := make([]float32, len(words))
	for i, w := range words[1:] {
		var err error
		if v[i], err = number(w); err != nil {
			return err
		}
	}
	var got Schedule
	switch {
	case string(text) == "constant":
	case string(text) == "burda":
		got.Kind = BurdaSchedule
	case string(text) == Auto.String():
		got.Kind = AutoSchedule
	case words[0] == "step" && len(words) == 3:
		got = Schedule{Kind: StepSchedule, Epochs: v[0], Decay: v[1]}
	case words[0] == "cosine" && len(words) <= 2:
		got = Schedule{Kind: CosineSchedule, Floor: v[0]}
	default:
		return fmt.Errorf("unknown schedule %q: expected auto, constant, step:EPOCHS:FACTOR, cosine[:FLOOR] or burda", text)
	}
	if err := got.check(); err != nil {
		return err
	}
	*s = got
	return nil
}

// check refuses schedules that there are none of.
func (s Schedule) check() error {
	switch {
	case s.Kind > AutoSchedule:
		return fmt.Errorf("unknown %v", s)
	case s.Kind == StepSchedule && !(positive(s.Epochs) && positive(s.Decay)):
		return fmt.Errorf("%v: expected epochs and a factor above 0", s)
	case s.Kind == CosineSchedule && !(s.Floor >= 0 && s.Floor <= 1):
		return fmt.Errorf("%v: expected a floor of 0 to 1", s)
	}
	return nil
}

func positive(v float32) bool { return v > 0 && !math.IsInf(float64(v), 0) }

// number returns the number that text stands for.
func number(text string) (float32, error) {
	v, err := strconv.ParseFloat(text, 32)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is not a number of float32", text)
	}
	if double, err := strconv.ParseFloat(text, 64); v == 0 && (err != nil || double != 0) {
		return 0, fmt.Errorf("%q is 0 in float32", text)
	}
	return float32(v), nil
}

// short returns a number's shortest text.
func short(v float32) string { return strconv.FormatFloat(float64(v), 'g', -1, 32) }
