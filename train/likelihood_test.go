package train

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/settings"
)

func lossOf(t *testing.T, text string) settings.Loss {
	t.Helper()
	var l settings.Loss
	if err := l.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return l
}

// poissonDraw is a draw of that mean (Knuth's product of uniforms).
func poissonDraw(rng *rand.Rand, mean float64) float64 {
	n := 0.0
	for p := rng.Float64(); p > math.Exp(-mean); p *= rng.Float64() {
		n++
	}
	return n
}

// What is said of other data to make is of them, and what is said of counts that the encoder takes as ln(1+x) of the rows that it
// sees.
func TestSaidOfOtherData(t *testing.T) {
	seen, made := mixed(t, 400), mixed(t, 400)
	rows := *seen
	rows.Target = made
	for j := range made.Columns {
		made.Columns[j].Name = "made " + made.Columns[j].Name
	}
	c := small(t, "vae")
	c.Loss = settings.Loss{By: settings.AutoLoss}
	s, err := Divide(&data.Source{Train: &rows}, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range s.Found {
		if strings.Contains(line, "counts, taken as") && strings.Contains(line, "made") || strings.HasPrefix(line, "loss by column") && !strings.Contains(line, "made") {
			t.Errorf("said %q", line)
		}
	}
}

// columnOf are rows of a column.
func columnOf(rows int, cell func() float64) []float64 {
	v := make([]float64, rows)
	for i := range v {
		v[i] = cell()
	}
	return v
}

// mixed is a table that has every kind of column, one cell in ten of numbers missing. One factor drives all.
func mixed(t *testing.T, rows int) *data.Set {
	t.Helper()
	rng := rand.New(rand.NewPCG(4, 2))
	real, money, age, visits := make([]float64, rows), make([]float64, rows), make([]float64, rows), make([]float64, rows)
	city, ok, labels := make([]string, rows), make([]bool, rows), make([]int32, rows)
	for i := range rows {
		u := rng.NormFloat64()
		real[i], money[i], age[i] = u+rng.NormFloat64()/5, math.Round(1e4*(2+u)), math.Round(40+u)
		city[i], ok[i], visits[i] = []string{"Oslo", "Lyon", "Rome"}[min(max(int(u+1.5), 0), 2)], u > 0, poissonDraw(rng, math.Exp(u/2+1)*rng.ExpFloat64())
		if u > 0.5 {
			labels[i] = 1
		}
		for _, c := range [][]float64{real, money, visits} {
			if rng.IntN(10) == 0 {
				c[i] = math.NaN()
			}
		}
	}
	s, err := data.NewTable("mixed", data.Numbers("real", real), data.Texts("city", city), data.Counts("visits", visits), data.YesNos("ok", ok),
		data.Numbers("a,b", money), data.Counts("age", age))
	if err != nil {
		t.Fatal(err)
	}
	s.Labels, s.Classes = labels, []string{"low", "high"}
	return s
}

// kindsOf are the likelihoods of columns as text.
func kindsOf(l *columnLosses) string {
	var all []string
	for _, k := range l.kinds {
		all = append(all, k.String())
	}
	return strings.Join(all, " ")
}

// Columns have likelihoods by their kinds, counts by how much they vary, and what was asked for.
func TestLikelihoodsByKind(t *testing.T) {
	s := mixed(t, 400)
	for loss, want := range map[string]string{
		"auto":                             "gaussian softmax negative-binomial bernoulli gaussian gaussian",
		"auto,age=poisson":                 "gaussian softmax negative-binomial bernoulli gaussian poisson",
		`auto,visits=gaussian,ok=gaussian`: "gaussian softmax gaussian gaussian gaussian gaussian",
		`"a,b=gaussian"`:                   "gaussian softmax negative-binomial bernoulli gaussian gaussian",
		"visits=zero-inflated":             "gaussian softmax zero-inflated bernoulli gaussian gaussian",
		"poisson":                          "gaussian softmax poisson bernoulli gaussian poisson",
		"negative-binomial,age=poisson":    "gaussian softmax negative-binomial bernoulli gaussian poisson",
		"zero-inflated,age=gaussian":       "gaussian softmax zero-inflated bernoulli gaussian gaussian",
	} {
		c := small(t, "vae")
		c.Loss = lossOf(t, loss)
		l, err := decideLosses(&c, s)
		if err != nil {
			t.Errorf("%s: %v", loss, err)
			continue
		}
		if got := kindsOf(l); got != want {
			t.Errorf("%s: %s, want %s", loss, got, want)
		}
		for j, k := range l.kinds {
			if l.counts[j] != (k >= backend.PoissonColumn) {
				t.Errorf("%s: column %d of %v is made as a count: %v", loss, j, k, l.counts[j])
			}
		}
		if len(l.said) == 0 || !strings.Contains(l.said[len(l.said)-1], `softmax for "city"`) {
			t.Errorf("%s: said %q", loss, l.said)
		}
		if again := lossOf(t, c.Loss.String()); again.String() != c.Loss.String() {
			t.Errorf("%s is written as %s, and read as %s", loss, c.Loss, again)
		}
	}
	numbers := &data.Set{Name: "numbers", Rows: 3, Cols: 3, F32: []float32{0, 1, 2, 3, 4, 5, 6, 7, 8}}
	for loss, want := range map[string]string{"auto": "gaussian gaussian gaussian", "auto,2=poisson": "gaussian poisson gaussian", "poisson": "poisson poisson poisson"} {
		c := small(t, "ae")
		c.Loss = lossOf(t, loss)
		if l, err := decideLosses(&c, numbers); err != nil || kindsOf(l) != want {
			t.Errorf("%s of columns without names: %v, want %s", loss, err, want)
		}
	}
}

// What does not fit is a line about the loss.
func TestLikelihoodsRefuse(t *testing.T) {
	s := mixed(t, 200)
	plain, err := data.NewTable("plain", data.Numbers("x", []float64{-1, 0.5, 2}), data.Numbers("y", []float64{1, 2, 3}))
	if err != nil {
		t.Fatal(err)
	}
	array := &data.Set{Name: "array", Rows: 2, Cols: 2, F32: []float32{-1, 2, -3, 4}}
	for _, c := range []struct {
		loss string
		set  *data.Set
		want string
	}{
		{"auto,visit=poisson", s, `names a column "visit": expected one of "real"`},
		{"auto,city=gaussian", s, "kind category, which gaussian does not fit"},
		{"auto,real=softmax", s, "kind real, which softmax does not fit"},
		{"auto,real=bernoulli", s, "kind real, which bernoulli does not fit"},
		{"auto,real=poisson", s, "expected counts for poisson"},
		{"auto,1=poisson", s, `names a column "1"`},
		{"poisson", plain, "needs counts, and plain has no columns that are known as such"},
		{"multinomial", s, "do not lie side by side"},
		{"zero-inflated", array, "needs counts"},
		{"auto,3=poisson", array, "expected a number from 1 to 2"},
		{"auto,1=negative-binomial", array, "expected counts for negative-binomial"},
	} {
		o := small(t, "ae")
		o.Loss, o.Missing = lossOf(t, c.loss), data.MissingMedian
		_, err := Divide(&data.Source{Train: c.set}, o)
		var request *RequestError
		var field *settings.Error
		if !errors.As(err, &request) || !errors.As(err, &field) || field.Field != "Loss" || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s of %s: %v, want %s", c.loss, c.set.Name, err, c.want)
		}
	}
	o := small(t, "ae")
	o.SizeFactor = settings.TotalSize
	if _, err := Divide(&data.Source{Train: plain}, o); err == nil || !strings.Contains(err.Error(), "no column is under a likelihood of counts") {
		t.Errorf("a size factor without counts: %v", err)
	}
	for _, text := range []string{"auto,", "auto,x", "auto,x=normal", "auto,=poisson", "squared,x=poisson"} {
		var l settings.Loss
		if err := l.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is a loss: %v", text, l)
		}
	}
}

