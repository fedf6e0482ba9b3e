package data

import (
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// Numbers are those of strconv, whatever way they are read.
func TestPlainNumbersAreExact(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	texts := []string{"0", "-0", "0.", ".5", "-.5", ".", "-", "1.", "000.10", "999999999999999", "0.1234567890123", "1234567.89012345", "12345678901234567", "1.00000005960464478", "0.000000000000001", "3e5", "1_0", "0x1p3"}
	for range 20000 {
		text := strconv.FormatFloat((r.Float64()-0.5)*math.Pow(10, float64(r.IntN(12)-4)), 'f', r.IntN(14), 64)
		texts = append(texts, text)
	}
	plain := 0
	for _, text := range texts {
		got, n := leadingDecimal(text, '.')
		if n < len(text) {
			continue
		}
		plain++
		want, err := parseNumber(text)
		if err != nil || math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("%s: %v, want %v, %v", text, got, want, err)
		}
		if with, n := leadingDecimal([]byte(strings.Replace(text, ".", ",", 1)+";1"), ','); n != len(text) || math.Float64bits(with) != math.Float64bits(got) {
			t.Errorf("%s with a comma: %v", text, with)
		}
	}
	if plain < 10000 {
		t.Errorf("only %d of %d were read the short way", plain, len(texts))
	}
	for _, text := range []string{"", "-", ".", "1_0", "0x1p3", "1..2", "1,5", "--1", "abc", "1e5x"} {
		if v, err := parseCell(text, '.'); err == nil || errors.Is(err, strconv.ErrRange) {
			t.Errorf("%q was read as %v", text, v)
		}
	}
}
