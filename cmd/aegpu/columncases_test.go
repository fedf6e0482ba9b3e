package main

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/data"
)

// aCase is the path of a small table that people have.
func aCase(name string) string { return filepath.Join("..", "..", "data", "testdata", name) }

// noNumber is a number that is none, in what people or programs read.
var noNumber = regexp.MustCompile(`(?i)\bnan\b|[-+]?\binf(inity)?\b`)

// allNumbers fails where a text has a number that is none.
func allNumbers(t *testing.T, what, text string) {
	t.Helper()
	if at := noNumber.FindStringIndex(text); at != nil {
		t.Errorf("%s: %.200q", what, text[max(0, at[0]-80):])
	}
}

// withGaps writes a table of numbers again with one cell missing in each third of its complete rows, and returns where these
// cells are, the row first, from 0.
func withGaps(t *testing.T, from, to string) (gone [][2]int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	for i, r := range readTable(t, from) {
		if i > 0 && !slices.Contains(r, "") && !slices.Contains(r, "NA") && !slices.Contains(r, "?") && i%3 == 0 {
			j := rng.IntN(len(r))
			gone = append(gone, [2]int{i - 1, j})
			r[j] = []string{"", "NA", "?"}[len(gone)%3]
		}
		text.WriteString(strings.Join(r, ",") + "\n")
	}
	put(t, to, text.String())
	return gone
}

// Missing cells are left out of the loss, and come back filled in: better than by the means of their columns, while what is
// there stays the number that it is.
func TestMissingCellsComeBackFilled(t *testing.T) {
	dir := t.TempDir()
	in, run, out := filepath.Join(dir, "in.csv"), filepath.Join(dir, "run"), filepath.Join(dir, "out.csv")
	whole := readTable(t, aCase("missing.csv"))[1:]
	gone := withGaps(t, aCase("missing.csv"), in)
	o := must(t, "train", in, "--out", run, "--hidden", "64", "--latent", "3", "--epochs", "100", "--device", "cpu")
	if !strings.Contains(o.err, "missing cells: ") || !strings.Contains(o.err, "gaussian for all 6") {
		t.Errorf("said: %s", o.err)
	}
	allNumbers(t, "train", o.out+o.err+string(contents(t, run, "metrics.jsonl")))
	o = must(t, "reconstruct", run, in, "--fill", "-o", out, "--device", "cpu")
	names, filled := table(t, out)
	heads, gaps := table(t, in)
	if !slices.Equal(names, heads) || !strings.Contains(o.out+o.err, "missing cells are filled in") {
		t.Errorf("%v: %s%s", names, o.out, o.err)
	}
	mean, spread := make([]float64, len(names)), make([]float64, len(names))
	for j, name := range names {
		if len(filled[name]) != len(gaps[name]) {
			t.Fatalf("%d cells of %d in %s", len(filled[name]), len(gaps[name]), name)
		}
		all := numbers(t, filled[name]) // there is no gap left
		var present []float64
		for i, cell := range gaps[name] {
			if v, err := strconv.ParseFloat(cell, 64); err == nil {
				present = append(present, v)
				if all[i] != v {
					t.Errorf("row %d of %s is %s, was %s", i, name, filled[name][i], cell)
				}
			} else if math.IsNaN(all[i]) || math.IsInf(all[i], 0) {
				t.Errorf("row %d of %s is filled with %s", i, name, filled[name][i])
			}
		}
		for _, v := range present {
			mean[j] += v / float64(len(present))
		}
		for _, v := range present {
			spread[j] += (v - mean[j]) * (v - mean[j]) / float64(len(present))
		}
	}
	ours, means := 0.0, 0.0
	for _, at := range gone {
		j := at[1]
		truth, err := strconv.ParseFloat(whole[at[0]][j], 64)
		if err != nil {
			t.Fatal(err)
		}
		guess := numbers(t, filled[names[j]][at[0]:at[0]+1])[0]
		ours, means = ours+(guess-truth)*(guess-truth)/spread[j], means+(mean[j]-truth)*(mean[j]-truth)/spread[j]
	}
	if len(gone) < 60 || !(ours < 0.7*means) {
		t.Errorf("%d hidden cells: squared error %g a cell, of the columns' means %g", len(gone), ours/float64(len(gone)), means/float64(len(gone)))
	}
	for how, code := range map[string]int{"refuse": 2, "mean": 0, "median": 0, "mask": 0} {
		o := command(t.Context(), append([]string{"train", in, "--missing", how, "--out", filepath.Join(dir, how)}, tiny...)...)
		if o.code != code || code == 2 && (strings.Count(o.err, "\n") != 1 || !strings.Contains(o.err, "missing: expected a value")) {
			t.Errorf("--missing %s: exit %d: %s", how, o.code, o.err)
		}
	}
}

