package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// fed runs a command on what standard input gives.
func fed(ctx context.Context, in io.Reader, args ...string) outcome {
	var out, errs bytes.Buffer
	code := run(ctx, append([]string{"aegpu"}, args...), in, &out, &errs)
	return outcome{code, out.String(), errs.String()}
}

func written(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// patientTable is a table with a column of every kind.
func patientTable(rows int) string {
	var b strings.Builder
	b.WriteString("patient,age,city,smoker,joined,remark,site,time,grade\n")
	for i := range rows {
		smoker := []string{"no", "yes"}[i%2]
		fmt.Fprintf(&b, "p%03d,%d.5,%s,%s,2024-01-%02d,remark no %d,s%d,%d,%s\n", i, 20+i*7%60, []string{"Bern", "Oslo", ""}[i%3], smoker, 1+i%28,
			i*i, i%4, 1700000000+i%9*86400, []string{"good", "bad"}[i%2])
	}
	return b.String()
}

// What is known about a table is shown in aligned lines that fit a terminal: columns with their kinds, ranges and levels,
// and what is suspicious.
func TestDataInfo(t *testing.T) {
	path := written(t, "patients.csv", patientTable(100))
	o := must(t, "data", "info", path, "--label", "grade", "--group", "site", "--types", "joined=date")
	for _, want := range []string{"rows        100 of 5 columns to train on", "ids         patient", "classes     2: bad 50, good 50", "groups 4",
		"patient  id        \"p000\", \"p001\", ", "city     category  \"Bern\" 34, \"Oslo\" 33 ", "     33         2", "smoker   yes/no", "joined   date      2024-01-01 to 2024-01-28",
		"remark   text ", "text", "site     group", "grade    label", "may be unix times: time (seconds, 2023-11-14 to 2023-11-22)", "gives the label away: smoker"} {
		if !strings.Contains(o.out, want) {
			t.Errorf("%q is not in\n%s", want, o.out)
		}
	}
	if o.err != "" {
		t.Errorf("said %s", o.err)
	}
	lines := strings.Split(o.out, "\n")
	at := slices.Index(lines, "columns") + 1
	kind := strings.Index(lines[at], "kind")
	for k, line := range lines {
		if n := utf8.RuneCountInString(line); n > 120 {
			t.Errorf("a line of %d: %s", n, line)
		}
		if k > at && k < at+9 && (len(line) < kind || line[kind-1] != ' ' || line[kind] == ' ') {
			t.Errorf("not aligned: %q", line)
		}
	}
}

// Of a wide table the first columns are shown, and all where they are asked for.
func TestWideDataInfo(t *testing.T) {
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, "a column with quite a long name that goes on and on %d,", i)
	}
	b.WriteString("last\n")
	for i := range 30 {
		b.WriteString(strings.Repeat(fmt.Sprintf("%d.%d,", i*i%7, i), 100) + "1.5\n")
	}
	path := written(t, "wide.csv", b.String())
	o := must(t, "data", "info", path)
	if n := strings.Count(o.out, "\n"); n > 90 || !strings.Contains(o.out, "and 41 more columns (--all)") || strings.Contains(o.out, "  last ") {
		t.Errorf("%d lines: %s", n, o.out)
	}
	o = must(t, "data", "info", path, "--all")
	if n := strings.Count(o.out, "\n"); n < 101 || !strings.Contains(o.out, "  last ") {
		t.Errorf("%d lines: %s", n, o.out)
	}
	for _, line := range strings.Split(o.out, "\n") {
		if n := utf8.RuneCountInString(line); n > 120 {
			t.Errorf("a line of %d: %s", n, line)
		}
	}
}