// Counts that are drawn as independent events, with more spread, and with less, are told apart.
func TestDispersionOfCounts(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	draws := map[string]func() float64{
		"poisson":           func() float64 { return poissonDraw(rng, 3) },
		"negative-binomial": func() float64 { return poissonDraw(rng, 3*rng.ExpFloat64()) },
		"gaussian":          func() float64 { return 40 + float64(rng.IntN(5)) },
	}
	for want, draw := range draws {
		s, err := data.NewTable(want, data.Counts("n", columnOf(2000, draw)), data.Counts("m", columnOf(2000, draw)))
		if err != nil {
			t.Fatal(err)
		}
		c := small(t, "vae")
		l, err := decideLosses(&c, s)
		if err != nil || kindsOf(l) != want+" "+want || l.total != 0 {
			t.Errorf("counts of %s: %v, %v", want, kindsOf(l), err)
		}
	}
}

// counted is a table of counts whose rows have depths.
func counted(t *testing.T, rows, cols int, depth func() float64) *data.Set {
	t.Helper()
	rng := rand.New(rand.NewPCG(2, 7))
	columns := make([][]float64, cols)
	for range rows {
		d := depth()
		for j := range columns {
			columns[j] = append(columns[j], poissonDraw(rng, d*float64(1+j%4)))
		}
	}
	var all []data.Values
	for j, c := range columns {
		all = append(all, data.Counts(fmt.Sprintf("g%d", j), c))
	}
	s, err := data.NewTable("counts", all...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Rows whose totals vary with a depth of their own are compositions; independent counts, and few columns, are none.
func TestCompositionsAreKnown(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 5))
	deep := func() float64 { return []float64{0.5, 1, 4}[rng.IntN(3)] }
	alike := func() float64 { return 1 }
	gaps := counted(t, 500, 20, deep)
	for i := 0; i < len(gaps.F32); i += 9 {
		gaps.F32[i], gaps.Gaps = float32(math.NaN()), true
	}
	for _, c := range []struct {
		name  string
		set   *data.Set
		size  settings.SizeFactor
		total bool
	}{
		{"compositions", counted(t, 500, 20, deep), settings.AutoSize, true},
		{"independent", counted(t, 500, 20, alike), settings.AutoSize, false},
		{"few columns", counted(t, 500, 6, deep), settings.AutoSize, false},
		{"with gaps", gaps, settings.AutoSize, false},
		{"with gaps, as asked", gaps, settings.TotalSize, true},
		{"as asked", counted(t, 500, 6, deep), settings.TotalSize, true},
		{"as refused", counted(t, 500, 20, deep), settings.NoSize, false},
	} {
		o := small(t, "vae")
		o.SizeFactor = c.size
		l, err := decideLosses(&o, c.set)
		if err != nil {
			t.Fatal(err)
		}
		if (l.total > 0) != c.total {
			t.Errorf("%s: total %g: %q", c.name, l.total, l.said)
		}
		told := slices.ContainsFunc(l.said, func(line string) bool { return strings.Contains(line, "taken for compositions") })
		if told != (c.total && c.size == settings.AutoSize) {
			t.Errorf("%s: said %q", c.name, l.said)
		}
	}
	o := small(t, "ae")
	o.Loss = lossOf(t, "multinomial")
	s, err := Divide(&data.Source{Train: counted(t, 200, 12, deep)}, o)
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprint(s.Likelihood); !strings.Contains(text, "softmax*12") && !strings.Contains(text, "multinomial") {
		t.Errorf("the likelihood is %s", text)
	}
}

