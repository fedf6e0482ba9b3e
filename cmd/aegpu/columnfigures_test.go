package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/report"
)

// Twenty columns stand in their order, more are shown from the worst on, and said to be more.
func TestShownColumns(t *testing.T) {
	s := &eval.Summary{PCA: &eval.Baseline{Components: 3}}
	for j := range 25 {
		c := eval.ColumnFigure{Name: fmt.Sprintf("x%d", j), Explained: 0.99, Ordinary: float64(j*7%25) / 25, Error: 12345.6}
		if j == 7 {
			c.Explained, c.Ordinary = math.NaN(), math.NaN()
		}
		s.Columns = append(s.Columns, c)
	}
	s.PCA.Columns = s.Columns
	all := columnFigures(s, "ae")
	if len(all.Rows) != 20 || all.More != 5 || all.Rows[0].Name != "x0" || all.Rows[1].Name != "x18" || all.Rows[1].Error != "12346" {
		t.Errorf("%+v", all)
	}
	var b strings.Builder
	writeColumns(&b, all)
	if !strings.Contains(b.String(), "the worst 20 of 25 columns") || !strings.Contains(b.String(), "PCA-3's error") {
		t.Error(b.String())
	}
	s.Columns, s.PCA = s.Columns[:20], nil
	if all = columnFigures(s, "ae"); len(all.Rows) != 20 || all.More != 0 || all.Rows[7].Name != "x7" || strings.Contains(strings.Join(all.Head(), ","), "PCA") {
		t.Errorf("%+v", all)
	}
	if columnFigures(&eval.Summary{}, "ae") != nil {
		t.Error("images have columns")
	}
	date, wrong := eval.ColumnFigure{Kind: data.Date, Error: 2.5}, eval.ColumnFigure{Kind: data.YesNo, Error: 0.125}
	if errorText(&date) != "2.5 days" || errorText(&wrong) != "12.5 % wrong" {
		t.Error(errorText(&date), errorText(&wrong))
	}
}

// The columns of a table are told by train, evaluate and pca, on the page and as JSON, with PCA beside them.
func TestColumnFiguresAreTold(t *testing.T) {
	file := filepath.Join("..", "..", "data", "testdata", "mixed-types.csv")
	dir := filepath.Join(t.TempDir(), "run")
	o := must(t, "train", file, "--out", dir, "--hidden", "8", "--latent", "2", "--epochs", "2", "--device", "cpu", "-q")
	for what, text := range map[string]string{"train": o.out, "evaluate": must(t, "evaluate", dir, "--device", "cpu", "-q").out, "pca": must(t, "pca", file, "--latent", "2", "--device", "cpu", "-q").out} {
		for _, want := range []string{"explained_variance_ordinary", "city", "% wrong", "income"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not in\n%s", what, want, text)
			}
		}
		if strings.Contains(text, "psnr") {
			t.Errorf("%s tells the peak of a table", what)
		}
	}
	page := string(contents(t, dir, "report.html"))
	if !strings.Contains(page, "<h2>By column</h2>") || strings.Count(page, `<td class="bar">`) != 5 || strings.Contains(page, "ZgotmplZ") {
		t.Error("the page has no bar for each column")
	}
	test := must(t, "evaluate", dir, "--device", "cpu", "-q", "--json").object(t)["test"].(map[string]any)
	columns, beside := test["columns"].([]any), test["pca"].(map[string]any)["columns"].([]any)
	if len(columns) != 5 || len(beside) != 5 {
		t.Fatalf("%v, %v", columns, beside)
	}
	if c := columns[1].(map[string]any); c["name"] != "city" || c["kind"] != "category" || c["wrong"] == nil || c["rmse"] != nil || c["cells"] != 40. || c["explained_variance"] == nil {
		t.Errorf("%v", c)
	}
}

