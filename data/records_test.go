package data

import (
	"encoding/csv"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Lines are split as encoding/csv splits them, with quotes and without; strictly, but for quotes in fields without.
func TestRecordsAreThoseOfCSV(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	pieces := []string{"1", "2.5", "word", ",", ",", ",", "\n", "\n", "\r\n", `"`, `""`, `"a,b"`, `"a` + "\n" + `b"`, " ", "#", "é", "\t"}
	texts := 20000
	if testing.Short() {
		texts = 2000
	}
	for range texts {
		var b strings.Builder
		for range r.IntN(14) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		for _, comma := range []rune{',', '\t', 'é'} {
			want, got := newFields(strings.NewReader(b.String()), comma), newRecords(strings.NewReader(b.String()), comma)
			strict := newFields(strings.NewReader(b.String()), comma)
			strict.LazyQuotes = false
			faulty := false // from here on, for encoding/csv
			for {
				a, errA := want.Read()
				b2, errB := got.Read()
				if !faulty {
					_, err := strict.Read()
					faulty = err != nil && !errors.Is(err, io.EOF)
				}
				if errors.Is(errB, csv.ErrQuote) && faulty {
					break
				}
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

// A quote within a field that does not begin with one is a character; one that opens a field has to close it.
func TestQuotesWithinFields(t *testing.T) {
	for _, c := range []struct {
		text string
		want string // fields by |, records by ;
		line int    // of a fault
	}{
		{"5\" pipe,3\n6\" pipe,4\n", "5\" pipe|3;6\" pipe|4", 0},
		{"\"a, b\",5\" x 6\"\n1,2", "a, b|5\" x 6\";1|2", 0},
		{"a\"\"b,\"c\"\"d\"\n", `a""b|c"d`, 0},
		{"1,2\n3,\"4\n5,6\n7,8\n", "1|2", 2},
		{"1,2\n3,\"4\n5\",\"6\n7,8\n", "1|2", 3},
		{"1,2\n3,\"4\"x\n", "1|2", 2},
	} {
		r := newRecords(strings.NewReader(c.text), ',')
		var all []string
		for {
			fields, err := r.Read()
			var pe *csv.ParseError
			if errors.As(err, &pe) && pe.Line == c.line || errors.Is(err, io.EOF) && c.line == 0 {
				break
			}
			if err != nil {
				t.Fatalf("%q: %v", c.text, err)
			}
			all = append(all, strings.Join(fields, "|"))
		}
		if got := strings.Join(all, ";"); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
	for _, name := range []string{"a.csv", "a.tsv", "a.txt"} {
		comma := map[string]string{"a.csv": ",", "a.tsv": "\t", "a.txt": "  "}[name]
		text := rows("size"+comma+"x", 60, func(i int) string {
			return strings.ReplaceAll(strings.Join([]string{[]string{`5"_pipe`, `6"_pipe`}[i%2], "3." + string(rune('0'+i%10))}, ","), ",", comma)
		})
		if s := mustRead(t, file(t, name, text), Reading{}).Train; s.Rows != 60 || !slices.Equal(s.Columns[0].Levels, []string{`5"_pipe`, `6"_pipe`}) {
			t.Errorf("%s: %+v", name, s.Columns)
		}
	}
	_, err := Open(t.Context(), file(t, "a.tsv", "a\tb\n1\t2\n3\t\"4\n5\t6\n"))
	wantError(t, err, "line 3", "quote")
	// A lone quote in a field opens none: lines are counted on.
	text := "a,b\n5\" pipe,1\n" + strings.Repeat("x,"+strings.Repeat(" ", 1<<20)+"2\n", 17)
	if s := mustRead(t, file(t, "a.csv", text), Reading{}).Train; s.Rows != 18 {
		t.Errorf("%d rows", s.Rows)
	}
}