// A part of its own may have levels that the training part does not: they are said and taken as others by a loss of each
// column's own, and refused before the training by a loss of all columns alike.
func TestNewLevelsOfAPart(t *testing.T) {
	write := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	train := write("train.csv", "city,n\n"+strings.Repeat("Oslo,1.5\nLyon,2.5\nOslo,0.5\n", 8))
	test := write("test.csv", "city,n\nLyon,1.5\nGraz,2.5\n")
	src, err := data.Read(t.Context(), train, data.Reading{TestData: test})
	if err != nil {
		t.Fatal(err)
	}
	c := small(t, "ae")
	c.Val = 0
	c.Loss = lossOf(t, "auto")
	s, err := Divide(src, c)
	if want := `city: "Graz" (1 row) was not there in training: taken as (other)`; err != nil || !slices.Contains(s.Doubts, want) {
		t.Errorf("%v, said %q", err, s.Doubts)
	}
	c.Loss = lossOf(t, "squared")
	if _, err = Divide(src, c); err == nil || !strings.Contains(err.Error(), `row 2: column 1 ("city"): level "Graz" was not there`) {
		t.Errorf("squared: %v", err)
	}
}

// A multinomial takes the counts of a row as one, so that a row with a gap would have no loss: gaps are refused, then and later.
func TestMultinomialRefusesGaps(t *testing.T) {
	const rows, cols = 40, 4
	s := &data.Set{Name: "genes", Rows: rows, Cols: cols, F32: make([]float32, rows*cols), Columns: make([]data.Column, cols), Gaps: true}
	for j := range s.Columns {
		s.Columns[j] = data.Column{Name: fmt.Sprint("g", j), Kind: data.Count}
	}
	for i := range s.F32 {
		s.F32[i] = float32(i * i % 5)
	}
	c := small(t, "ae")
	c.Loss, c.Test, c.Val = lossOf(t, "multinomial"), 0, 0
	whole, err := Divide(&data.Source{Train: s}, c)
	if err != nil {
		t.Fatalf("%v", err)
	}
	s.F32[5] = float32(math.NaN())
	if _, err := whole.Preparation.Match(s); err == nil {
		t.Error("a later row with a gap is taken")
	}
	if _, err := Divide(&data.Source{Train: s}, c); err == nil || !strings.Contains(err.Error(), `row 2: column 2 ("g1"): missing`) {
		t.Errorf("%v", err)
	}
	c.Missing = data.MissingMask
	if _, err := Divide(&data.Source{Train: s}, c); err == nil || !strings.Contains(err.Error(), "Missing is mask, and Loss multinomial") {
		t.Errorf("%v", err)
	}
	c.Missing = data.MissingMedian
	if _, err := Divide(&data.Source{Train: s}, c); err != nil {
		t.Error(err)
	}
}
