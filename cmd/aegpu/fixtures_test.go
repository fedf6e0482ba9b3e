package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// fixtures makes the files that testdata/refusals.txt names, in the working folder.
func fixtures(t *testing.T) {
	t.Helper()
	copied(t, waves(t, "waves.csv", 60), "waves.csv")
	copied(t, waves(t, "waves.npy", 60), "waves.npy")
	csv := string(contents(t, "waves.csv"))
	put(t, "counts.csv", countsBesideOthers(60))
	for name, text := range map[string]string{
		"narrow.csv": "1,2\n3,4\n5,6\n7,8\n9,10\n", "one.csv": "1,2\n", "oneclass.csv": ofOneClass(csv), "empty.csv": "", "blank.csv": "\n\n\n", "header.csv": "a,b,c\n",
		"unlabelled.csv": without(csv), "otherlabel.csv": strings.ReplaceAll(csv, ",1\n", ",7\n"), "codes.csv": "code_0,code_1,code_2\n1,2.5,3\n",
		"halfcodes.csv": "code_2,code_0,b\n1,2.5,3\n", "longcodes.csv": "code_0,code_1,code_2,code_3\n1,2.5,3,4\n",
		"somedata.csv": "a,x1,b\n1,2.5,3\n", "ownnames.csv": "z0,z1,z2,z3\n1,2.5,3,4\n",
		"ragged.csv": "1,2\n3\n", "word.csv": "1,2\n3,four\n", "nan.csv": "1,2\n3,NaN\n", "inf.csv": "1,2\n3,-Inf\n", "huge.csv": "1,2\n3,1e39\n", "overflow.csv": "1,2\n3,1e999\n",
		"quote.csv": "1,2\n\"3,4\n", "binary.csv": "\x00\x01\x02\xff\n\x00", "opened.csv": "a,b\n5\" pipe,1\n3,\"4\n5,6\n7,8\n", "after.csv": "1,2\n\"3\"x,4\n", "old.feather": "FEA1\x00\x00\x00\x00FEA1", "semicolons.csv": "1;2\n3;4\n", "labels.csv": "label\n1\n2\n", "nolabel.csv": "a,label\n1,\n", "answers.csv": "a,b\n1,yes\n2,True\n3,perhaps\n",
		"text.npy": "not an array\n", "cut.npy": string(contents(t, "waves.npy")[:300]), "empty.npy": "", "claims.npy": npy("<f4", "(1152921504606846976, 2)", 8),
		"negative.npy": npy("<f4", "(-1, 2)", 8), "words.npy": npy("<U5", "(2, 2)", 80), "complex.npy": npy("<c8", "(2, 2)", 32), "nan.npy": npy("<f4", "(1, 2)", 4) + "\x00\x00\xc0\x7f", "norows.npy": npy("<f4", "(0, 2)", 0),
		"text.npz": "not an archive\n", "empty.npz": "", "cut.idx": "\x00\x00\x08\x02\x00\x00\x00\x02", "text.idx": "not images", "claims.idx": "\x00\x00\x08\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"text.csv.gz": "1,2\n3,4\n", "table.parquet": "PAR1", "noending": "1,2\n", "picture.png": "\x89PNG\r\n",
		"unknown.yaml": "model: vae\nlatnt: 3\n", "typed.yaml": "\nepochs: many\n", "two.yaml": "latent: 3\n---\nlatent: 4\n", "twice.yaml": "latent: 3\nlatent: 4\n", "list.yaml": "- latent\n",
		"alias.yaml": "a: &a [1,2]\nb: *a\n", "deep.yaml": "hidden: " + strings.Repeat("[", 20000) + "\n", "nested.yaml": "hidden: [[1]]\n", "mapping.yaml": "latent: {a: 1}\n", "binary.yaml": "\x00\x01\xff\xfe",
		"bomb.yaml": "hidden: [1" + strings.Repeat(",1", 100000) + "]\n", "large.yaml": "# " + strings.Repeat("x", 1<<20), "gan.yaml": "model: gan\n", "nan.yaml": "lr: .nan\n", "overflow.yaml": "latent: 9223372036854775808\n",
		"fraction.yaml": "batch: 1.5\n", "text.yaml": "just words\n", "open.yaml": "hidden: [1, 2\n", "tab.yaml": "latent:\n\t- 3\n", "tag.yaml": "latent: !!binary aGVsbG8=\n", "negative.yaml": "epochs: -3\n", "fingerprint.yaml": "data-fingerprint: 12ab\n", "otherdata.yaml": "data: waves.csv\ndata-fingerprint: " + strings.Repeat("0a", 32) + "\n",
		"empty.safetensors": "", "text.safetensors": "not a model\n", "claims.safetensors": "\xff\xff\xff\xff\xff\xff\xff\x7f{}", "other.safetensors": "\x02\x00\x00\x00\x00\x00\x00\x00{}",
	} {
		put(t, name, text)
	}
	put(t, "cut.csv.gz", zipped(t, csv)[:40])
	put(t, "bomb.csv.gz", zipped(t, strings.Repeat("1,", 50<<20)))
	put(t, "two.npz", archive(t, map[string]string{"data.npy": npy("<f4", "(2, 2)", 16), "target.npy": npy("<f4", "(2,)", 8)}))
	put(t, "labels.npz", archive(t, map[string]string{"x.npy": npy("<f4", "(2, 2)", 16), "y.npy": npy("<f4", "(3,)", 12)}))
	put(t, "targets.npz", archive(t, map[string]string{"x.npy": npy("<f4", "(2, 2)", 16), "y.npy": npy("<f4", "(2,)", 4) + "\x00\x00\x00?"}))
	put(t, "nothing.npz", archive(t, nil))
	fixedRuns(t)
	fixedPlaces(t)
}

