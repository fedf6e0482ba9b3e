package main

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/settings"
)

func TestTrainEveryModel(t *testing.T) {
	csv := waves(t, "waves.csv", 120)
	for _, name := range settings.Models() {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			args := []string{"train", csv, "--model", name, "--out", dir, "--json", "--latent", "3", "--epochs", "2", "--batch", "20", "--device", "cpu"}
			v := must(t, args...).object(t)
			for _, key := range []string{"parameters", "epochs", "steps", "seconds", "examples_per_second"} {
				if number64(t, v, key) <= 0 {
					t.Errorf("%s is %v", key, v[key])
				}
			}
			if v["device"] != "cpu" || v["model"] != name || v["run"] != dir {
				t.Errorf("%v", show(v))
			}
			sse, mse := number64(t, v, "test", "sse"), number64(t, v, "test", "mse")
			if math.Abs(sse-16*mse) > 1e-9 {
				t.Errorf("sse %g, mse %g", sse, mse)
			}
			if number64(t, v, "test", "pca", "components") != 3 {
				t.Errorf("%v", show(v))
			}
			figures := map[string][]string{
				"vae": {"kl", "elbo", "active_units", "nll"}, "denoising": {"corrupted_sse"}, "sparse": {"mean_activation"}, "contractive": {"jacobian_norm"},
			}
			for _, key := range figures[name] {
				number64(t, v, "test", key)
			}
			checkFiles(t, dir, name)
		})
	}
}

func checkFiles(t *testing.T, dir, model string) {
	t.Helper()
	files := []string{"config.yaml", "model.safetensors", "last.ckpt", "metrics.jsonl", "report.html", "reconstructions.png", "loss.png"}
	if model == "vae" {
		files = append(files, "samples.png")
	}
	for _, f := range files {
		if info, err := os.Stat(filepath.Join(dir, f)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", f, err)
		}
	}
	page := string(contents(t, dir, "report.html"))
	if strings.Contains(page, "<script") || strings.Contains(page, "http") || !strings.Contains(page, "data:image/png;base64,") {
		t.Error("report.html is not self-contained")
	}
}

func TestElboIsMinusTheSum(t *testing.T) {
	for loss, figure := range map[string]string{"auto": "nll", "gaussian": "nll", "bernoulli": "bce"} {
		dir := trainTiny(t, waves(t, "waves.npz", 100), "--model", "vae", "--loss", loss)
		v := must(t, "evaluate", dir, "--json", "--iwae-k", "20", "--limit", "5", "--device", "cpu").object(t)
		nll, kl, elbo := number64(t, v, "test", figure), number64(t, v, "test", "kl"), number64(t, v, "test", "elbo")
		if !(math.Abs(nll+kl+elbo) <= 1e-6) {
			t.Errorf("%s: %s %g, kl %g, elbo %g", loss, figure, nll, kl, elbo)
		}
		if iwae := number64(t, v, "test", "nll_iwae"); number64(t, v, "test", "iwae_k") != 20 || loss == "bernoulli" && iwae <= 0 { // of others it is of a density
			t.Errorf("%s: %v", loss, show(v))
		}
	}
}

func TestEvaluateRepeatsTheTraining(t *testing.T) {
	csv := waves(t, "waves.csv", 120)
	dir := filepath.Join(t.TempDir(), "run")
	trained := must(t, append([]string{"train", csv, "--out", dir, "--json", "--scale", "standard", "--loss", "squared"}, tiny...)...).object(t)
	again := must(t, "evaluate", dir, "--json", "--probe", "--corrupt", "masking:0.5", "--device", "cpu").object(t)
	if a, b := number64(t, trained, "test", "sse"), number64(t, again, "test", "sse"); a != b {
		t.Errorf("test sse was %g and is %g", a, b)
	}
	for _, key := range []string{"probe_accuracy", "corrupted_sse", "corrupted_mse"} {
		number64(t, again, "test", key)
	}
	// The whole file is another set of rows, but the same scaling must be applied to it.
	whole := must(t, "evaluate", "--json", dir, csv, "-q").object(t)
	if n, sse := number64(t, whole, "test", "examples"), number64(t, whole, "test", "sse"); n != 120 || sse > 3*number64(t, again, "test", "sse") {
		t.Errorf("%v", show(whole))
	}
	if text := must(t, "evaluate", dir, "-q").out; !strings.Contains(text, "PCA-3") || !strings.Contains(text, "sse") {
		t.Errorf("%s", text)
	}
}

