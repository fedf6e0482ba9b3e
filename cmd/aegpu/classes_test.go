package main

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// classed is a table of 80 rows of three numbers and a label that takes the texts in turn.
func classed(t *testing.T, header string, texts ...string) string {
	t.Helper()
	lines := []string{}
	if header != "" {
		lines = append(lines, header)
	}
	for i := range 80 {
		k := i % len(texts)
		lines = append(lines, fmt.Sprintf("%.4f,%.4f,%.4f,%s", math.Sin(float64(i))+float64(2*k), math.Cos(float64(i)), math.Sin(float64(i*i)), texts[k]))
	}
	return written(t, "classed.csv", strings.Join(lines, "\n")+"\n")
}

// withClassifier trains a classifier of any worth on it.
func withClassifier(t *testing.T, file string, flags ...string) string {
	t.Helper()
	return trainTiny(t, append([]string{file, "--classifier", "frozen", "--classifier-epochs", "2"}, flags...)...)
}

// Classes come back as the texts that they were.
func TestClassesKeepTheirTexts(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.csv")
	for _, c := range []struct {
		header string
		texts  []string // in the order of the classes
		flags  []string
		said   string
	}{
		{"a,b,c,label", []string{"00", "01"}, nil, ""},
		{"a,b,c,label", []string{"0.0", "1.0", "10.0"}, nil, ""},
		{"a,b,c,label", []string{"5", "1e3", "2e3"}, nil, ""},
		{"a,b,c,label", []string{"1000000", "2000000"}, nil, ""},
		{"a,b,c,label", []string{"9007199254740992", "9007199254740993"}, nil, ""},
		{"a,b,c,label", []string{"1", "1.0", "2"}, nil, `labels: "1" and "1.0" are one number, but two classes`},
		{"", []string{"00", "01"}, []string{"--label", "4"}, ""},
	} {
		file := classed(t, c.header, c.texts...)
		dir := withClassifier(t, file, c.flags...)
		o := must(t, append([]string{"predict", dir, file, "-o", out, "-q"}, c.flags...)...)
		names, columns := table(t, out)
		if o.err != "" || names[0] != "class" || names[1] != "p:"+c.texts[0] || names[len(c.texts)] != "p:"+c.texts[len(c.texts)-1] || !slices.Contains(c.texts, columns["class"][0]) {
			t.Errorf("%q: predict: %q, %q %s", c.texts, names, columns["class"][0], o.err)
		}
		for _, command := range []string{"predict", "encode", "score"} {
			must(t, append([]string{command, dir, file, "-o", out, "-q"}, c.flags...)...)
			names, columns := table(t, out)
			label := columns[names[len(names)-1]]
			if !slices.Equal(label[:len(c.texts)], c.texts) {
				t.Errorf("%s: labels %q, want %q", command, label[:len(c.texts)], c.texts)
			}
		}
		if info := must(t, append([]string{"data", "info", file}, c.flags...)...); c.said == "" && strings.Contains(info.out, "one number") || !strings.Contains(info.out, c.said) {
			t.Errorf("%q: %q is not said in %s", c.texts, c.said, info.out)
		}
	}
}

// Labels of other data are those of the classifier by their texts, else by their numbers, which is said.
func TestClassesGoByNumber(t *testing.T) {
	whole := classed(t, "a,b,c,label", "0", "1", "2")
	dir, out := withClassifier(t, whole), filepath.Join(t.TempDir(), "out.csv")
	figures := func(file string) (predicted, measured float64, said string) {
		t.Helper()
		p := must(t, "predict", dir, file, "-o", out, "-q", "--json")
		e := must(t, "evaluate", dir, file, "-q", "--json", "--probe").object(t)
		return number64(t, p.object(t), "accuracy"), number64(t, e, "test", "accuracy"), p.err + fmt.Sprint(e["warnings"])
	}
	want, same, said := figures(whole)
	if math.Abs(want-same) > 1e-9 || strings.Contains(said, "count") {
		t.Errorf("accuracy %g and %g: %s", want, same, said)
	}
	floats := strings.NewReplacer(",0\n", ",0.0\n", ",1\n", ",1.0\n", ",2\n", ",02\n").Replace(string(contents(t, whole)))
	p, e, said := figures(written(t, "floats.csv", floats))
	if p != want || math.Abs(e-want) > 1e-9 || strings.Count(said, `labels count as the classes of the same number: "0.0" as "0", "1.0" as "1", "02" as "2"`) != 2 {
		t.Errorf("accuracy %g and %g, want %g: %s", p, e, want, said)
	}
	// Of classes that are some of the classifier's, each is still itself.
	p, e, _ = figures(classed(t, "a,b,c,label", "2.0", "1.0"))
	if math.Abs(p-e) > 1e-9 {
		t.Errorf("accuracy %g of predict and %g of evaluate", p, e)
	}
	o := must(t, "evaluate", dir, classed(t, "a,b,c,label", "2", "7"), "-q")
	if !strings.Contains(o.err, "no accuracy") || !strings.Contains(o.err, `"7"`) || strings.Contains(o.out, " accuracy ") {
		t.Error(o)
	}
	// What several classes write is no class.
	dir = withClassifier(t, classed(t, "a,b,c,label", "1", "1.0", "2"))
	if o := must(t, "predict", dir, classed(t, "a,b,c,label", "01", "2"), "-o", out); !strings.Contains(o.err, "40 rows are of classes that the classifier does not know") {
		t.Error(o.err)
	}
}

// 1.0 beside 0.0 is an anomaly as 1 beside 0 is.
func TestAnomaliesByNumber(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.csv")
	dir := trainTiny(t, classed(t, "a,b,c,label", "0", "1"))
	for _, texts := range [][]string{{"0", "1"}, {"0.0", "1.0"}, {"00", "01"}} {
		file := classed(t, "a,b,c,label", texts...)
		v := must(t, "score", dir, file, "-o", out, "--json", "-q").object(t)
		_, columns := table(t, out)
		checkDetection(t, v, numbers(t, columns["rarity"]), columns["label"], texts[1])
		v = must(t, "score", dir, file, "-o", out, "--json", "-q", "--anomaly", "0").object(t)
		checkDetection(t, v, numbers(t, columns["rarity"]), columns["label"], texts[0])
	}
}
