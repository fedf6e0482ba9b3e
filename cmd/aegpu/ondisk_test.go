package main

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/data"
)

// manyRows are rows of numbers in several formats, none of which memory is to hold.
func manyRows(t *testing.T) map[string]string {
	t.Helper()
	const rows, cols = 1500, 9
	r := rand.New(rand.NewPCG(7, 8))
	set := &data.Set{Rows: rows, Cols: cols, F32: make([]float32, rows*cols), Classes: []string{"a", "b", "c"}, LabelName: "label"}
	wide := &data.Set{Rows: rows, Cols: cols, F64: make([]float64, rows*cols)}
	for i := range rows {
		a, b := r.NormFloat64(), r.NormFloat64()
		for j := range cols {
			v := a*float64(j) + b + 0.1*r.NormFloat64()
			set.F32[i*cols+j], wide.F64[i*cols+j] = float32(v), 1e9+math.Round(100*v)
		}
		set.Labels = append(set.Labels, int32(i/500)) // sorted
	}
	for j := range cols {
		set.Columns = append(set.Columns, data.Column{Name: string(rune('p' + j))})
	}
	images := &data.Set{Rows: rows, Cols: 64, Height: 8, Width: 8, Channels: 1, U8: make([]uint8, rows*64)}
	for i := range images.U8 {
		images.U8[i] = uint8(r.IntN(256))
	}
	dir, paths := t.TempDir(), map[string]string{}
	save := func(name string, s *data.Set) {
		paths[name] = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(paths[name]), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := data.Write(paths[name], s); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"f32.csv", "f32.parquet", "f32.arrow", "f32.npz", "f32.safetensors", "f32.npy", "packed.csv.gz"} {
		save(name, set)
	}
	save("f64.npy", wide)
	save("f64.csv", wide)
	save("bytes.npy", images)
	save("bytes.idx", images)
	save("bytes.idx.gz", images)
	for k := range 3 {
		save("shards/"+string(rune('0'+k))+".npy", set.Part(500*k, 500))
	}
	delete(paths, "shards/0.npy")
	delete(paths, "shards/1.npy")
	paths["shards"] = filepath.Dir(paths["shards/2.npy"])
	delete(paths, "shards/2.npy")
	return paths
}

// What is read from disk comes to what is read from memory, bit for bit, through every command.
func TestOnDiskIsAsInMemory(t *testing.T) {
	for name, path := range manyRows(t) {
		top := t.TempDir()
		results := map[string][][]byte{}
		for _, memory := range []string{"8G", "0"} {
			dir := filepath.Join(top, "run"+memory)
			run := func(args ...string) {
				if args[0] != "data" {
					args = append(args, "--device", "cpu")
				}
				o := command(t.Context(), append(args, "-q", "--memory", memory)...)
				if o.code != 0 {
					t.Fatalf("%s: %s: exit %d: %s", name, strings.Join(args, " "), o.code, o.err)
				}
				results[memory] = append(results[memory], []byte(strings.ReplaceAll(o.out, dir, "RUN")))
			}
			file := func(path string) {
				results[memory] = append(results[memory], contents(t, path))
			}
			run("train", path, "--out", dir, "--hidden", "7", "--latent", "3", "--epochs", "3", "--batch", "50", "--window", "330", "--block", "4", "--json")
			results[memory] = nil // seconds
			file(filepath.Join(dir, "model.safetensors"))
			for _, end := range []string{"a.npy", "b.npy", "c.csv", "d.csv"} {
				out := filepath.Join(top, end)
				switch end[0] {
				case 'a':
					run("encode", dir, "-o", out)
				case 'b':
					run("reconstruct", dir, path, "-o", out)
				case 'c':
					run("score", dir, path, "-o", out)
				case 'd':
					run("encode", dir, "--part", "train", "-o", out)
				}
				file(out)
			}
			run("pca", path, "--latent", "3", "--json")
			run("evaluate", dir, "--json")
			run("evaluate", dir, path, "--json")
			run("data", "info", path)
			run("data", "convert", path, filepath.Join(top, memory+".safetensors"))
			file(filepath.Join(top, memory+".safetensors"))
		}
		for k, b := range results["8G"] {
			if !bytes.Equal(b, results["0"][k]) {
				t.Errorf("%s: result %d of %d from disk is another: %.300s, want %.300s", name, k, len(results["8G"]), results["0"][k], b)
			}
		}
	}
}

// A file sorted by its labels gives batches in which all labels meet, whatever part of it memory holds.
func TestWindowsMix(t *testing.T) {
	paths := manyRows(t)
	dir := filepath.Join(t.TempDir(), "run")
	o := command(t.Context(), "train", paths["f32.csv"], "--out", dir, "--hidden", "7", "--latent", "3", "--epochs", "2", "--memory", "0", "--device", "cpu")
	if o.code != 0 || !strings.Contains(o.err, "read from disk") {
		t.Fatalf("exit %d: %s", o.code, o.err)
	}
	if text := string(contents(t, dir, "config.yaml")); !slices.ContainsFunc(strings.Split(text, "\n"), func(l string) bool { return strings.HasPrefix(l, "window: ") }) {
		t.Errorf("config.yaml has no window:\n%s", text)
	}
}

// Data of fewer rows than a window are on the device as a whole, wherever they lie.
func TestFewRowsOnDisk(t *testing.T) {
	csv, top := waves(t, "waves.csv", 120), t.TempDir()
	for _, memory := range []string{"1G", "0"} {
		for _, args := range [][]string{
			append([]string{"train", csv, "--out", filepath.Join(top, memory)}, tiny...),
			{"bench", csv, "--device", "cpu", "--batch", "16", "--ceiling", "1e12,1e11", "--most", "0.1"},
			{"evaluate", filepath.Join(top, memory), "--device", "cpu"},
		} {
			if o := command(t.Context(), append(args, "--memory", memory)...); o.code != 0 {
				t.Errorf("--memory %s: %s: exit %d: %s", memory, args[0], o.code, o.err)
			}
		}
	}
	sameRun(t, "from disk", filepath.Join(top, "1G"), filepath.Join(top, "0"), "config.yaml", "last.ckpt", "previous.ckpt") // which have a window
}