func TestRowsInRowsOut(t *testing.T) {
	file := waves(t, "waves.npz", 90)
	dir := trainTiny(t, file)
	at := t.TempDir()
	out := func(name string) string { return filepath.Join(at, name) }
	v := must(t, "encode", dir, file, "-o", out("codes.csv"), "--json", "-q").object(t)
	if v["rows"] != 90.0 || v["columns"] != 3.0 {
		t.Errorf("%v", show(v))
	}
	codes := open(t, out("codes.csv"))
	if codes.Cols != 3 || codes.Labels == nil {
		t.Errorf("%d columns, labels %v", codes.Cols, codes.Labels != nil)
	}
	must(t, "decode", "-o", out("decoded.npy"), dir, out("codes.csv"), "-q")
	must(t, "reconstruct", dir, "--output", out("back.npy"), file, "-q")
	a, b := open(t, out("decoded.npy")), open(t, out("back.npy"))
	for i := range a.F32 {
		if math.Abs(float64(a.F32[i]-b.F32[i])) > 1e-5 { // codes went through decimal text
			t.Fatalf("value %d is %g by way of the codes, %g at once", i, a.F32[i], b.F32[i])
		}
	}
	for _, name := range []string{"s.npy", "s.idx.gz", "s.png"} {
		must(t, "sample", dir, "-n", "5", "-o", out(name), "-q")
	}
	if s := open(t, out("s.npy")); s.Rows != 5 || s.Cols != 16 {
		t.Errorf("%d x %d samples", s.Rows, s.Cols)
	}
	must(t, "interpolate", dir, "--between", "0,3", "--between", "1,2", "--steps", "4", "-o", out("i.npy"), "-q")
	walk := open(t, out("i.npy"))
	if walk.Rows != 8 {
		t.Errorf("%d rows on two paths of 4", walk.Rows)
	}
	must(t, "interpolate", dir, "-o", out("i.png"), "-q")
}

func open(t *testing.T, path string) *data.Set {
	t.Helper()
	s, err := data.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return s.Train
}

func TestInspectDevicesVersionPCA(t *testing.T) {
	file := waves(t, "waves.npy", 80)
	dir := trainTiny(t, file)
	v := must(t, "inspect", dir, "--json").object(t)
	if number64(t, v, "parameters") <= 0 || number64(t, v, "epochs") != 2 || v["files"] == nil || v["spec"] == nil {
		t.Errorf("%v", show(v))
	}
	if text := must(t, "inspect", dir).out; !strings.Contains(text, "encoder.0.weight") || !strings.Contains(text, "16-8-[3]-8-16") {
		t.Error(text)
	}
	must(t, "inspect", filepath.Join(dir, "model.safetensors"))
	v = must(t, "devices", "--json").object(t)
	if list := v["devices"].([]any); len(list) < 1 || list[0].(map[string]any)["usable"] != true {
		t.Errorf("%v", show(v))
	}
	if must(t, "devices").out == "" || must(t, "version", "--json").object(t)["version"] == "" || must(t, "--version").out == "" {
		t.Error("nothing is said")
	}
	v = must(t, "pca", "--latent", "2", file, "--json", "-q").object(t)
	if number64(t, v, "test", "sse") <= 0 {
		t.Errorf("%v", show(v))
	}
	must(t, "pca", file, "--latent", "2", "-q")
	if o := must(t, "pca", file); !strings.Contains(o.out, "PCA-") || !strings.Contains(o.err, " components: ") || !strings.Contains(o.err, "(--latent N)") {
		t.Errorf("by default: %s%s", o.err, o.out)
	}
	if o := command(t.Context(), "pca", file, "-q", "--latent", "17"); o.code != 2 {
		t.Errorf("more than there are columns: exit %d: %s", o.code, o.err)
	}
}

func TestRunsAreNumbered(t *testing.T) {
	file := waves(t, "waves.csv", 60)
	t.Chdir(t.TempDir())
	for range 2 {
		must(t, append([]string{"train", file}, tiny...)...)
	}
	entries, err := os.ReadDir("runs")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if !slices.Equal(names, []string{"ae-waves-1", "ae-waves-2"}) {
		t.Errorf("%v", names)
	}
}

