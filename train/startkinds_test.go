package train

import (
	"bytes"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// otherKinds are tables of other kinds of columns than real ones.
func otherKinds(t *testing.T) map[string]*data.Set {
	t.Helper()
	full := reals(400, 8)
	var columns []data.Values
	for j := range full.Cols {
		i := 0
		columns = append(columns, data.Numbers(string(rune('a'+j)), columnOf(full.Rows, func() float64 {
			v := float64(full.F32[i*full.Cols+j])
			if i++; (i+j)*(i+j)%11 == 1 {
				v = math.NaN()
			}
			return v
		})))
	}
	gaps, err := data.NewTable("gaps", columns...)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*data.Set{"mixed": mixed(t, 400), "gaps": gaps}
	rng := rand.New(rand.NewPCG(2, 2))
	bits := &data.Set{Name: "bits", Rows: 500, Cols: 12}
	for range bits.Rows {
		a, b := rng.NormFloat64(), rng.NormFloat64()
		for j := range bits.Cols {
			v := float32(0)
			if a*math.Sin(float64(j))+b*math.Cos(float64(j))+0.7*rng.NormFloat64() > float64(j)/6-1 {
				v = 1
			}
			bits.F32 = append(bits.F32, v)
		}
	}
	all["bits"], all["counts"] = bits, countTable(t, 400)
	return all
}

// lossesAtStart are the losses of a new model, and of one that makes the means of the columns whatever the row, of every
// column, in nats; nil where columns are all alike.
func lossesAtStart(t *testing.T, r *run) (start, means model.Metrics) {
	t.Helper()
	e, err := r.whole.NewEvaluator(64)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if start, err = e.Evaluate(t.Context(), r.data, model.EvaluateOptions{Beta: 1, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	rows, err := r.sets.startRows()
	if err != nil {
		t.Fatal(err)
	}
	y := newResponses(rows, outputKinds(r.whole.Spec.Likelihood, rows.t))
	l := &model.Linear{Mean: make([]float32, rows.d), Encoder: make([]float32, rows.d), Decoder: make([]float32, rows.t), Variance: make([]float32, rows.t)}
	for j, v := range y.variance {
		l.Variance[j] = float32(v)
	}
	if err := r.whole.CentreOutput(r.means); err != nil {
		t.Fatal(err)
	}
	if err := r.whole.StartLinear(l); err != nil {
		t.Fatal(err)
	}
	if means, err = e.Evaluate(t.Context(), r.data, model.EvaluateOptions{Beta: 1, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	return start, means
}

// countTable is rows of counts whose rates vary by a factor and by the rows' totals.
func countTable(t *testing.T, rows int) *data.Set {
	t.Helper()
	rng := rand.New(rand.NewPCG(8, 8))
	f, size := columnOf(rows, rng.NormFloat64), columnOf(rows, func() float64 { return 0.5 + rng.ExpFloat64() })
	var columns []data.Values
	for j := range 6 {
		i := 0
		columns = append(columns, data.Counts(string(rune('a'+j)), columnOf(rows, func() float64 {
			i++
			return poissonDraw(rng, size[i-1]*math.Exp(float64(j)/3+f[i-1]*math.Sin(float64(j))))
		})))
	}
	s, err := data.NewTable("counts", columns...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Of other kinds of columns a start is no worse than the means of the columns: in all, and of every column by itself but for
// a hundredth of a nat. What is drawn costs its KL, and tells of counts with zeros of their own less than it is taken to: there
// it may cost more than it gains, by a nat.
func TestStartOfOtherKinds(t *testing.T) {
	for name, s := range otherKinds(t) {
		for _, loss := range lossesOf(name) {
			for _, preset := range []string{"ae", "vae"} {
				c := fromPCA(preset, 3, 20)
				c.Loss = lossOf(t, loss)
				start, means := lossesAtStart(t, started(t, c, s))
				room := 0.0
				if loss == "zero-inflated" && preset == "vae" {
					room = 1
				}
				if !(start.Loss <= means.Loss+room && start.NLL <= means.NLL) {
					t.Errorf("%s, %s, %s: loss %g (%g of the data) at the start, of the means %g (%g)", name, loss, preset, start.Loss, start.NLL, means.Loss, means.NLL)
				}
				for j, v := range start.Columns {
					if !(v <= means.Columns[j]+0.01) {
						t.Errorf("%s, %s, %s: column %d has loss %g at the start, of its mean %g", name, loss, preset, j, v, means.Columns[j])
					}
				}
			}
		}
	}
}

// lossesOf are those that go with a table.
func lossesOf(name string) []string {
	if name == "counts" {
		return []string{"auto", "poisson", "negative-binomial", "zero-inflated", "multinomial"}
	}
	return []string{"auto"}
}

// Images and columns of 0 and 1, whose outputs are logits, start with a smaller squared error than PCA's of as many codes: the
// logistic function holds what comes out within [0, 1], where PCA's reconstructions are not held. A code that is drawn does
// without directions that tell less than they cost, so that is not so of many codes for few columns.
func TestStartOfBitsAndImages(t *testing.T) {
	src, err := data.Glyphs(t.Context(), 1000, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range []*data.Set{otherKinds(t)["bits"], src.Train} {
		for _, k := range []int{2, 10} {
			for _, preset := range []string{"ae", "vae", "denoising"} {
				c := fromPCA(preset, k, 64)
				c.Loss = settings.Loss{Likelihood: model.Bernoulli{}}
				start, pca, _ := errorsAtStart(t, started(t, c, set))
				if few := k == 2 || set == src.Train; (preset != "vae" || few) && !(start <= pca) {
					t.Errorf("%s, %d codes, %s: squared error %g, PCA's %g", set.Name, k, preset, start, pca)
				}
			}
		}
	}
}

// awkward are sets that leave little to start from.
func awkward(t *testing.T) map[string]*data.Set {
	t.Helper()
	almost := reals(300, 4)
	for i := range almost.Rows {
		almost.F32[4*i+2] = 5
	}
	almost.F32[4*7+2] = 6
	sorted := &data.Set{Name: "sorted", Rows: 20001, Cols: 3}
	for i := range sorted.Rows {
		sorted.F32 = append(sorted.F32, float32(i), float32(i*i%101), float32(2*i+i*i%7))
	}
	return map[string]*data.Set{
		"constant": {Name: "constant", Rows: 50, Cols: 3, F32: slices.Repeat([]float32{1, 2, 3}, 50)},
		"one row":  reals(1, 5), "two rows": reals(2, 5), "one column": reals(60, 1), "more columns than rows": reals(9, 40),
		"almost constant": almost, "sorted": sorted,
		"copies": {Name: "copies", Rows: 100, Cols: 3, F32: slices.Repeat([]float32{1, 2, 3, 4, 6, 8}, 50)},
		"wide":   reals(20, 2100),
	}
}

// Whatever the data, a start is finite, and no worse than the means.
func TestStartOfAwkwardData(t *testing.T) {
	for name, s := range awkward(t) {
		for _, preset := range []string{"ae", "vae", "denoising"} {
			for _, loss := range []settings.Loss{squared, {By: settings.AutoLoss}, {Likelihood: model.GaussianNLL{}}} {
				c := fromPCA(preset, 4, 10)
				c.Loss = loss
				start, pca, means := errorsAtStart(t, started(t, c, s))
				if !(start <= means*(1+1e-6)+1e-9) {
					t.Errorf("%s, %s, %v: squared error %g at the start, PCA's %g, of the means %g", name, preset, loss, start, pca, means)
				}
			}
		}
	}
}

// The rows that a start is of are spread over all, so that one of rows in order knows all there are.
func TestStartRowsAreSpread(t *testing.T) {
	s := &data.Set{Name: "ramp", Rows: 100001, Cols: 1}
	for i := range s.Rows {
		s.F32 = append(s.F32, float32(i))
	}
	c := fromPCA("ae", 1)
	c.Scale = data.ScaleNone
	c.Loss = squared
	r := started(t, c, s)
	rows, err := r.sets.startRows()
	if err != nil {
		t.Fatal(err)
	}
	if rows.rows != len(rows.x) || rows.rows < mostStartRows || rows.rows >= mostStartRows+startBlockRows || !slices.IsSorted(rows.x) {
		t.Errorf("%d rows, %d numbers", rows.rows, len(rows.x))
	}
	for q := range 11 {
		at, want := float64(rows.x[q*(rows.rows-1)/10]), float64(q*10000)
		if !(math.Abs(at-want) <= 10*startBlockRows) {
			t.Errorf("row %d tenths on is %g, want about %g", q, at, want)
		}
	}
	for i := 1; i < rows.rows; i++ {
		if rows.x[i] == rows.x[i-1] {
			t.Fatalf("row %g is taken twice", rows.x[i])
		}
	}
}

// Targets of their own are regressed on the codes of the rows: no linear function of these codes makes them better.
func TestStartOfOtherTargets(t *testing.T) {
	seen, all := reals(300, 5), reals(300, 8)
	own := *seen
	made := &data.Set{Name: "made", Rows: 300, Cols: 3}
	for i := range 300 {
		x := seen.F32[5*i:]
		made.F32 = append(made.F32, x[0]+x[1], 3*x[2]-x[4]+all.F32[8*i], x[3])
	}
	own.Target = made
	for _, preset := range []string{"ae", "vae"} {
		c := fromPCA(preset, 5, 20)
		c.Loss = settings.Loss{By: settings.AutoLoss}
		r := started(t, c, &own)
		start, _, means := errorsAtStart(t, r)
		if !(start <= 0.35*means) {
			t.Errorf("%s: %g of the targets' variance is left", preset, start/means)
		}
		if a, b := lossesAtStart(t, r); !(a.Loss < b.Loss) {
			t.Errorf("%s: loss %g, of the means %g", preset, a.Loss, b.Loss)
		}
	}
}

// A condition has no say in a start.
func TestStartOfAConditionalModel(t *testing.T) {
	s := reals(300, 6)
	s.Classes = []string{"a", "b", "c"}
	for i := range s.Rows {
		s.Labels = append(s.Labels, int32(i%3))
	}
	c := fromPCA("ae", 3, 16)
	c.Condition = "label"
	start, pca, means := errorsAtStart(t, started(t, c, s))
	if !(math.Abs(start-pca) <= 1e-5*means) {
		t.Errorf("the start explains %.6f of the variance, PCA %.6f", 1-start/means, 1-pca/means)
	}
}

// Auto starts from PCA where that goes, and with other initialisations, or layers that are trained one by one, not.
func TestWhichModelsStartFromPCA(t *testing.T) {
	s := reals(200, 6)
	for _, c := range []struct {
		name   string
		change func(*settings.Config)
		want   bool
	}{
		{"ae", func(*settings.Config) {}, true}, {"vae", func(*settings.Config) {}, true}, {"stacked", func(*settings.Config) {}, false},
		{"stacked", func(c *settings.Config) { c.Init = model.PCAInit }, true}, {"ae", func(c *settings.Config) { c.Init = model.XavierInit }, false},
		{"ae", func(c *settings.Config) { c.Activation = settings.Tanh }, false}, {"ae", func(c *settings.Config) { c.Tied = true }, false},
		{"ae", func(c *settings.Config) { c.OutputBias = settings.ZeroBias }, true},
	} {
		config := fromPCA(c.name, 3, 12)
		config.Init, config.Loss = model.AutoInit, squared
		c.change(&config)
		start, pca, _ := errorsAtStart(t, started(t, config, s))
		if is := start <= 1.3*pca; is != c.want { // of a code that is drawn what it makes is drawn in
			t.Errorf("%s, init %v: squared error %g at the start, PCA's %g", c.name, config.Init, start, pca)
		}
	}
}

// The same settings and data start as the same bits, on however many cores, and whether or not the size of the code was found
// out on the way.
func TestStartIsTheSameBits(t *testing.T) {
	src, err := data.Glyphs(t.Context(), 500, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*data.Set{mixed(t, 300), src.Train} {
		for _, preset := range []string{"ae", "vae"} {
			var want []byte
			for _, n := range []int{1, 2, 3} {
				before := runtime.GOMAXPROCS(n)
				r := started(t, fromPCA(preset, 3, 30), s)
				runtime.GOMAXPROCS(before)
				var file bytes.Buffer
				if err := r.whole.Write(&file); err != nil {
					t.Fatal(err)
				}
				if want == nil {
					want = file.Bytes()
				}
				if !bytes.Equal(want, file.Bytes()) {
					t.Errorf("%s, %s: the start is another on %d cores", s.Name, preset, n)
				}
			}
		}
	}
}
