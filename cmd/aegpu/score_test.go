package main

import (
	"bytes"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/internal/realdata"
	"github.com/aegpu/aegpu/model"
)

// table is a CSV file: its names, and the columns by name.
func table(t *testing.T, path string) (names []string, columns map[string][]string) {
	t.Helper()
	lines, err := csv.NewReader(bytes.NewReader(contents(t, path))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	columns = map[string][]string{}
	for _, line := range lines[1:] {
		for j, cell := range line {
			columns[lines[0][j]] = append(columns[lines[0][j]], cell)
		}
	}
	return lines[0], columns
}

func numbers(t *testing.T, cells []string) []float64 {
	t.Helper()
	v := make([]float64, len(cells))
	for i, c := range cells {
		var err error
		if v[i], err = strconv.ParseFloat(c, 64); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

// checkDetection holds the figures of a call to those of the file that it wrote.
func checkDetection(t *testing.T, v map[string]any, scores []float64, labels []string, class string) {
	t.Helper()
	positive := make([]bool, len(labels))
	for i, l := range labels {
		positive[i] = l == class
	}
	auroc, err := eval.AUROC(scores, positive)
	if err != nil {
		t.Fatal(err)
	}
	precision, err := eval.AveragePrecision(scores, positive)
	if err != nil {
		t.Fatal(err)
	}
	if v["anomaly_class"] != class || number64(t, v, "auroc") != auroc || number64(t, v, "average_precision") != precision {
		t.Errorf("auroc %g and average precision %g of the file; %v", auroc, precision, show(v))
	}
}

func TestScore(t *testing.T) {
	file := waves(t, "waves.npz", 90)
	dir := trainTiny(t, file)
	out := filepath.Join(t.TempDir(), "scores.csv")
	v := must(t, "score", dir, file, "-o", out, "--json", "--contamination", "0.1", "--by-column").object(t)
	names, columns := table(t, out)
	want := []string{"rarity", "squared_error", "nll", "anomaly", "top1", "top2", "top3", "error:x0"}
	if len(names) != 7+16+1 || !slices.Equal(names[:8], want) || names[23] != "label" || number64(t, v, "rows") != 90 {
		t.Fatalf("%v, %v", names, show(v))
	}
	scores := numbers(t, columns["rarity"])
	checkDetection(t, v, scores, columns["label"], "1")
	threshold, marked := number64(t, v, "threshold"), 0
	for i, s := range scores {
		if (s >= threshold) != (columns["anomaly"][i] == "1") {
			t.Errorf("row %d: score %g, threshold %g, anomaly %s", i, s, threshold, columns["anomaly"][i])
		}
		if s >= threshold {
			marked++
		}
		if columns["error:"+columns["top1"][i]] == nil {
			t.Fatalf("top1 is %q, which is no column", columns["top1"][i])
		}
	}
	if marked != 9 || number64(t, v, "anomalies") != 9 {
		t.Errorf("%d rows are marked: expected 9", marked)
	}
	for _, by := range []string{"nll", "squared_error", "rarity"} {
		v = must(t, "score", dir, file, "-o", out, "--json", "--by", by, "--anomaly", "0").object(t)
		_, columns = table(t, out)
		checkDetection(t, v, numbers(t, columns[by]), columns["label"], "0")
	}
}

// A rerun writes the same bytes, on one processor too.
func TestScoreIsTheSameBytes(t *testing.T) {
	file := waves(t, "waves.npz", 2300)
	dir := trainTiny(t, file, "--model", "vae", "--limit", "200")
	var first []byte
	for _, processors := range []int{runtime.GOMAXPROCS(0), 1, 2} {
		before := runtime.GOMAXPROCS(processors)
		out := filepath.Join(t.TempDir(), "scores.csv")
		must(t, "score", dir, file, "-o", out, "-q", "--by-column", "--contamination", "0.2")
		runtime.GOMAXPROCS(before)
		if text := contents(t, out); first == nil {
			first = text
		} else if !bytes.Equal(first, text) {
			t.Errorf("%d processors write other bytes", processors)
		}
	}
}

func TestScoreOfAnEnsemble(t *testing.T) {
	file := waves(t, "waves.npz", 80)
	at := t.TempDir()
	var runs []string
	var all [][]float64
	for k, name := range []string{"a", "b", "c"} {
		dir := filepath.Join(at, name)
		must(t, append([]string{"train", file, "--out", dir, "--seed", strconv.Itoa(k + 1), "--scale", []string{"none", "minmax", "minmax"}[k]}, tiny...)...)
		out := filepath.Join(at, name+".csv")
		must(t, "score", dir, file, "-o", out, "-q")
		_, columns := table(t, out)
		runs, all = append(runs, dir), append(all, numbers(t, columns["rarity"]))
	}
	out := filepath.Join(at, "all.csv")
	v := must(t, "score", runs[0], file, "-o", out, "--ensemble", runs[1], "--ensemble", runs[2], "--json", "--contamination", "0.5").object(t)
	names, columns := table(t, out)
	if want := []string{"rarity", "squared_error", "nll", "rarity:" + runs[1], "rarity:" + runs[2], "mean_rank", "anomaly", "label"}; !slices.Equal(names, want) {
		t.Fatalf("%v", names)
	}
	got := numbers(t, columns["mean_rank"])
	if want := eval.MeanRanks(all...); !slices.Equal(got, want) || slices.Max(got) > 1 || slices.Min(got) <= 0 {
		t.Errorf("%v\n%v", got, want)
	}
	if !slices.Equal(numbers(t, columns["rarity:"+runs[2]]), all[2]) {
		t.Error("the scores beside the ranks are not those of the run")
	}
	if v["by"] != "mean_rank" {
		t.Errorf("%v", show(v))
	}
	checkDetection(t, v, got, columns["label"], "1")
	list := filepath.Join(at, "list.csv")
	must(t, "score", runs[0], file, "-o", list, "--ensemble", runs[1]+","+runs[2], "-q", "--contamination", "0.5")
	if !bytes.Equal(contents(t, list), contents(t, out)) {
		t.Error("a list of runs gives another file")
	}
}

// What there is not is said, in words and as JSON.
func TestScoreSaysWhatThereIsNot(t *testing.T) {
	file := waves(t, "waves.npz", 60)
	dir, out := trainTiny(t, file, "--loss", "squared"), filepath.Join(t.TempDir(), "x.csv")
	o := must(t, "score", dir, file, "-o", out)
	if names, _ := table(t, out); !slices.Equal(names, []string{"rarity", "squared_error", "label"}) || !strings.Contains(o.err, "no column nll") {
		t.Errorf("%v: %s", names, o.err)
	}
	if !strings.Contains(o.err, "auroc ") || !strings.Contains(o.err, "of class 1") {
		t.Error(o.err)
	}
	three := &data.Set{Name: "three", Rows: 3, Cols: 16, F32: make([]float32, 48), Labels: []int32{0, 1, 2}, Classes: []string{"0", "1", "2"}}
	other := filepath.Join(t.TempDir(), "three.npz")
	if err := data.Write(other, three); err != nil {
		t.Fatal(err)
	}
	o = must(t, "score", dir, other, "-o", out, "--json")
	if v := o.object(t); v["auroc"] != nil || !strings.Contains(show(v["notes"]), "--anomaly CLASS") {
		t.Errorf("%v", show(v))
	}
	if v := must(t, "score", dir, other, "-o", out, "--json", "--anomaly", "2").object(t); v["anomaly_class"] != "2" || number64(t, v, "positives") != 1 {
		t.Errorf("%v", show(v))
	}
	if o = must(t, "score", dir, file, "-o", out, "-q"); o.err != "" || o.out != "" {
		t.Errorf("quiet, and says %s%s", o.out, o.err)
	}
}

// A model file of before deviations were kept is scored in units of its scaling, which is said.
func TestScoreOfAnOldFile(t *testing.T) {
	file := waves(t, "waves.npz", 60)
	dir, out := trainTiny(t, file, "--loss", "bernoulli", "--scale", "minmax"), filepath.Join(t.TempDir(), "x.csv")
	must(t, "score", dir, file, "-o", out, "-q")
	_, now := table(t, out)
	name := filepath.Join(dir, "model.safetensors")
	m, err := model.Read(ref64.New(), contents(t, name))
	if err != nil {
		t.Fatal(err)
	}
	p := *m.Preparation()
	deviation := p.Deviation[0]
	p.Deviation, m.Reference = nil, nil
	if err := m.SetPreparation(&p); err != nil {
		t.Fatal(err)
	}
	var old bytes.Buffer
	if err := m.Write(&old); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, old.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	o := must(t, "score", dir, file, "-o", out, "--by-column", "-q")
	if !strings.Contains(o.err, "did not keep the standard deviations") {
		t.Error(o.err)
	}
	names, then := table(t, out)
	if names[0] != "squared_error" {
		t.Errorf("%v: expected no rarity", names)
	}
	v := must(t, "score", dir, file, "-o", out, "--json", "-q").object(t)
	if checkDetection(t, v, numbers(t, then["squared_error"]), then["label"], "1"); v["by"] != "squared_error" || !strings.Contains(show(v["notes"]), "no column rarity") {
		t.Error(show(v))
	}
	if o := command(t.Context(), "score", dir, file, "-o", out, "--by", "rarity"); o.code != 2 || !strings.Contains(o.err, "train it anew") {
		t.Errorf("%d: %s", o.code, o.err)
	}
	if slices.Equal(now["squared_error"], then["squared_error"]) || deviation >= p.Scale[0] {
		t.Error("the scores of an old file are in standard deviations too")
	}
}

// Each part of a run's own data goes in, and all of a file.
func TestPartsOfARun(t *testing.T) {
	file := waves(t, "waves.npz", 100)
	dir := trainTiny(t, file, "--test", "0.2", "--val", "0.25")
	for _, command := range []string{"encode", "reconstruct", "score"} {
		seen := map[string]bool{}
		for part, rows := range map[string]float64{"train": 60, "validation": 20, "test": 20, "": 20} {
			out := filepath.Join(t.TempDir(), "x.csv")
			args := []string{command, dir, "-o", out, "--json", "-q"}
			if part != "" {
				args = append(args, "--part", part)
			}
			if v := must(t, args...).object(t); number64(t, v, "rows") != rows {
				t.Errorf("%v: %v rows", args, v["rows"])
			}
			seen[string(contents(t, out))] = true
		}
		if len(seen) != 3 { // none is test
			t.Errorf("%s: %d different files", command, len(seen))
		}
		if v := must(t, command, dir, file, "-o", filepath.Join(t.TempDir(), "x.csv"), "--json", "-q").object(t); number64(t, v, "rows") != 100 {
			t.Errorf("%s: %v rows of a file", command, v["rows"])
		}
	}
	dir = trainTiny(t, file, "--test", "0", "--val", "0.1")
	if v := must(t, "score", dir, "-o", filepath.Join(t.TempDir(), "x.npy"), "--json", "-q").object(t); number64(t, v, "rows") != 10 {
		t.Errorf("%v: expected the validation part of a run without a test part", show(v))
	}
}

// The ADBench tables go in unchanged, where they are.
func TestScoreADBench(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(realdata.Path(t, "adbench"), "*.npz"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Size() > 150e3 {
			continue // the large ones take their time
		}
		dir, out := trainTiny(t, file), filepath.Join(t.TempDir(), "x.csv")
		v := must(t, "score", dir, file, "-o", out, "--json", "-q").object(t)
		_, columns := table(t, out)
		checkDetection(t, v, numbers(t, columns["rarity"]), columns["label"], "1")
		if a := number64(t, v, "auroc"); math.Abs(a-0.5) > 0.5 {
			t.Errorf("%s: %g", file, a)
		}
	}
}
