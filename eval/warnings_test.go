package eval

import (
	"math"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/model"
)

func TestSummaryWarnings(t *testing.T) {
	nan := math.NaN()
	for _, tt := range []struct {
		explained, ordinary float64
		examples, updates   int
		warns               bool
	}{
		{0.5, nan, 1000, 1000, false}, {0, nan, 1000, 1000, true}, {-0.01, nan, 1000, 1000, true}, {-0.01, nan, 1000, 2, false},
		{-3, nan, 1000, 2, true}, {-3, nan, 2, 1000, false}, {nan, nan, 1000, 1000, false},
		{0.998, -0.3, 50, 1000, true}, {-0.01, 0.9, 50, 1000, false}, // what one wild row makes of the figure
	} {
		s := &Summary{Examples: tt.examples}
		add(&s.Figures, explainedName, tt.explained, "")
		add(&s.Figures, ordinaryName, tt.ordinary, "")
		if got := s.Warnings(tt.updates); (len(got) > 0) != tt.warns {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}

// Columns of which nothing is learnt are named in one line, if there are others and enough rows and updates to tell.
func TestUnlearntColumnsAreNamed(t *testing.T) {
	nan := math.NaN()
	column := func(name string, cells int, explained, ordinary float64) ColumnFigure {
		return ColumnFigure{Name: name, Cells: cells, Explained: explained, Ordinary: ordinary}
	}
	good, bad := column("good", 50, 0.9, 0.9), column("bad", 50, -0.1, nan)
	for _, tt := range []struct {
		columns []ColumnFigure
		updates int
		want    string
	}{
		{[]ColumnFigure{good, bad}, 1000, `of 1 of 2 columns, which are no better than their means: "bad"`},
		{[]ColumnFigure{good, bad}, 10, ""},
		{[]ColumnFigure{bad, bad}, 1000, ""},
		{[]ColumnFigure{good, column("constant", 50, nan, nan)}, 1000, ""},
		{[]ColumnFigure{good, column("few", 19, -1, nan)}, 1000, ""},
		{[]ColumnFigure{good, column("wild", 50, 0.99, -0.2), column("tamed", 50, -0.2, 0.9)}, 1000, `of 1 of 3 columns, which are no better than their means: "wild"`},
	} {
		s := &Summary{Examples: 50, Columns: tt.columns}
		add(&s.Figures, explainedName, 0.5, "")
		got := strings.Join(s.Warnings(tt.updates), "\n")
		if tt.want == "" && got != "" || !strings.HasSuffix(got, tt.want) {
			t.Errorf("%q: expected %q", got, tt.want)
		}
	}
}

// A code that is drawn and carries nothing is told of with what may help, once, and one of which half is used with the size
// that would do.
func TestUnusedUnitsAreSaid(t *testing.T) {
	nan := math.NaN()
	for _, tt := range []struct {
		units             int
		active, explained float64
		updates           int
		want              string
	}{
		{20, 0, -0.01, 1000, "of its 20 units none is active"},
		{20, 0, 0.01, 1000, "of its 20 units none is active"},
		{20, 0, 0.01, 10, ""},
		{20, 0, nan, 1000, ""}, // rows that do not vary
		{20, 9, 0.5, 1000, "--latent 9 would do"},
		{20, 10, 0.5, 1000, ""},
		{200, 9, 0.5, 1000, ""},
		{0, nan, 0.5, 1000, ""},
	} {
		s := &Summary{Examples: 50, units: tt.units}
		add(&s.Figures, explainedName, tt.explained, "")
		add(&s.Figures, model.ActiveUnitsTerm, tt.active, "")
		got := s.Warnings(tt.updates)
		if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || !strings.Contains(got[0], tt.want)) {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}

// A column that runs away makes the figure of all: it is that column which is told of, where most others are learnt.
func TestOneColumnIsNotTheWholeRow(t *testing.T) {
	column := func(name string, v float64) ColumnFigure {
		return ColumnFigure{Name: name, Cells: 50, Explained: v, Ordinary: v}
	}
	a, b, away := column("a", 0.9), column("b", 0.8), column("away", -28)
	for _, tt := range []struct {
		columns []ColumnFigure
		want    string
	}{
		{[]ColumnFigure{a, away, b}, `nothing is learnt of 1 of 3 columns, which are no better than their means: "away"`},
		{[]ColumnFigure{a, away}, "the code tells nothing of a row"},
		{nil, "the code tells nothing of a row"},
	} {
		s := &Summary{Examples: 50, Columns: tt.columns}
		add(&s.Figures, ordinaryName, -1.2, "")
		if got := s.Warnings(1000); len(got) != 1 || !strings.HasSuffix(got[0], tt.want) {
			t.Errorf("%q: expected %q", got, tt.want)
		}
	}
}