// A constant column with a gap: it is said, all is finite, and the gap has the constant.
func TestConstantColumnWithAGap(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "run")
	file := aCase("constant-and-missing.csv")
	o := must(t, "train", file, "--out", run, "--hidden", "16", "--latent", "2", "--epochs", "60", "--device", "cpu")
	for _, want := range []string{"constant: b", "missing cells: b (1)"} {
		if !strings.Contains(o.err, want) {
			t.Errorf("%q is not said: %s", want, o.err)
		}
	}
	allNumbers(t, "train", o.out+o.err+string(contents(t, run, "metrics.jsonl")))
	o = must(t, "evaluate", run, "--json", "--device", "cpu")
	allNumbers(t, "evaluate", o.out+o.err)
	for _, args := range [][]string{{"reconstruct", run, file}, {"reconstruct", run, file, "--fill"}, {"encode", run, file}, {"score", run, file}, {"sample", run, "-n", "40"}} {
		out := filepath.Join(dir, "out.csv")
		must(t, append(args, "-o", out, "--device", "cpu", "-q")...)
		allNumbers(t, args[0], string(contents(t, out)))
		_, columns := table(t, out)
		for i, v := range numbers(t, columns["b"]) {
			if v != 0.5 {
				t.Errorf("%v: row %d of the constant is %g", args, i, v)
			}
		}
	}
}

// A mixed table trains on a likelihood by column, which is said and stands in the model's file, and gives categories and
// units back.
func TestMixedTableByColumn(t *testing.T) {
	for _, c := range []struct{ loss, visits, columns string }{
		{"auto", "gaussian of ln(1+x)", "gaussian,softmax*5,bernoulli,gaussian*3"},
		{"auto,visits=poisson", "poisson", "gaussian,softmax*5,bernoulli,gaussian,poisson,gaussian"},
	} {
		t.Run(c.visits, func(t *testing.T) { mixedByColumn(t, c.loss, c.visits, c.columns) })
	}
}

func mixedByColumn(t *testing.T, loss, visits, likelihood string) {
	dir := t.TempDir()
	run, out, file := filepath.Join(dir, "run"), filepath.Join(dir, "out.csv"), aCase("mixed-types.csv")
	o := must(t, "train", file, "--types", "joined=date", "--loss", loss, "--out", run, "--hidden", "64", "--latent", "6", "--epochs", "80", "--device", "cpu")
	said := `loss by column: gaussian for "age" "income" "joined", softmax for "city", bernoulli for "smoker", ` + visits + ` for "visits"`
	if !strings.Contains(o.err, said) {
		t.Errorf("not said: %s", o.err)
	}
	if file := string(contents(t, run, "model.safetensors")); !strings.Contains(file, "columns:"+likelihood) {
		t.Error("the likelihoods are not in the model's file")
	}
	_, truth := table(t, file)
	income := numbers(t, truth["income"])
	lo, hi := slices.Min(income), slices.Max(income)
	for _, args := range [][]string{{"reconstruct", run, file}, {"sample", run, "-n", "300"}, {"sample", run, "-n", "100", "--means"}} {
		must(t, append(args, "-o", out, "--device", "cpu", "-q")...)
		_, columns := table(t, out)
		if args[0] == "reconstruct" {
			if !slices.Equal(columns["customer"], truth["customer"]) {
				t.Error("the ids are others")
			}
			right := 0
			for i, c := range columns["city"] {
				if c == truth["city"][i] {
					right++
				}
			}
			if right < 320 {
				t.Errorf("%d of 400 cities come back", right)
			}
		}
		slack := (hi - lo) / 5
		if len(args) == 4 {
			slack = (hi - lo) / 2 // of a normal draw
		}
		for i, city := range columns["city"] {
			visits, err := strconv.Atoi(columns["visits"][i])
			v := numbers(t, columns["income"][i:i+1])[0]
			if !slices.Contains(truth["city"], city) || !slices.Contains([]string{"yes", "no"}, columns["smoker"][i]) || err != nil || visits < 0 || visits > 40 ||
				!(v > lo-slack && v < hi+slack) || !strings.HasPrefix(columns["joined"][i], "20") {
				t.Errorf("%v: row %d: %s, %s, %s, %s, %s", args, i, city, columns["smoker"][i], columns["visits"][i], columns["income"][i], columns["joined"][i])
			}
		}
	}
}

// A table of counts with names of rows is known as such, and comes back as whole numbers.
func TestTableOfCounts(t *testing.T) {
	for _, c := range []struct{ model, said, columns string }{
		{"ae", "gaussian of ln(1+x) for all 40", "columns:gaussian*40"},
		{"vae", "negative-binomial for all 40", "columns:negative-binomial*40"},
	} {
		t.Run(c.model, func(t *testing.T) { tableOfCounts(t, c.model, c.said, c.columns) })
	}
}

