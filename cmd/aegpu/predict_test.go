package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

func TestPredict(t *testing.T) {
	file := waves(t, "waves.csv", 120)
	for _, classifier := range []string{"frozen", "finetune"} {
		dir, out := trainTiny(t, file, "--classifier", classifier, "--classifier-epochs", "3"), filepath.Join(t.TempDir(), "classes.csv")
		v := must(t, "predict", dir, "-o", out, "--json", "-q").object(t)
		names, columns := table(t, out)
		if !slices.Equal(names, []string{"class", "p:0", "p:1", "label"}) {
			t.Fatalf("%v", names)
		}
		right, p0, p1 := 0, numbers(t, columns["p:0"]), numbers(t, columns["p:1"])
		for i, class := range columns["class"] {
			if math.Abs(p0[i]+p1[i]-1) > 1e-12 || (p1[i] > p0[i]) != (class == "1") {
				t.Fatalf("row %d: class %s, %g and %g", i, class, p0[i], p1[i])
			}
			if class == columns["label"][i] {
				right++
			}
		}
		measured := number64(t, must(t, "evaluate", dir, "--json", "-q").object(t), "test", "accuracy")
		if a := number64(t, v, "accuracy"); a != float64(right)/float64(len(p0)) || math.Abs(a-measured) > 1e-12 {
			t.Errorf("accuracy %g, %g of the file, %g of evaluate", a, float64(right)/float64(len(p0)), measured)
		}
		must(t, "encode", dir, "-o", out, "-q")
		if o := command(t.Context(), "reconstruct", dir, "-o", out, "-q"); (o.code == 2) != (classifier == "finetune") {
			t.Errorf("%s: reconstruct: exit %d: %s", classifier, o.code, o.err)
		}
	}
}

// Classes go by their names, in whatever order other data list them.
func TestPredictByName(t *testing.T) {
	rows := open(t, waves(t, "waves.npz", 80))
	write := func(name string, classes ...string) string {
		s := *rows
		s.Classes = classes
		path := filepath.Join(t.TempDir(), name)
		if err := data.Write(path, &s); err != nil {
			t.Fatal(err)
		}
		return path
	}
	dir := trainTiny(t, write("a.csv", "wet", "dry"), "--classifier", "frozen", "--classifier-epochs", "3")
	out := filepath.Join(t.TempDir(), "x.csv")
	same := must(t, "predict", dir, write("b.csv", "wet", "dry"), "-o", out, "--json", "-q").object(t)
	_, columns := table(t, out)
	if !slices.Contains([]string{"wet", "dry"}, columns["class"][0]) || columns["p:dry"] == nil {
		t.Fatalf("%v", columns["class"])
	}
	swapped := must(t, "predict", dir, write("c.csv", "dry", "wet"), "-o", out, "--json", "-q").object(t)
	if a, b := number64(t, same, "accuracy"), number64(t, swapped, "accuracy"); math.Abs(a+b-1) > 1e-12 {
		t.Errorf("accuracy %g, and %g with the names of the classes swapped", a, b)
	}
	o := must(t, "predict", dir, write("d.csv", "wet", "new"), "-o", out)
	if !strings.Contains(o.err, "classes that the classifier does not know") || !strings.Contains(o.err, "accuracy 0.") {
		t.Error(o.err)
	}
	o = must(t, "predict", dir, write("e.csv", "x", "new"), "-o", out)
	if !strings.Contains(o.err, "no accuracy") {
		t.Error(o.err)
	}
}

// Of a fine-tuned encoder there are no figures or pictures of reconstructions, at its training and after; it is said, and
// what is tried next works.
func TestFineTunedSaysThatItHasNoDecoder(t *testing.T) {
	file := waves(t, "waves.csv", 100)
	t.Chdir(t.TempDir())
	o := must(t, append([]string{"train", file, "--classifier", "finetune", "--out", "run"}, tiny...)...)
	if !strings.Contains(o.err, "no decoder fits") || strings.Contains(o.out, "  sse ") || !strings.Contains(o.out, "  accuracy ") {
		t.Errorf("%s%s", o.err, o.out)
	}
	if _, err := os.Stat("run/reconstructions.png"); err == nil {
		t.Error("reconstructions are drawn with a decoder that does not fit")
	}
	_, commands, _ := strings.Cut(o.out, "what to try next:\n")
	if strings.Contains(commands, "sample") || !strings.Contains(commands, "predict") {
		t.Error(commands)
	}
	for line := range strings.Lines(commands) {
		must(t, append(strings.Fields(line)[1:], "-q")...)
	}
	vae := must(t, append([]string{"train", file, "--model", "vae", "--classifier", "finetune", "--out", "vae"}, tiny...)...)
	if !strings.Contains(vae.out, "sample vae") {
		t.Error(vae.out)
	}
	must(t, "sample", "vae", "-n", "3", "-o", "x.csv", "-q") // from the prior, which the decoder knows
}

// Trained on as an autoencoder, the decoder fits again.
func TestFineTunedTrainsOn(t *testing.T) {
	file := waves(t, "waves.csv", 60)
	first := trainTiny(t, file, "--classifier", "finetune", "--classifier-epochs", "1")
	out := filepath.Join(t.TempDir(), "x.csv")
	must(t, "reconstruct", trainTiny(t, file, "--init-from", first), "-o", out, "-q")
	must(t, "reconstruct", trainTiny(t, file, "--init-from", first, "--classifier", "frozen", "--classifier-epochs", "1"), "-o", out, "-q")
}

// A run of before files said so is known by its settings.
func TestFineTunedOfOld(t *testing.T) {
	dir := trainTiny(t, waves(t, "waves.csv", 60), "--classifier", "finetune", "--classifier-epochs", "1")
	forget(t, filepath.Join(dir, "model.safetensors"))
	out := filepath.Join(t.TempDir(), "x.csv")
	if o := command(t.Context(), "reconstruct", dir, "-o", out); o.code != 2 || !strings.Contains(o.err, "no decoder fits") {
		t.Errorf("exit %d: %s", o.code, o.err)
	}
	if o := must(t, "predict", dir, "-o", out, "-q"); !strings.Contains(o.err, "did not keep the names of classes") {
		t.Error(o.err)
	}
}

// forget rewrites a model file without what is known of its classifier.
func forget(t *testing.T, path string) {
	t.Helper()
	m, err := model.Read(ref64.New(), contents(t, path))
	if err != nil {
		t.Fatal(err)
	}
	m.Classifier = model.Classifier{}
	var old bytes.Buffer
	if err := m.Write(&old); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, old.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}
