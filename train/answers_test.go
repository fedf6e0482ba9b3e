package train

import (
	"math"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/settings"
)

// arrayOf is an array of so many rows, whose columns the functions make.
func arrayOf(rows int, columns ...func(i int) float32) *data.Set {
	s := &data.Set{Name: "array", Rows: rows, Cols: len(columns)}
	for i := range rows {
		for _, f := range columns {
			s.F32 = append(s.F32, f(i))
		}
	}
	return s
}

// Columns of an array that are 0 or 1 in every row, some missing, are yes/no; constants, whole numbers and one 2 in the last
// row of many are not.
func TestAnswersOfArrays(t *testing.T) {
	const rows = 3 * usualRows
	bit := func(i int) float32 { return float32(i * i % 7 % 2) }
	s := arrayOf(rows, bit, func(i int) float32 {
		if i%5 == 0 {
			return float32(math.NaN())
		}
		return bit(i)
	}, func(int) float32 { return 1 }, func(i int) float32 { return float32(i % 3) }, func(i int) float32 {
		if i == rows-1 {
			return 2
		}
		return bit(i)
	}, func(i int) float32 { return bit(i) / 2 })
	s.Gaps = true
	kinds := ""
	for _, c := range withAnswers(s).Columns {
		kinds += c.Kind.String() + " "
	}
	if want := "yes/no yes/no real real real real "; kinds != want {
		t.Errorf("%s, want %s", kinds, want)
	}
	none := arrayOf(20, func(i int) float32 { return float32(i) })
	if withAnswers(none) != none {
		t.Error("an array without any is another")
	}
	c, err := settings.Preset("ae")
	if err != nil {
		t.Fatal(err)
	}
	sets, err := Divide(&data.Source{Train: s}, c)
	if err != nil {
		t.Fatal(err)
	}
	if text := sets.Likelihood.String(); text != "columns:bernoulli*2,gaussian*4" {
		t.Error(text)
	}
}

// Whole numbers in every column of an array may be counts, and the flag that takes them for such is said.
func TestCountsOfArraysAreHintedAt(t *testing.T) {
	c, err := settings.Preset("ae")
	if err != nil {
		t.Fatal(err)
	}
	whole := func(i int) float32 { return float32(i * i % 11) }
	for _, one := range []struct {
		s    *data.Set
		said bool
	}{{arrayOf(100, whole, whole), true}, {arrayOf(100, whole, func(i int) float32 { return float32(i) / 3 }), false}} {
		sets, err := Divide(&data.Source{Train: one.s}, c)
		if err != nil {
			t.Fatal(err)
		}
		if said := strings.Contains(strings.Join(sets.Found, "\n"), "--loss negative-binomial"); said != one.said {
			t.Errorf("%q", sets.Found)
		}
	}
}
