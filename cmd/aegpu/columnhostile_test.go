package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mixedLines are lines of a table that has every kind of column, some cells missing: id, a, b, city, ok, visits, income.
// One factor drives all.
func mixedLines(rows int, seed uint64, gap float64) [][]string {
	rng := rand.New(rand.NewPCG(seed, 1))
	lines := [][]string{{"id", "a", "b", "city", "ok", "visits", "income"}}
	for i := range rows {
		u := rng.NormFloat64()
		visits := 0
		for range int(10 * math.Exp(u/2)) {
			if rng.Float64() < 0.3 {
				visits++
			}
		}
		city, ok := []string{"Oslo", "Lyon", "Rome"}[min(max(int(u+1.5), 0), 2)], "no"
		if u+0.3*rng.NormFloat64() > 0 {
			ok = "yes"
		}
		line := []string{fmt.Sprintf("r%05d", i), fmt.Sprintf("%.4f", u+rng.NormFloat64()/5), fmt.Sprintf("%.4f", 2*u+1+rng.NormFloat64()/5), city, ok,
			fmt.Sprint(visits), fmt.Sprintf("%.2f", math.Exp(9+u/2))}
		for j := 2; j < len(line); j++ {
			if rng.Float64() < gap {
				line[j] = ""
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// column sets a column of lines.
func column(lines [][]string, j int, cell func(i int) string) [][]string {
	for i := range lines[1:] {
		lines[i+1] = slices.Clone(lines[i+1])
		lines[i+1][j] = cell(i)
	}
	return lines
}

func joined(lines [][]string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(strings.Join(l, ",") + "\n")
	}
	return b.String()
}

// survives trains on a table, has every command look at another, and demands that each works and says finite numbers only,
// or that it says in a line what is wrong with the data. It returns what training said; the files lie in the working folder.
func survives(t *testing.T, name, table, other string, flags ...string) string {
	t.Helper()
	put(t, name+".csv", table)
	put(t, name+"-other.csv", other)
	o := command(t.Context(), append([]string{"train", name + ".csv", "--out", name, "--hidden", "12", "--latent", "3", "--epochs", "4", "--batch", "32", "--device", "cpu"}, flags...)...)
	if o.code != 0 {
		t.Fatalf("%s: exit %d: %s", name, o.code, o.err)
	}
	allNumbers(t, name, o.out+o.err+string(contents(t, name, "metrics.jsonl")))
	commands := [][]string{{"evaluate", name, name + "-other.csv", "--json"}, {"score", name, name + "-other.csv"}, {"score", name, name + "-other.csv", "--by-column"}, {"encode", name, name + "-other.csv"}, {"reconstruct", name, name + "-other.csv"}, {"sample", name, "-n", "20"}}
	if !slices.Contains(flags, "--target") {
		commands = append(commands, []string{"reconstruct", name, name + "-other.csv", "--fill"})
		if slices.Contains(flags, "vae") {
			commands = append(commands, []string{"reconstruct", name, name + "-other.csv", "--fill", "--draws", "2"})
		}
	}
	for _, args := range commands {
		out := name + "-" + strings.ReplaceAll(strings.TrimPrefix(strings.Join(append([]string{args[0]}, args[3:]...), ""), "-"), "-", "") + ".csv"
		if args[0] != "evaluate" {
			args = append(args, "-o", out)
		}
		o := command(t.Context(), append(args, "--device", "cpu", "-q")...)
		lines := strings.Count(o.err, "\n") - strings.Count(o.err, "aegpu: warning: ")
		switch {
		case o.code == 0 && args[0] != "evaluate":
			allNumbers(t, name+", "+strings.Join(args, " "), string(contents(t, out)))
		case o.code == 0:
			allNumbers(t, name+", "+strings.Join(args, " "), o.out)
		case o.code != 2 || lines != 1:
			t.Errorf("%s, %v: exit %d: %s", name, args, o.code, o.err)
		case args[0] != "score" || !strings.Contains(o.err, "no cell is there"):
			t.Errorf("%s, %v: refused: %s", name, args, o.err)
		}
	}
	return o.err
}

// Tables that are as bad as they come.
func TestHostileTables(t *testing.T) {
	t.Chdir(t.TempDir())
	plain := func() [][]string { return mixedLines(300, 1, 0.1) }
	test := mixedLines(40, 2, 0.1)
	rng := rand.New(rand.NewPCG(3, 1))
	gone := plain()
	gone[7] = []string{"r00006", "", "", "", "", "", ""}
	big, wild := plain(), plain()
	big[20][5], wild[30][1] = "10000000", "1e30"
	many := [][]string{{"a", "kind"}}
	for range 1500 {
		many = append(many, []string{fmt.Sprintf("%.3f", rng.NormFloat64()), fmt.Sprintf("L%d", rng.IntN(300))})
	}
	for _, c := range []struct {
		name         string
		table, other [][]string
		flags        []string
		said         string
	}{
		{"gone", gone, gone, nil, "missing cells: a (1)"},
		{"emptycolumn", column(plain(), 2, func(int) string { return "" }), test, nil, "left out: b (no value in it)"},
		{"onelevel", column(plain(), 3, func(int) string { return "Oslo" }), test, []string{"--types", "city=category"}, `softmax for "city"`},
		{"zerocounts", column(plain(), 5, func(int) string { return "0" }), test, []string{"--types", "visits=count", "--loss", "zero-inflated"}, `zero-inflated for "visits"`},
		{"zeros", column(plain(), 5, func(int) string { return "0" }), test, []string{"--types", "visits=count", "--loss", "poisson"}, "constant: visits"},
		{"bigcount", big, test, []string{"--types", "visits=count"}, "one row sets the range: row 20"},
		{"wild", wild, test, nil, "one row sets the range: row 30"},
		{"far", column(plain(), 1, func(i int) string { return fmt.Sprintf("%de30", i%7-3) }), test, nil, `gaussian for "a"`},
		{"manylevels", many, many, []string{"--types", "kind=category"}, "levels of fewer than 5 rows each are taken as (other)"},
	} {
		if said := survives(t, c.name, joined(c.table), joined(c.other), c.flags...); !strings.Contains(said, c.said) {
			t.Errorf("%s: %q is not said: %s", c.name, c.said, said)
		}
	}
}

// Tables of one column.
func TestTablesOfOneColumn(t *testing.T) {
	t.Chdir(t.TempDir())
	rng := rand.New(rand.NewPCG(3, 1))
	for name, cell := range map[string]func() string{
		"number":   func() string { return fmt.Sprintf("%.3f", rng.NormFloat64()) },
		"category": func() string { return []string{"x", "y", "z"}[rng.IntN(3)] },
		"count":    func() string { return fmt.Sprint([]int{0, 0, 0, 1, 2, 5, 9}[rng.IntN(7)]) },
		"answer":   func() string { return []string{"yes", "no"}[rng.IntN(2)] },
	} {
		text := "v\n"
		for range 120 {
			text += cell() + "\n"
		}
		survives(t, name, text, text)
	}
}

// Rows of counts, some all zeros, under what counts may be under.
func TestHostileCounts(t *testing.T) {
	t.Chdir(t.TempDir())
	rng := rand.New(rand.NewPCG(3, 1))
	lines := [][]string{{"name"}}
	for j := range 12 {
		lines[0] = append(lines[0], fmt.Sprintf("G%d", j))
	}
	for i := range 150 {
		depth, l := []float64{0.3, 1, 5}[rng.IntN(3)], []string{fmt.Sprintf("c%d", i)}
		for j := range 12 {
			n := 0
			for range int(depth * float64(5+3*j*(1+i%2))) {
				if rng.Float64() < 0.2 && i%17 != 3 && j != 4 {
					n++
				}
			}
			l = append(l, fmt.Sprint(n))
		}
		lines = append(lines, l)
	}
	text := joined(lines)
	for _, loss := range []string{"auto", "poisson", "negative-binomial", "zero-inflated", "multinomial"} {
		said := survives(t, loss, text, text, "--loss", loss)
		if wants := loss == "auto"; strings.Contains(said, "negative-binomial") != (wants || loss == "negative-binomial") {
			t.Errorf("%s: %s", loss, said)
		}
		survives(t, loss+"vae", text, text, "--loss", loss, "--model", "vae", "--samples", "3")
	}
}

// Every kind of model learns a mixed table with gaps.
func TestHostileModels(t *testing.T) {
	t.Chdir(t.TempDir())
	text, test := joined(mixedLines(300, 1, 0.1)), joined(mixedLines(40, 2, 0.1))
	for _, model := range []string{"ae", "vae", "denoising", "sparse", "contractive", "stacked"} {
		survives(t, model, text, test, "--model", model)
	}
	survives(t, "samples", text, test, "--model", "vae", "--samples", "5")
	survives(t, "target", text, test, "--target", "income,city,visits")
	whole := mixedLines(300, 1, 0.1)
	for i := range whole {
		if i > 0 && whole[i][3] == "" {
			whole[i][3] = "Oslo"
		}
	}
	for _, kind := range []string{"frozen", "finetune"} {
		dir := kind + "-run"
		put(t, "whole.csv", joined(whole))
		o := must(t, append([]string{"train", "whole.csv", "--out", dir, "--label", "city", "--classifier", kind, "--classifier-epochs", "2"}, tiny...)...)
		allNumbers(t, kind, o.out+o.err+string(contents(t, dir, "metrics.jsonl")))
		must(t, "predict", dir, "whole.csv", "-o", "predicted.csv", "--device", "cpu", "-q")
	}
	if o := command(t.Context(), append([]string{"train", "ae.csv", "--out", "r", "--label", "city"}, tiny...)...); o.code != 2 || strings.Count(o.err, "\n") != 1 {
		t.Errorf("labels with gaps: exit %d: %s", o.code, o.err)
	}
}

// A level that was not there in training is said, and its text comes back where gaps are filled.
func TestLevelsThatWereNotThere(t *testing.T) {
	t.Chdir(t.TempDir())
	train, test := mixedLines(300, 1, 0.1), mixedLines(40, 2, 0.1)
	test[5] = []string{"r00004", "0.5", "", "Tromsø", "yes", "3", ""}
	test[8][3] = "Bergen"
	survives(t, "new", joined(train), joined(test))
	for _, c := range []string{"evaluate", "score", "encode", "reconstruct"} {
		args := []string{c, "new", "new-other.csv", "--device", "cpu"}
		if c != "evaluate" {
			args = append(args, "-o", filepath.Join(t.TempDir(), "x.csv"))
		}
		if o := must(t, args...); !strings.Contains(o.err, "were not there in training: taken as (other)") || !strings.Contains(o.err, `"Tromsø" (1 row)`) {
			t.Errorf("%s: %s", c, o.err)
		}
	}
	must(t, "reconstruct", "new", "new-other.csv", "--fill", "-o", "filled.csv", "--device", "cpu", "-q")
	filled := readTable(t, "filled.csv")
	if filled[5][3] != "Tromsø" || filled[8][3] != "Bergen" || len(filled) != len(test) {
		t.Errorf("filled: %q, %q", filled[5], filled[8])
	}
	for i, r := range filled {
		for j, cell := range r {
			was := test[i][j]
			if i == 0 || j == 0 || j == 3 || j == 4 {
				if cell != was && was != "" || cell == "" || cell == "(other)" {
					t.Errorf("row %d, column %d: %q, was %q", i, j, cell, was)
				}
			} else if v := numbers(t, []string{cell})[0]; was != "" && v != numbers(t, []string{was})[0] {
				t.Errorf("row %d, column %d: %q, was %q", i, j, cell, was)
			}
		}
	}
}
