package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/train"
)

// keeps runs commands that are each refused because of what they would write over, and demands that the files are as they were.
func keeps(t *testing.T, files []string, commands ...[]string) {
	t.Helper()
	was := map[string][]byte{}
	for _, path := range files {
		was[path] = contents(t, path)
	}
	for _, args := range commands {
		o := command(t.Context(), append(args, "-q", "--device", "cpu")...)
		if o.code != 2 || !strings.Contains(o.err, "would write over") || strings.Count(o.err, "\n") != 1 {
			t.Errorf("%v: exit %d: %s", args, o.code, o.err)
		}
		for path, text := range was {
			if !bytes.Equal(contents(t, path), text) {
				t.Fatalf("%v: %s is another", args, path)
			}
		}
	}
}

// What a command reads, what its runs are made of and what they were trained on is not written over.
func TestInputsAreKept(t *testing.T) {
	own, other, test, codes := waves(t, "own.csv", 60), waves(t, "other.csv", 60), waves(t, "test.csv", 20), filepath.Join(t.TempDir(), "codes.npz")
	dir := trainTiny(t, own, "--test-data", test, "--classifier", "frozen", "--classifier-epochs", "1")
	second := trainTiny(t, other, "--val-data", test)
	in := func(dir, name string) string { return filepath.Join(dir, name) }
	model, alone, at := in(dir, "model.safetensors"), in(t.TempDir(), "alone.safetensors"), t.TempDir()
	put(t, alone, string(contents(t, model)))
	must(t, "encode", dir, "-o", codes, "-q")
	soft, hard, config := in(at, "soft.csv"), in(at, "hard.csv"), in(at, "config.csv")
	for _, err := range []error{os.Symlink(other, soft), os.Link(other, hard), os.Symlink(in(dir, "config.yaml"), config)} {
		if err != nil {
			t.Skip(err)
		}
	}
	keeps(t, []string{own, other, test, codes, model, alone, in(dir, "config.yaml"), in(dir, "loss.png"), in(second, "model.safetensors")},
		[]string{"encode", dir, other, "-o", other}, []string{"encode", dir, other, "-o", filepath.Dir(other) + "/./other.csv"},
		[]string{"encode", dir, other, "-o", soft}, []string{"encode", dir, soft, "-o", other}, []string{"encode", dir, other, "-o", hard},
		[]string{"encode", dir, "-o", own}, []string{"encode", dir, other, "-o", own}, []string{"encode", dir, other, "-o", test},
		[]string{"encode", dir, other, "-o", model}, []string{"encode", dir, other, "-o", config}, []string{"encode", alone, other, "-o", alone},
		[]string{"reconstruct", dir, other, "-o", other}, []string{"reconstruct", dir, "-o", in(dir, "loss.png")},
		[]string{"decode", dir, codes, "-o", codes}, []string{"decode", dir, codes, "-o", own},
		[]string{"predict", dir, other, "-o", other}, []string{"predict", dir, "-o", own},
		[]string{"score", dir, other, "-o", other}, []string{"score", alone, other, "--ensemble", dir, "-o", own},
		[]string{"score", dir, own, "--ensemble", alone, "--ensemble", second, "-o", in(second, "model.safetensors")},
		[]string{"score", dir, own, "--ensemble", second, "-o", other},
		[]string{"sample", dir, "-o", own}, []string{"sample", dir, "-o", model}, []string{"sample", dir, "-o", in(dir, "loss.png")},
		[]string{"interpolate", dir, "-o", test}, []string{"interpolate", dir, "-o", model},
	)
	for range 2 { // what is not theirs may be written over, in the run's directory too
		must(t, "encode", dir, other, "-o", in(dir, "codes.csv"), "-q")
		must(t, "sample", dir, "-o", in(dir, "mine.csv"), "-q")
	}
	null := in(at, "null.csv")
	if err := os.Symlink("/dev/null", null); err == nil {
		must(t, "encode", dir, other, "-o", null, "-q")
	}
}

// Files of a folder of data, and labels beside images, are kept as well.
func TestFoldersOfDataAreKept(t *testing.T) {
	tables, pictures, mnist := t.TempDir(), t.TempDir(), t.TempDir()
	part := filepath.Join(tables, "train", "part.csv")
	copied(t, waves(t, "part.csv", 60), part)
	dir := trainTiny(t, tables, "--loss", "squared")
	must(t, "reconstruct", dir, part, "-o", filepath.Join(pictures, "a")+"/", "-q", "--layout", "4x4")
	entries, err := os.ReadDir(filepath.Join(pictures, "a"))
	if err != nil {
		t.Fatal(err)
	}
	picture := filepath.Join(pictures, "a", entries[0].Name())
	images, labels := filepath.Join(mnist, "train-images-idx3-ubyte"), filepath.Join(mnist, "train-labels-idx1-ubyte")
	must(t, "reconstruct", dir, part, "-o", images, "-q", "--layout", "4x4")
	put(t, labels, "\x00\x00\x08\x01\x00\x00\x00\x3c"+strings.Repeat("\x01", 60))
	keeps(t, []string{part, picture, images, labels},
		[]string{"encode", dir, "-o", part}, []string{"reconstruct", dir, pictures, "-o", picture},
		[]string{"reconstruct", dir, images, "-o", images}, []string{"reconstruct", dir, images, "-o", labels}, []string{"reconstruct", dir, mnist, "-o", labels},
		[]string{"bench", pictures, "--batch", "8", "--plot", picture}, []string{"bench", "--batch", "8", "--val-data", pictures, "--plot", picture},
	)
}

// A training does not write over its data.
func TestTrainKeepsItsData(t *testing.T) {
	table, folder := waves(t, "table.csv", 60), t.TempDir()
	copied(t, table, filepath.Join(folder, "table.csv"))
	model := filepath.Join(trainTiny(t, table), "model.safetensors")
	apart := filepath.Join(t.TempDir(), "model.safetensors")
	copied(t, model, apart)
	for want, args := range map[string][]string{
		"not a directory":         {"train", table, "--out", table, "--resume"},
		"is the folder of":        {"train", folder, "--out", folder, "--resume"},
		"would write over":        {"train", table, "--init-from", apart, "--out", filepath.Dir(apart), "--resume"},
		"--out " + folder + " is": {"train", table, "--val-data", folder, "--out", folder, "--resume"},
	} {
		was, before := contents(t, apart), contents(t, table)
		o := command(t.Context(), append(args, tiny...)...)
		if o.code != 2 || !strings.Contains(o.err, want) {
			t.Errorf("%v: exit %d: %s", args, o.code, o.err)
		}
		entries, err := os.ReadDir(folder)
		if err != nil || len(entries) != 1 || !bytes.Equal(was, contents(t, apart)) || !bytes.Equal(before, contents(t, table)) {
			t.Fatalf("%v: %v %v", args, entries, err)
		}
	}
}

// The list of what a training writes has all that it writes.
func TestFilesOfRun(t *testing.T) {
	dir := trainTiny(t, waves(t, "waves.npy", 60), "--model", "vae", "--latent", "2", "--layout", "4x4")
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if path := filepath.Join(dir, e.Name()); !slices.Contains(filesOfRun(dir), path) && !strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s is none of %q", path, filesOfRun(dir))
		}
	}
	if len(entries) < len(pictureNames)+len(train.RunFiles(dir))-1 { // algorithms are a GPU's
		t.Errorf("%v: some are missing", entries)
	}
}
