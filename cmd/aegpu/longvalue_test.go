package main

import (
	"strings"
	"testing"
)

// TestLongValuesAreCut has a message of a line that people read for a value that nobody does.
func TestLongValuesAreCut(t *testing.T) {
	long := strings.Repeat("9", 100000)
	for _, args := range [][]string{{"train", "--device", long}, {"train", "--hidden", long}, {"train", "--lr", long}, {"train", long}, {long}} {
		if o := command(t.Context(), args...); o.code != 2 || len(o.err) > 1100 || strings.Count(o.err, "\n") != 1 {
			t.Errorf("%.20s: exit %d, %d bytes: %.200s", strings.Join(args, " "), o.code, len(o.err), o.err)
		}
	}
	if o := command(t.Context(), "train", "--device", "a\x1b[31mb\nc"); o.code != 2 || strings.Contains(o.err, "\x1b") || strings.Count(o.err, "\n") != 1 {
		t.Errorf("%q", o.err)
	}
}

// TestResumeNamesTheFlag names the setting by which the rows of a run that is to go on are others.
func TestResumeNamesTheFlag(t *testing.T) {
	dir := trainTiny(t, waves(t, "waves.csv", 60))
	for name, value := range map[string]string{"seed": "2", "limit": "10", "val": "0.3", "test": "0.3"} {
		o := command(t.Context(), "train", "--resume", "--out", dir, "--"+name, value, "-q")
		if o.code != 2 || !strings.Contains(o.err, name+": "+value) || strings.Contains(o.err, "fingerprint") {
			t.Errorf("--%s: exit %d: %s", name, o.code, o.err)
		}
	}
}
