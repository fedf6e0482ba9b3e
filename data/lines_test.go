package data

import (
	"bytes"
	"context"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"
)

// A table of one endless line is refused with its line, in little memory.
func TestCSVLinesHaveABound(t *testing.T) {
	for _, endless := range []string{"1,", "1", "\"\n"} {
		text := "a,b\n" + endless[:1] + strings.Repeat(endless[len(endless)-1:], 40<<20)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := readCSV(&stream{ctx: context.Background(), path: "bomb.csv", r: bytes.NewReader([]byte(text)), most: math.MaxInt64, hint: 1}, ',', &Reading{}, nil)
		runtime.ReadMemStats(&after)
		var e *Error
		if !errors.As(err, &e) || e.Line != 2 || !strings.Contains(e.Msg, "more than") {
			t.Errorf("%q: %v", endless, err)
		}
		if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 300 {
			t.Errorf("%q: %d MiB were taken", endless, took)
		}
	}
}
