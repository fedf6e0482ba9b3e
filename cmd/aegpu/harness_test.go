package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/data"
)

// outcome is what a command came to.
type outcome struct {
	code     int
	out, err string
}

func command(ctx context.Context, args ...string) outcome {
	var out, errs bytes.Buffer
	code := run(ctx, append([]string{"aegpu"}, args...), strings.NewReader(""), &out, &errs)
	return outcome{code, out.String(), errs.String()}
}

// must runs a command that is to end with code 0.
func must(t *testing.T, args ...string) outcome {
	t.Helper()
	o := command(t.Context(), args...)
	if o.code != 0 {
		t.Fatalf("aegpu %s: exit %d: %s", strings.Join(args, " "), o.code, o.err)
	}
	return o
}

// object is the one JSON object on standard output.
func (o outcome) object(t *testing.T) map[string]any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(o.out))
	var v map[string]any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v in %q", err, o.out)
	}
	if dec.More() {
		t.Fatalf("more than one object: %q", o.out)
	}
	return v
}

// waves is a file of 4x4 images, or rows of 16 numbers, with two classes.
func waves(t *testing.T, name string, rows int) string {
	t.Helper()
	s := &data.Set{Name: name, Rows: rows, Cols: 16, Classes: []string{"0", "1"}}
	for i := range rows {
		phase := math.Mod(float64(i)*0.7390851, 1) * 2 * math.Pi
		for j := range s.Cols {
			s.F32 = append(s.F32, float32(0.5+0.4*math.Sin(phase+float64(j)/3)))
		}
		label := int32(0)
		if phase > math.Pi {
			label = 1
		}
		s.Labels = append(s.Labels, label)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := data.Write(path, s); err != nil {
		t.Fatal(err)
	}
	return path
}

// tiny are the flags of a training that takes no time.
var tiny = []string{"--hidden", "8", "--latent", "3", "--epochs", "2", "--batch", "20", "--device", "cpu", "--quiet"}

func trainTiny(t *testing.T, args ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	must(t, append(append([]string{"train", "--out", dir}, tiny...), args...)...)
	return dir
}

func contents(t *testing.T, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func number64(t *testing.T, v map[string]any, path ...string) float64 {
	t.Helper()
	var at any = v
	for _, p := range path {
		m, ok := at.(map[string]any)
		if !ok {
			t.Fatalf("no %v in %v", path, v)
		}
		at = m[p]
	}
	f, ok := at.(float64)
	if !ok {
		t.Fatalf("%v is %v in %v", path, at, v)
	}
	return f
}

func show(v any) string { return fmt.Sprintf("%.300v", v) }