// As JSON all of it is one object, whatever the data are.
func TestDataInfoJSON(t *testing.T) {
	v := must(t, "data", "info", written(t, "patients.csv", patientTable(100)), "--json", "--label", "grade").object(t)
	columns := v["columns"].([]any)
	if len(columns) != 9 || number64(t, v, "parts", "train", "rows") != 100 || number64(t, columns[2].(map[string]any), "missing") != 33 ||
		number64(t, columns[1].(map[string]any), "min") != 20.5 || columns[5].(map[string]any)["left_out"] == nil || v["labels"] != "grade" {
		t.Error(show(v))
	}
	for _, text := range []string{"a,b\n,1\n,2\n", "a,b\nx,1e38\ny,-1e38\n", "a\n1\n"} {
		path := written(t, "odd.csv", text)
		if o := must(t, "data", "info", path, "--json"); !json.Valid([]byte(o.out)) {
			t.Error(o.out)
		}
		must(t, "data", "info", path)
	}
	v = must(t, "data", "info", "builtin:glyphs", "--json").object(t)
	if shape := fmt.Sprint(v["parts"].(map[string]any)["test"].(map[string]any)["shape"]); shape != "[28 28]" || len(v["classes"].([]any)) != 10 {
		t.Error(show(v))
	}
	if o := command(t.Context(), "data", "info", "nowhere.csv", "--json"); o.code != 2 || o.out != "" {
		t.Error(o)
	}
}

func TestDataCommands(t *testing.T) {
	for _, args := range [][]string{{"data"}, {"data", "--help"}, {"help", "data"}} {
		if o := must(t, args...); !strings.Contains(o.out, "info ") || !strings.Contains(o.out, "aegpu data") {
			t.Errorf("%v: %s", args, o.out)
		}
	}
	for _, args := range [][]string{{"data", "info", "--help"}, {"help", "data", "info"}} {
		o := must(t, args...)
		for _, flag := range []string{"--header", "--delimiter", "--decimal", "--id", "--label", "--columns", "--drop", "--array", "--layout", "--types", "--group", "--resize", "--all", "--json"} {
			if !strings.Contains(o.out, flag+" ") {
				t.Errorf("%v: no %s", args, flag)
			}
		}
	}
}

// A training on standard input goes on where the same comes again, and says what is wrong where it does not.
func TestTrainingOnStandardInput(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	csv := string(contents(t, waves(t, "waves.csv", 60)))
	o := fed(t.Context(), strings.NewReader(csv), append([]string{"train", "-", "--out", dir}, tiny...)...)
	if o.code != 0 || !strings.Contains(string(contents(t, dir, "config.yaml")), "data: '-'") && !strings.Contains(string(contents(t, dir, "config.yaml")), `data: "-"`) {
		t.Fatalf("%d %s %s", o.code, o.err, contents(t, dir, "config.yaml"))
	}
	if o := fed(t.Context(), strings.NewReader(csv), "train", "-", "--resume", "--out", dir, "--quiet"); o.code != 0 {
		t.Error(o)
	}
	if o := fed(t.Context(), strings.NewReader(strings.Replace(csv, "0.5", "0.7", 1)), "train", "-", "--resume", "--out", dir, "--quiet"); o.code != 2 || !strings.Contains(o.err, "fingerprint") {
		t.Error(o)
	}
	if o := fed(t.Context(), strings.NewReader(csv), "evaluate", dir, "--quiet"); o.code != 2 || !strings.Contains(o.err, "standard input") || !strings.Contains(o.err, "name DATA") {
		t.Error(o)
	}
	if o := fed(t.Context(), strings.NewReader(csv), "evaluate", dir, "-", "--quiet", "--json"); o.code != 0 {
		t.Error(o)
	}
	codes := filepath.Join(t.TempDir(), "codes.csv")
	if o := fed(t.Context(), bytes.NewReader(contents(t, waves(t, "waves.npy", 60))), "encode", dir, "-", "-o", codes); o.code != 0 {
		t.Error(o)
	}
}

// A command that waits for standard input ends when it is told to.
func TestWaitingForStandardInput(t *testing.T) {
	for _, args := range [][]string{{"train", "-", "--device", "cpu", "--out", filepath.Join(t.TempDir(), "run")}, {"data", "info", "-"}, {"pca", "-", "--device", "cpu"}} {
		ctx, cancel := context.WithCancelCause(t.Context())
		r, w := io.Pipe()
		began := time.Now()
		time.AfterFunc(50*time.Millisecond, func() { cancel(signalError{os.Interrupt}) })
		o := fed(ctx, r, args...)
		if took := time.Since(began); o.code != 130 || took > 3*time.Second || !strings.Contains(o.err, "interrupted") {
			t.Errorf("%v: %d after %v: %s", args, o.code, took, o.err)
		}
		w.Close()
	}
}
