package data

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
)

// missingTexts are the texts that mean that a cell is missing, those of pandas' readers and R's, and a question mark.
var missingTexts = []string{"", "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "None", "<NA>", "#N/A", "#NA", "?"}

// isMissing says whether a cell of texts is missing.
func isMissing(text string) bool { return len(text) < 5 && slices.Contains(missingTexts, text) }

// isMissingNumber says whether a cell among numbers is.
func isMissingNumber(text string) bool {
	return isMissing(text) || text == "-" || text == "." || text == "na"
}

// cell is what a text is, as far as it alone can say.
type cell uint8

const (
	cellMissing cell = iota
	cellNumber
	cellCode // digits with leading zeros, which a number would lose
	cellText
)

// cellOf looks at a trimmed text; decimal is the mark.
func cellOf(text string, decimal byte) cell {
	if isMissingNumber(text) {
		return cellMissing
	}
	if _, err := parseCell(text, decimal); err != nil && !errors.Is(err, strconv.ErrRange) {
		return cellText
	}
	if isCode(text) {
		return cellCode
	}
	return cellNumber
}

// isCode says whether a text is digits with leading zeros.
func isCode(text string) bool {
	return len(text) > 1 && text[0] == '0' && strings.Trim(text, "0123456789") == ""
}

// parseCell reads a number with that decimal mark to float64, infinities included. One that does not fit float32 is out
// of range.
func parseCell(text string, decimal byte) (float64, error) {
	if text == "" {
		return 0, strconv.ErrSyntax
	}
	if v, n := leadingDecimal(text, decimal); n == len(text) {
		return v, nil
	}
	switch c := text[0]; {
	case c >= '0' && c <= '9', c == '+', c == '-', c == decimal, c == 'i', c == 'I':
	default:
		return 0, strconv.ErrSyntax
	}
	if plain, ok := withoutThousands(text, decimal); ok {
		return parseNumber(plain)
	}
	if decimal != '.' {
		if strings.IndexByte(text, '.') >= 0 {
			return 0, strconv.ErrSyntax
		}
		text = strings.Replace(text, string(decimal), ".", 1)
	}
	if strings.ContainsAny(text, "xX_pP") {
		return 0, strconv.ErrSyntax
	}
	return parseNumber(text)
}

// tens are the powers of ten that float64 holds exactly.
var tens = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// leadingDecimal reads the decimal at the start of a text, of at most 15 digits and without an exponent. n is the bytes that it
// takes, 0 where there is none, one that float32 may round to the wrong side, or one with leading zeros. Digits and power are exact, so that their
// quotient is the nearest float64 (Clinger, How to Read Floating Point Numbers Accurately, 1990).
func leadingDecimal[T string | []byte](text T, decimal byte) (v float64, n int) {
	const most = 15 + 2 // a sign, digits, a mark
	start := 0
	if len(text) > 0 && text[0] == '-' {
		start = 1
	}
	var digits uint64
	point := -1
	n = start
	for ; n < len(text) && n <= most; n++ {
		if d := text[n] - '0'; d <= 9 {
			digits = digits*10 + uint64(d)
			continue
		}
		if text[n] != decimal || point >= 0 {
			break
		}
		point = n
	}
	if n > 1 && text[0] == '0' && text[1] != decimal {
		return 0, 0
	}
	count, behind := n-start, 0
	if point >= 0 {
		count, behind = count-1, n-1-point
	}
	if count < 1 || count > 15 {
		return 0, 0
	}
	v = float64(digits) / tens[behind]
	if bits := math.Float64bits(v); bits&(1<<29-1) == 1<<28 || v < 0x1p-126 && v != 0 {
		return 0, 0
	}
	if start > 0 {
		v = -v
	}
	return v, n
}

// withoutThousands returns a number such as 1,234,567.8 (or 1.234.567,8 where the mark is a comma) without the marks of its
// thousands, false where there are none.
func withoutThousands(text string, decimal byte) (string, bool) {
	mark := ","
	if decimal == ',' {
		mark = "."
	}
	if strings.IndexByte(text, mark[0]) < 0 {
		return "", false
	}
	whole, fraction, _ := strings.Cut(text, string(decimal))
	groups := strings.Split(strings.TrimLeft(whole, "+-"), mark)
	if len(groups) < 2 || len(groups[0]) < 1 || len(groups[0]) > 3 || strings.Contains(fraction, mark) {
		return "", false
	}
	for k, g := range groups {
		if k > 0 && len(g) != 3 || strings.Trim(g, "0123456789") != "" {
			return "", false
		}
	}
	plain := strings.ReplaceAll(whole, mark, "")
	if fraction != "" {
		plain += "." + fraction
	}
	return plain, true
}

// hasUnit says whether a text is a number with a sign of money or a share, with marks that are not read (1'234, a space that
// does not break, a minus that is none of ASCII, parentheses), or one of Fortran's, which is no name.
func hasUnit(text string) bool {
	bare := strings.Trim(text, "$€£¥%() ")
	bare = strings.NewReplacer("D+", "e+", "D-", "e-", ",", "", "'", "", "’", "", "−", "-", "\u00a0", "", "\u202f", "").Replace(bare)
	return bare != text && bare != "" && isNumberText(bare)
}

// atoi reads a plain whole number.
func atoi(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil
}
