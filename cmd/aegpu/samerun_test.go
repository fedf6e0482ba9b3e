package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/model"
	"github.com/nlpodyssey/safetensors"
)

// timeless is a JSON value without what depends on how fast the machine was.
func timeless(v any) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "seconds")
		delete(v, "examples_per_second")
		for k := range v {
			v[k] = timeless(v[k])
		}
	case []any:
		for i := range v {
			v[i] = timeless(v[i])
		}
	}
	return v
}

func timelessJSON(t *testing.T, text []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v in %.300s", err, text)
	}
	b, err := json.Marshal(timeless(v))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// timelessFile is what a file of a run holds beside times; of report.html, which holds them in its text, nothing.
func timelessFile(t *testing.T, path string) string {
	t.Helper()
	b := contents(t, path)
	switch name := filepath.Base(path); {
	case name == "report.html":
		return ""
	case strings.HasSuffix(name, ".jsonl"):
		var text strings.Builder
		for line := range bytes.Lines(b) {
			text.WriteString(timelessJSON(t, line) + "\n")
		}
		return text.String()
	case strings.HasSuffix(name, ".ckpt"):
		st, state := parsed(t, path)
		text := timelessJSON(t, []byte(state))
		tensors := st.Tensors()
		slices.SortFunc(tensors, func(a, b safetensors.NamedTensorView) int { return strings.Compare(a.Name, b.Name) })
		for _, v := range tensors {
			text += "\n" + v.Name + string(v.TensorView.Data())
		}
		return text
	}
	return string(b)
}

// parsed is a checkpoint's tensors and its state, as JSON.
func parsed(t *testing.T, path string) (safetensors.SafeTensors, string) {
	t.Helper()
	st, meta, err := model.ReadSealed(contents(t, path))
	if err != nil || meta["aegpu.checkpoint"] == "" {
		t.Fatalf("%s: %v", path, err)
	}
	return st, meta["aegpu.checkpoint"]
}

// sameRun demands that a run's directory holds what another's does, times apart; but leaves files out.
func sameRun(t *testing.T, what, want, got string, but ...string) {
	t.Helper()
	if a, b := entries(t, want), entries(t, got); !slices.Equal(a, b) {
		t.Errorf("%s: the run holds %v, want %v", what, b, a)
		return
	}
	for _, name := range entries(t, want) {
		if slices.Contains(but, name) {
			continue
		}
		if a, b := timelessFile(t, filepath.Join(want, name)), timelessFile(t, filepath.Join(got, name)); a != b {
			at := 0
			for at < min(len(a), len(b)) && a[at] == b[at] {
				at++
			}
			t.Errorf("%s: another %s: from byte %d of %d on %.200q, want %.200q of %d", what, name, at, len(b), b[at:], a[at:], len(a))
		}
	}
}

// leftovers are files of a directory that are there only while a process is at work.
func leftovers(t *testing.T, dir string) (left []string) {
	t.Helper()
	for _, name := range entries(t, dir) {
		if strings.HasPrefix(name, ".") {
			left = append(left, name)
		}
	}
	return left
}