// dataLine names the data of a config.
var dataLine = regexp.MustCompile(`(?m)^data: .*$`)

// fixedRuns makes runs that are whole and runs that are not.
func fixedRuns(t *testing.T) {
	t.Helper()
	must(t, append([]string{"train", "waves.csv", "--out", "run"}, tiny...)...)
	must(t, append([]string{"train", "waves.csv", "--out", "vae", "--model", "vae"}, tiny...)...)
	must(t, append([]string{"train", "waves.npy", "--out", "nolabels"}, tiny...)...)
	must(t, append([]string{"train", "waves.csv", "--out", "conditional", "--model", "vae", "--condition", "label"}, tiny...)...)
	must(t, append([]string{"train", "waves.csv", "--out", "finetuned", "--classifier", "finetune", "--classifier-epochs", "1"}, tiny...)...)
	must(t, append([]string{"train", "waves.csv", "--out", "plain", "--loss", "squared", "--val", "0", "--test", "0"}, tiny...)...)
	model, config, last := string(contents(t, "run", "model.safetensors")), string(contents(t, "run", "config.yaml")), string(contents(t, "run", "last.ckpt"))
	put(t, "whole.safetensors", model)
	put(t, "header.safetensors", model[:60])
	put(t, "half.safetensors", model[:len(model)-100])
	put(t, "long.safetensors", model+"more")
	put(t, "wrongspec.safetensors", strings.Replace(model, `\"inputs\":16`, `\"inputs\":-6`, 1))
	put(t, "hugespec.safetensors", strings.Replace(model, `\"latent\":3,`, `\"latent\":9,`, 1))
	for _, run := range []struct{ name, config, model, last string }{
		{"nomodel", config, "", last}, {"noconfig", "", model, last}, {"badconfig", "latnt: 3\n", model, last}, {"badmodel", config, model[:99], last}, {"badlast", config, model, last[:99]},
		{"piped", dataLine.ReplaceAllString(config, `data: "-"`), model, last}, {"pipedtest", config + "test-data: \"-\"\n", "", ""},
		{"otherlast", config, model, model}, {"longsteps", strings.Replace(config, "accumulate: 1", "accumulate: 2000000000", 1), model, last}, {"lostdata", strings.Replace(config, "waves.csv", "gone.csv", 1), model, last}, {"otherdata", strings.Replace(config, "waves.csv", "narrow.csv", 1), model, last},
	} {
		for file, text := range map[string]string{"config.yaml": run.config, "model.safetensors": run.model, "last.ckpt": run.last} {
			if text != "" {
				put(t, filepath.Join(run.name, file), text)
			}
		}
	}
	put(t, "badhistory/metrics.jsonl", "{}\nnot a record\n")
	put(t, "badhistory/config.yaml", config)
	put(t, "badhistory/model.safetensors", model)
}