func tableOfCounts(t *testing.T, model, said, columns string) {
	dir := t.TempDir()
	run, out, file := filepath.Join(dir, "run"), filepath.Join(dir, "out.csv"), aCase("row-names-counts.csv")
	o := must(t, "train", file, "--model", model, "--out", run, "--hidden", "32", "--latent", "3", "--epochs", "20", "--device", "cpu")
	for _, want := range []string{"columns: 40 count", said, "names of rows"} {
		if !strings.Contains(o.err, want) {
			t.Errorf("%q is not said: %s", want, o.err)
		}
	}
	if file := string(contents(t, run, "model.safetensors")); !strings.Contains(file, columns) {
		t.Error("the likelihood is not in the model's file")
	}
	truth := readTable(t, file)
	for _, args := range [][]string{{"reconstruct", run, file}, {"sample", run, "-n", "30"}} {
		must(t, append(args, "-o", out, "--device", "cpu", "-q")...)
		for i, r := range readTable(t, out) {
			if args[0] == "reconstruct" {
				if r[0] != truth[i][0] {
					t.Fatalf("the id of row %d is %q", i, r[0])
				}
				r = r[1:]
			}
			for _, cell := range r {
				if n, err := strconv.Atoi(cell); i > 0 && (err != nil || n < 0) {
					t.Fatalf("%s: a count of %q in row %d", args[0], cell, i)
				}
			}
		}
	}
}

// Five columns that one factor drives: the default autoencoder has a code of two, and is as good as PCA with two components on the
// same rows, which it starts as; and the code of the default VAE says something.
func TestOneFactor(t *testing.T) {
	file, dir := aCase("one-factor.csv"), t.TempDir()
	test := func(args ...string) map[string]any {
		t.Helper()
		o := must(t, append(args, "--device", "cpu", "-q", "--json")...)
		allNumbers(t, args[0], o.out)
		return o.object(t)["test"].(map[string]any)
	}
	ae, pca := test("train", file, "--out", filepath.Join(dir, "ae")), test("pca", file, "--latent", "2")
	if ae["examples"] != pca["examples"] || !(number64(t, ae, "sse") <= number64(t, pca, "sse")*(1+1e-4)) { // in float32
		t.Errorf("squared error %v on %v rows, PCA's %v on %v", ae["sse"], ae["examples"], pca["sse"], pca["examples"])
	}
	vae := test("train", file, "--model", "vae", "--out", filepath.Join(dir, "vae"))
	if kl, ev := number64(t, vae, "kl"), number64(t, vae, "explained_variance"); !(kl > 1 && ev > 0.9) {
		t.Errorf("a KL of %g nats, explained variance %g", kl, ev)
	}
}

// One row times 1e4 is named with its columns, scaling is by median and quartiles, and the figure over ordinary rows is what
// the data come to without that row.
func TestOneWildRowByColumn(t *testing.T) {
	dir := t.TempDir()
	wild, tame := aCase("one-wild-row.npy"), filepath.Join(dir, "tame.npy")
	src, err := data.Open(t.Context(), wild)
	if err != nil {
		t.Fatal(err)
	}
	rows := []int{}
	for i := range src.Train.Rows {
		if math.Abs(src.Train.At(i, 0)) < 1000 {
			rows = append(rows, i)
		}
	}
	if err := data.Write(tame, src.Train.Subset(rows)); err != nil || len(rows) != src.Train.Rows-1 {
		t.Fatal(err, len(rows))
	}
	figure := map[string]float64{}
	for name, file := range map[string]string{"wild": wild, "tame": tame} {
		run := filepath.Join(dir, name)
		o := must(t, "train", file, "--out", run, "--hidden", "32", "--latent", "3", "--epochs", "60", "--device", "cpu")
		for _, want := range []string{"warning: one row sets the range: row 18 in every column", "scaled by median and quartiles"} {
			if strings.Contains(o.err, want) != (name == "wild") {
				t.Errorf("%s: said %q: %s", name, want, o.err)
			}
		}
		on := must(t, "evaluate", run, wild, "--device", "cpu", "-q", "--json").object(t)
		figure[name] = number64(t, must(t, "evaluate", run, tame, "--device", "cpu", "-q", "--json").object(t), "test", "explained_variance_ordinary")
		figure[name+" with it"] = number64(t, on, "test", "explained_variance_ordinary")
	}
	if want := figure["tame"]; !(want > 0.8 && math.Abs(figure["wild"]-want) < 0.05 && math.Abs(figure["wild with it"]-want) < 0.05 && math.Abs(figure["tame with it"]-want) < 0.05) {
		t.Errorf("explained variance of ordinary rows: %v", figure)
	}
}
