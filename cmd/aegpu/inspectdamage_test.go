package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/train"
)

// TestInspectSaysWhatIsDamaged has a checkpoint with a flipped byte, and a history that was edited.
func TestInspectSaysWhatIsDamaged(t *testing.T) {
	csv := waves(t, "waves.csv", 60)
	for _, name := range []string{train.CheckpointFile, train.PreviousFile} {
		run := trainTiny(t, csv)
		path := filepath.Join(run, name)
		file := contents(t, path)
		file[len(file)-5] ^= 1
		if err := os.WriteFile(path, file, 0o666); err != nil {
			t.Fatal(err)
		}
		o := must(t, "inspect", run)
		if !strings.Contains(o.err, name) || !strings.Contains(o.out, "bytes, unusable\n") {
			t.Errorf("%s: %s%s", name, o.err, o.out)
		}
		v := must(t, "inspect", run, "--json").object(t)
		said := v["warnings"] != nil
		for _, f := range v["files"].([]any) {
			f := f.(map[string]any)
			if (f["unusable"] != nil) != (f["name"] == name) {
				t.Errorf("%s: %v", name, f)
			}
		}
		if !said {
			t.Errorf("%s: no warning", name)
		}
	}
	run := trainTiny(t, csv)
	if o := must(t, "inspect", run); o.err != "" {
		t.Errorf("of a whole run: %s", o.err)
	}
	path := filepath.Join(run, train.HistoryFile)
	file := contents(t, path)
	was := must(t, "inspect", run, "--json").object(t)
	first, _, _ := bytes.Cut(file, []byte("\n"))
	for what, text := range map[string][]byte{
		"a number":    bytes.Replace(file, []byte(`"seconds":0.`), []byte(`"seconds":7.`), 1),
		"a line less": append(first, '\n'),
		"lines more":  append(append(bytes.Clone(file), file...), file...),
		"nothing":     nil,
	} {
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
		o := must(t, "inspect", run, "--json")
		now := o.object(t)
		if now["warnings"] == nil || !strings.Contains(o.err, train.HistoryFile) || now["epochs"] != was["epochs"] || now["seconds"] != was["seconds"] {
			t.Errorf("%s: %s%v", what, o.err, show(now))
		}
	}
}
