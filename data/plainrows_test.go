package data

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Tables of several blocks, with a rare line that has to be read alone, come to what encoding/csv reads of them.
func TestBlocksAreReadAsLines(t *testing.T) {
	odd := []string{"\n", "# a comment, 1, 2\n", "1,\"a\nb\n\",\"2\"\n", "3,\"say \"\"no\"\"\",4\n", "\"5\",six,7\r\n", " 8 ,nine , 10\n", "1e-3,x,\n", "NA,,-.5\n", "1,2\n", "1,x,y\n"}
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 1))
		var b strings.Builder
		b.WriteString("a,b,c\n1,one,2\n2,two,3\n")
		for b.Len() < 2*textBytes+r.IntN(textBytes) {
			if r.IntN(int(1+10*seed*seed)) == 0 && seed > 3 {
				b.WriteString(odd[r.IntN(len(odd)-2*int(seed%2))]) // every second table is without fault
				continue
			}
			fmt.Fprintf(&b, "%.*f,word%d,%g\n", r.IntN(9), r.NormFloat64(), r.IntN(2000), r.NormFloat64())
		}
		text := strings.TrimSuffix(b.String(), []string{"\n", ""}[seed%2])
		path := filepath.Join(t.TempDir(), "t.csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var got *tableReader
		err := withFile(context.Background(), path, func(s *stream) (err error) {
			got, err = readTable(s, ',', &Reading{}, func(*tableReader) map[int]bool { return nil })
			return err
		})
		wrongLine := sameAsCSV(t, text, got, err)
		var e *Error
		if wrongLine > 0 && (!errors.As(err, &e) || e.Line != wrongLine) || wrongLine == 0 && err != nil {
			t.Fatalf("table %d: %v, want line %d", seed, err, wrongLine)
		}
	}
}

// sameAsCSV compares a table with what encoding/csv reads of its text, up to the first line that is none; it returns its number.
func sameAsCSV(t *testing.T, text string, got *tableReader, err error) int {
	t.Helper()
	r := newFields(strings.NewReader(text), ',')
	if _, err := r.Read(); err != nil {
		t.Fatal(err)
	}
	var numbers []float64
	var words []string
	last := 0
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if last, _ = r.FieldPos(0); len(fields) != 3 {
			return last
		}
		for j, f := range fields {
			f = strings.TrimSpace(f)
			if j == 1 {
				words = append(words, f)
				continue
			}
			v, err := parseCell(f, '.')
			if err != nil && !isMissingNumber(f) {
				return last
			}
			if err != nil {
				v = math.NaN()
			}
			numbers = append(numbers, v)
		}
	}
	if err != nil {
		return 0
	}
	if got.rows != len(words) || got.lastLine != last || got.firstLine != 2 {
		t.Fatalf("%d rows from line %d to %d, want %d to %d", got.rows, got.firstLine, got.lastLine, len(words), last)
	}
	got.each(func(row int, n []float64) {
		for k, v := range n {
			if math.Float64bits(v) != math.Float64bits(numbers[2*row+k]) && v == v {
				t.Fatalf("row %d: %v, want %v", row, v, numbers[2*row+k])
			}
		}
		if w := got.fields[1].texts.at(row); w != words[row] {
			t.Fatalf("row %d: %q, want %q", row, w, words[row])
		}
	})
	return 0
}

// A block is whole lines, and all blocks are the text, whatever is read ahead.
func TestBlocksAreTheText(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, longest := range []int{1, 50, 3 * textBytes} {
		var text []byte
		for len(text) < 9*textBytes {
			text = append(text, bytes.Repeat([]byte{'x'}, r.IntN(longest))...)
			text = append(text, '\n')
		}
		text = append(text, "end"...)
		for _, ahead := range []func([]byte) *plainRows{nil, func([]byte) *plainRows { return nil }} {
			b := &textBlocks{r: bytes.NewReader(text), plain: ahead}
			at := 0
			for {
				block, err := b.next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil || !bytes.HasPrefix(text[at:], block.text) {
					t.Fatalf("byte %d: another block, %v", at, err)
				}
				if at += len(block.text); at < len(text) && text[at-1] != '\n' {
					t.Fatalf("byte %d: a block ends within a line", at)
				}
			}
			if at != len(text) {
				t.Errorf("%d bytes, want %d", at, len(text))
			}
		}
	}
}