// One row times 1e4 among those trained on does not make the figure over ordinary rows: it is what the reconstructions of
// these come to by hand.
func TestOneWildRowIsNoFigure(t *testing.T) {
	dir := t.TempDir()
	run, tame, out := filepath.Join(dir, "run"), filepath.Join(dir, "tame.csv"), filepath.Join(dir, "out.csv")
	src, err := data.Open(t.Context(), filepath.Join("..", "..", "data", "testdata", "one-wild-row.npy"))
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]int, 0, src.Train.Rows)
	for i := range src.Train.Rows {
		if math.Abs(src.Train.At(i, 0)) < 1000 {
			rows = append(rows, i)
		}
	}
	s := src.Train.Subset(rows)
	if err := data.Write(tame, s); err != nil {
		t.Fatal(err)
	}
	must(t, "train", filepath.Join("..", "..", "data", "testdata", "one-wild-row.npy"), "--out", run, "--hidden", "16", "--latent", "3", "--epochs", "40", "--device", "cpu", "-q")
	test := must(t, "evaluate", run, tame, "--device", "cpu", "-q", "--json").object(t)["test"].(map[string]any)
	must(t, "reconstruct", run, tame, "-o", out, "--device", "cpu", "-q")
	back, err := data.Open(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	lost, all := 0.0, 0.0
	for j := range s.Cols {
		mean, err, spread := 0.0, 0.0, 0.0
		for i := range s.Rows {
			mean += s.At(i, j) / float64(s.Rows)
		}
		for i := range s.Rows {
			err += math.Pow(s.At(i, j)-back.Train.At(i, j), 2)
			spread += math.Pow(s.At(i, j)-mean, 2)
		}
		lost += err / spread
		all++
	}
	v, _ := test["explained_variance_ordinary"].(float64)
	if want := lost / all; !(math.Abs(1-v-want) < 0.15*want) {
		t.Errorf("explained variance of ordinary rows %g: expected %g (of all rows %v)", v, 1-want, test["explained_variance"])
	}
}

// A page of any columns can be written.
func TestBarsOfAnyShare(t *testing.T) {
	c := &report.Columns{}
	for share, want := range map[float64]float64{math.NaN(): 0, -3: 0, 0.5: 50, 1: 100, 7: 100, 0.12345: 12.3} {
		if got := c.Bar(share); got != want {
			t.Errorf("%g: %g, expected %g", share, got, want)
		}
	}
}

// A VAE that has hardly moved from its start, which is probabilistic PCA, is as likely as that, and one that has learnt more.
func TestVAEBesideProbabilisticPCA(t *testing.T) {
	rng, s := rand.New(rand.NewPCG(2, 3)), &data.Set{Name: "bent", Rows: 500, Cols: 5}
	for range s.Rows {
		a, b := rng.NormFloat64(), rng.NormFloat64()
		for _, v := range []float64{a, b, a - b, math.Sin(2 * a), a * b} {
			s.F32 = append(s.F32, float32(v+0.2*rng.NormFloat64()))
		}
	}
	csv := filepath.Join(t.TempDir(), "bent.csv")
	if err := data.Write(csv, s); err != nil {
		t.Fatal(err)
	}
	figures := func(words ...string) (own, pca float64) {
		dir := filepath.Join(t.TempDir(), "run")
		o := must(t, append([]string{"train", csv, "--model", "vae", "--latent", "2", "--device", "cpu", "--json", "-q", "--out", dir}, words...)...).object(t)
		return number64(t, o, "test", "log_likelihood"), number64(t, o, "test", "pca", "log_likelihood")
	}
	// The start is probabilistic PCA but for rounding: draws of a code weigh the same there.
	if own, pca := figures("--epochs", "1", "--lr", "1e-9"); !(math.Abs(own-pca) <= 1e-3*(1+math.Abs(pca))) {
		t.Errorf("the start has %g nats a row, probabilistic PCA %g", own, pca)
	}
	if own, pca := figures("--epochs", "60"); !(own > pca) {
		t.Errorf("a VAE has %g nats a row, probabilistic PCA %g", own, pca)
	}
}