func TestUpdatesAreExplained(t *testing.T) {
	csv := waves(t, "waves.csv", 100)
	args := []string{"train", csv, "--hidden", "8", "--latent", "3", "--epochs", "1", "--batch", "10", "--test", "0", "--val", "0", "--device", "cpu"}
	for _, tt := range []struct{ flags, want []string }{
		{nil, nil},
		{[]string{"--accumulate", "4"}, []string{"\nupdates of 40 rows in batches of 10\n", " (3 steps) "}},
		{[]string{"--accumulate", "4", "--lr-scale", "sqrt:10"}, []string{"updates of 40 rows in batches of 10, learning rate 0.002 (0.001 scaled by 2, sqrt:10)\n"}},
		{[]string{"--lr-scale", "linear:40"}, []string{"\nupdates of 10 rows, learning rate 0.00025 (0.001 scaled by 0.25, linear:40)\n"}},
	} {
		dir := filepath.Join(t.TempDir(), "run")
		o := must(t, append(append(slices.Clone(args), "--out", dir), tt.flags...)...)
		for _, want := range tt.want {
			if !strings.Contains(o.err+o.out, want) {
				t.Errorf("%v: no %q in\n%s%s", tt.flags, want, o.err, o.out)
			}
		}
		if tt.want == nil && strings.Contains(o.err, "updates of") {
			t.Errorf("%v:\n%s", tt.flags, o.err)
		}
	}
}

func TestEverySettingHasAFlag(t *testing.T) {
	flags := []string{"data", "data-fingerprint"} // an argument, and what a training writes
	for _, f := range allSettings {
		flags = append(flags, f.name)
	}
	names := settings.Names()
	slices.Sort(names)
	slices.Sort(flags)
	if !slices.Equal(names, flags) {
		t.Errorf("settings %v\nflags    %v", names, flags)
	}
}

func TestHelpTellsExitCodes(t *testing.T) {
	var none streams
	none.out = &printer{w: &strings.Builder{}}
	for _, c := range newApp(&none).Commands {
		text := must(t, c.Name, "--help").out
		if !strings.Contains(text, "Exit codes:") || !strings.Contains(text, "  aegpu "+c.Name) {
			t.Errorf("%s:\n%s", c.Name, text)
		}
		if must(t, "help", c.Name).out != text {
			t.Errorf("help %s is another text", c.Name)
		}
	}
	if !strings.Contains(must(t).out, "Commands:") {
		t.Error("no help without a command")
	}
}

func TestProbe(t *testing.T) {
	dir := trainTiny(t, waves(t, "waves.npz", 120))
	v := must(t, "probe", dir, "--json", "-q").object(t)
	for _, key := range []string{"probe_accuracy", "knn_accuracy"} {
		if a := number64(t, v, "test", key); a <= 0.5 {
			t.Errorf("%s is %g", key, a)
		}
		number64(t, v, "test", "pca", key)
	}
	if o := command(t.Context(), "probe", trainTiny(t, waves(t, "waves.npy", 60))); o.code != 2 || !strings.Contains(o.err, "needs labels") {
		t.Errorf("exit %d: %s", o.code, o.err)
	}
}

// TestWhatToTryNext runs the commands that a training ends with, as they stand.
func TestWhatToTryNext(t *testing.T) {
	for _, model := range []string{"ae", "vae"} {
		for file, samples := range map[string]string{waves(t, "waves.npz", 80): "samples.png", waves(t, "waves.npy", 80): "samples.png", waves(t, "waves.csv", 80): "samples.csv"} {
			t.Chdir(t.TempDir())
			text := must(t, append([]string{"train", file, "--model", model}, tiny...)...).out
			_, commands, found := strings.Cut(text, "what to try next:\n")
			if lines := strings.Fields(commands); !found || len(lines) < 10 {
				t.Fatal(text)
			}
			for line := range strings.Lines(commands) {
				must(t, append(strings.Fields(line)[1:], "-q")...)
			}
			if !exists(samples) { // columns with names are no pixels
				t.Errorf("%s of %s: no %s", model, filepath.Base(file), samples)
			}
		}
	}
}

func TestInterruptedBeforeAnything(t *testing.T) {
	file := waves(t, "waves.npy", 60)
	dir := trainTiny(t, file)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(signalError{os.Interrupt})
	for _, args := range [][]string{{"encode", dir, file, "-q", "-o", filepath.Join(t.TempDir(), "x.npy")}, {"train", file, "-q", "--out", filepath.Join(t.TempDir(), "r")}, {"inspect", dir, "--step"}} {
		if o := command(ctx, args...); o.code != 130 || !strings.Contains(o.err, "interrupted") {
			t.Errorf("%s: exit %d: %s", args[0], o.code, o.err)
		}
	}
}
