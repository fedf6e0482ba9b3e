package data

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

// whole is a preparation that has something in every field of columns.
func whole(t testing.TB) (rows, targets string) {
	t.Helper()
	s := mixedTypes(t)
	s.Gaps = true
	set(s, 3, 1e9)
	set(s, 1, gap)
	p, q, err := FitColumns(s, ColumnOptions{Scaling: ScaleRobust, Counts: []bool{false, false, false, false, true, false}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	return string(a), string(b)
}

// What is wrong in a file is said.
func TestBrokenPreparationsAreRefused(t *testing.T) {
	text, targets := whole(t)
	for _, c := range []struct{ from, to, words string }{
		{`"robust":[true,`, `"robust":[`, "5 marks of columns: expected 6"},
		{`"robust":[true,false`, `"robust":[true,true`, "scaled by its quartiles: expected no scaling of a column of kind category"},
		{`"scaling":"robust"`, `"scaling":"minmax"`, "expected none under scaling minmax"},
		{`"scaling":"robust"`, `"unit":true,"scaling":"robust"`, "scaling robust with values within [0, 1]"},
		{`"counts":[false,`, `"counts":[`, "5 marks of columns"},
		{`"counts":[false,`, `"counts":[true,`, "a column of kind real: expected one of counts"},
		{`"counts":[false,false,false,false,true,false],`, ``, "logarithms of counts"},
		{`"blank":[`, `"blank":[1,`, "7 values that missing cells are prepared as"},
		{`"blank":[0`, `"blank":[1e300`, "expected a finite number for missing cells"},
		{`"missing":"mask"`, `"missing":"mean"`, "values that missing cells are prepared as"},
		{`"missing":"mask"`, `"missing":"mask","fill":[0,0,0,0,0,0]`, "values for missing cells"},
		{`"other":true`, `"other":true,"pooled":["Oslo"],"kind":"real"`, "levels: expected none"},
		{`"(other)"],"other"`, `"others"],"other"`, "a level for other texts"},
		{`"other":true`, `"pooled":["x"]`, "texts that are pooled"},
	} {
		if !strings.Contains(text, c.from) {
			t.Fatalf("%s is not in %s", c.from, text)
		}
		p := &Preparation{}
		if err := json.Unmarshal([]byte(strings.Replace(text, c.from, c.to, 1)), p); err != nil {
			t.Fatal(err)
		}
		wantError(t, p.Validate(), c.words)
	}
	if strings.Contains(targets, `"blank"`) || strings.Contains(targets, `"log"`) {
		t.Errorf("targets have what rows have: %s", targets)
	}
}

// A preparation that was damaged is refused, or does all that it is asked without a panic.
func TestDamagedPreparationsDoNotPanic(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	text, targets := whole(t)
	s := mixedTypes(t).Head(5)
	pieces := []string{"true", "false", "0", "1e300", "-1", `"mask"`, `"mean"`, `"robust"`, `"none"`, `"category"`, `"count"`, `"real"`, `"(other)"`, "null", "[", "]", ","}
	good := 0
	for range 20000 {
		b := text
		if rng.IntN(2) == 0 {
			b = targets
		}
		for range 1 + rng.IntN(2) {
			from, to := pieces[rng.IntN(len(pieces))], pieces[rng.IntN(len(pieces))]
			at := rng.IntN(len(b))
			b = b[:at] + strings.Replace(b[at:], from, to, 1)
		}
		p := &Preparation{}
		if json.Unmarshal([]byte(b), p) != nil || p.Validate() != nil {
			continue
		}
		good++
		p.Said()
		p.NewLevels(s)
		if _, err := p.Undo(make([]float32, 3*p.Inputs())); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Apply(s); err != nil {
			continue
		}
		m, err := p.Match(s)
		if err != nil {
			t.Fatal(err)
		}
		p.SquaredErrors(make([]float64, p.Cols), m, 0, make([]float32, p.Inputs()))
		p.SameAs(p, s)
	}
	if good < 100 {
		t.Errorf("only %d of 20000 were damaged so little that they are preparations", good)
	}
}