// fixedPlaces makes folders, links and files that nobody may read.
func fixedPlaces(t *testing.T) {
	t.Helper()
	put(t, "twoformats/a.csv", "1,2\n")
	put(t, "twoformats/b.npy", npy("<f4", "(1, 2)", 8))
	put(t, "twotables/a.csv", "x,y\n1,2\n")
	put(t, "twotables/b.csv", "x,z\n3,4\n")
	put(t, "twomarks/a.csv", "100;0.5;a\n101;1.5;b\n")
	put(t, "twomarks/b.csv", "000;0,5;b\n001;2,5;a\n")
	put(t, "twodelimiters/a.csv", "x;y\n1;2\n3;4\n")
	put(t, "twodelimiters/b.csv", "x,y\n1,2\n3,4\n")
	put(t, "full/note.txt", "in use\n")
	put(t, "words/note.txt", "no data\n")
	if err := os.MkdirAll("nothing", 0o777); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"loop.csv": "loop.csv", "dangling.csv": "nowhere.csv", "zero.csv": "/dev/zero", "null.csv": "/dev/null", "zero.npy": "/dev/zero", "folder.csv": "nothing"} {
		if err := os.Symlink(to, link); err != nil {
			t.Skip(err)
		}
	}
	for _, name := range []string{"secret.csv", "secret.yaml", "secret.safetensors"} {
		put(t, name, "1,2\n")
		if err := os.Chmod(name, 0); err != nil {
			t.Fatal(err)
		}
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func copied(t *testing.T, from, to string) {
	t.Helper()
	put(t, to, string(contents(t, from)))
}

// countsBesideOthers is a table of two columns that may be counts, with others between and beside them.
func countsBesideOthers(rows int) string {
	var text strings.Builder
	text.WriteString("a,x,b,grade\n")
	for i := range rows {
		fmt.Fprintf(&text, "%d,%.3f,%d,%s\n", i*7%23, float64(i*31%17)/3, i*5%13, []string{"low", "mid", "top"}[i%3])
	}
	return text.String()
}

// ofOneClass is a table with a label whose rows are all of class 0.
func ofOneClass(csv string) string {
	lines := strings.Split(strings.TrimSpace(csv), "\n")
	kept := lines[:1]
	for _, l := range lines[1:] {
		if strings.HasSuffix(l, ",0") || strings.HasPrefix(l, "0,") {
			kept = append(kept, l)
		}
	}
	return strings.Join(kept, "\n") + "\n"
}

// without is a table without its last column.
func without(csv string) string {
	lines := strings.Split(strings.TrimSpace(csv), "\n")
	for i, l := range lines {
		lines[i] = l[:strings.LastIndexByte(l, ',')]
	}
	return strings.Join(lines, "\n") + "\n"
}

// npy is the text of an array's file with so many bytes of data.
func npy(kind, shape string, size int) string {
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", kind, shape)
	return fmt.Sprintf("\x93NUMPY\x01\x00%c\x00%s%s", len(head), head, strings.Repeat("\x00", size))
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func archive(t *testing.T, members map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(members[name]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// snapshot is what is in the working folder: every file with its size and time.
func snapshot(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && !d.IsDir() {
			all[path] = fmt.Sprint(info.Size(), info.ModTime(), info.Mode())
		} else {
			all[path] = "folder"
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
