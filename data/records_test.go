package data

import (
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Lines are split as encoding/csv splits them, with quotes and without.
func TestRecordsAreThoseOfCSV(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	pieces := []string{"1", "2.5", "word", ",", ",", ",", "\n", "\n", "\r\n", `"`, `""`, `"a,b"`, `"a` + "\n" + `b"`, " ", "#", "é", "\t"}
	for range 20000 {
		var b strings.Builder
		for range r.IntN(14) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		for _, comma := range []rune{',', '\t', 'é'} {
			want, got := newFields(strings.NewReader(b.String()), comma), newRecords(strings.NewReader(b.String()), comma)
			for {
				a, errA := want.Read()
				b2, errB := got.Read()
				if (errA == nil) != (errB == nil) || errors.Is(errA, io.EOF) != errors.Is(errB, io.EOF) || errA == nil && !slices.Equal(a, b2) {
					t.Fatalf("%q by %q: %q, %v, want %q, %v", b.String(), comma, b2, errB, a, errA)
				}
				if errA != nil {
					break
				}
				if line, _ := want.FieldPos(0); line != got.start {
					t.Fatalf("%q by %q: line %d, want %d", b.String(), comma, got.start, line)
				}
			}
		}
	}
}
