package main

import (
	"bytes"
	"context"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// FuzzCommandLine runs the words of a command line, a line each, with a context that has
// ended, so that nothing is trained or written: there is an exit code of ours and, where
// something is wrong, a line that says so.
func FuzzCommandLine(f *testing.F) {
	table, err := os.ReadFile("testdata/refusals.txt")
	if err != nil {
		f.Fatal(err)
	}
	for i, line := range strings.Split(string(table), "\n") {
		if parts := strings.SplitN(line, " | ", 3); len(parts) == 3 && i%20 == 0 {
			f.Add(strings.Join(words(parts[2]), "\n"))
		}
	}
	f.Add("train\n--help")
	f.Add("help\nbench")
	f.Add("--version")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	f.Fuzz(func(t *testing.T, text string) {
		t.Chdir(t.TempDir())
		var out, errs bytes.Buffer
		code := run(ctx, append([]string{"aegpu"}, strings.Split(text, "\n")...), strings.NewReader(""), &out, &errs)
		if !slices.Contains([]int{0, 1, 2, 3, 130}, code) {
			t.Errorf("exit %d: %s", code, errs.String())
		}
		if code != 0 {
			checkForPeople(t, text, errs.String())
		}
	})
}

// FuzzSizes reads the lists and ranges of bench's and interpolate's flags.
func FuzzSizes(f *testing.F) {
	for _, text := range []string{"64,128", "64..1048576", "1..2,3", "", "..", "9223372036854775807", "7.9e14,3.1e12", "NaN,1", "1,2,3"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if sizes, err := batchSizes(text); err == nil && (len(sizes) == 0 || sizes[0] < 1 || !slices.IsSorted(sizes) || sizes[len(sizes)-1] > 1<<30) {
			t.Errorf("--batch %q is %v", text, sizes)
		}
		if c, err := ceiling(text); err == nil && !(c.FLOPs > 0 && c.Bytes > 0 && c.FLOPs < math.Inf(1) && c.Bytes < math.Inf(1)) {
			t.Errorf("--ceiling %q is %v", text, c)
		}
		if rows, err := pairs(strings.Split(text, ",")); err == nil && (len(rows)%2 != 0 || slices.ContainsFunc(rows, func(i int) bool { return i < 0 })) {
			t.Errorf("--between %q is %v", text, rows)
		}
	})
}
