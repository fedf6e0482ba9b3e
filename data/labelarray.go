package data

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxText is the longest text of an array of labels or names, in bytes of the file.
const maxText = 4096

// maxClasses is how many classes an array of labels may hold. More are numbers to predict, or names of rows.
const maxClasses = 1 << 16

// textSize returns the bytes of one text of an array, false where the elements are no text of a length that can be.
func (a *arrayInfo) textSize() (int, bool) {
	if !a.text() {
		return 0, false
	}
	kind := bareType(a.descr)
	n, err := strconv.Atoi(kind[1:])
	if kind[0] == 'U' {
		n *= 4
	}
	return n, err == nil && n > 0 && n <= maxText
}

// readLabels reads an array as labels, numbers or names.
func readLabels(s *stream, a *arrayInfo) (labelList, error) {
	l := labelList{path: s.path}
	if a.text() {
		seen := map[string]string{} // each class once in memory
		err := readTexts(s, a, func(i int, text string) error {
			if text == "" {
				return &Error{Path: s.path, Row: i + 1, Msg: "empty: expected a class"}
			}
			if _, ok := seen[text]; !ok && len(seen) >= maxClasses {
				return tooManyClasses(s.path)
			} else if !ok {
				seen[text] = text
			}
			l.names = append(l.names, seen[text])
			return nil
		})
		return l, err
	}
	e, ok := elementOf(a.descr)
	if !ok {
		return l, notNumbers(s.path, a.descr)
	}
	blocks, err := numbersOf[float64](s, product(a.shape), e, "labels")
	if err != nil {
		return l, err
	}
	if l.numbers, err = rowMajor[float64](nil, blocks, a.shape, a.fortran); err != nil {
		return l, err
	}
	return l, s.end("array")
}

// fractions says whether some number is not whole, as numbers to predict are and classes are not.
func (l *labelList) fractions() bool {
	return slices.ContainsFunc(l.numbers, func(v float64) bool { return v == v && v != math.Trunc(v) })
}

// checkCount refuses numbers of too many classes.
func (l *labelList) checkCount() error {
	seen := map[float64]bool{}
	for _, v := range l.numbers {
		if seen[v] = true; len(seen) > maxClasses {
			return tooManyClasses(l.path)
		}
	}
	return nil
}

func tooManyClasses(path string) error {
	return wrong(path, "more than %d classes: expected labels, or --label none", maxClasses)
}

// readNames reads an array of texts or of numbers as names.
func readNames(s *stream, a *arrayInfo) ([]string, error) {
	if !a.text() {
		e, ok := elementOf(a.descr)
		if !ok {
			return nil, notNumbers(s.path, a.descr)
		}
		blocks, err := numbersOf[float64](s, product(a.shape), e, "names")
		if err != nil {
			return nil, err
		}
		numbers, err := rowMajor[float64](nil, blocks, a.shape, a.fortran)
		if err != nil {
			return nil, err
		}
		list := labelList{numbers: numbers}
		return list.text(), s.end("array")
	}
	var names []string
	err := readTexts(s, a, func(_ int, text string) error {
		names = append(names, text)
		return nil
	})
	return names, err
}

// readTexts hands the texts of an array to use, one after the other.
func readTexts(s *stream, a *arrayInfo, use func(i int, text string) error) error {
	size, ok := a.textSize()
	if !ok {
		return wrong(s.path, "text of type %q: expected texts of 1 to %d bytes", clip(a.descr), maxText)
	}
	n := product(a.shape)
	if err := s.can(int64(n)*int64(size), "texts"); err != nil {
		return err
	}
	decode := textDecoder(a.descr)
	piece := make([]byte, size)
	for i := range n {
		if i%blockValues == 0 {
			if err := s.ask(int64(min(blockValues, n-i))*int64(size+16), "texts"); err != nil {
				return err
			}
		}
		if err := s.full(piece, "texts"); err != nil {
			return err
		}
		text, ok := decode(piece)
		if !ok {
			return &Error{Path: s.path, Row: i + 1, Offset: s.at - int64(size), Msg: fmt.Sprintf("% x: expected text in %s", piece[:min(size, 8)], typeName(a.descr))}
		}
		if err := use(i, text); err != nil {
			return err
		}
	}
	return s.end("array")
}

// textDecoder returns how a text of this type becomes a string; false is damage. Zeros fill a text up.
func textDecoder(descr string) func([]byte) (string, bool) {
	if bareType(descr)[0] == 'S' {
		return func(b []byte) (string, bool) {
			text := strings.TrimRight(string(b), "\x00")
			return text, utf8.ValidString(text) && !strings.ContainsRune(text, 0)
		}
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if descr[0] == '>' {
		order = binary.BigEndian
	}
	return func(b []byte) (string, bool) {
		var text strings.Builder
		ended := false
		for ; len(b) > 0; b = b[4:] {
			r := order.Uint32(b)
			if ended = ended || r == 0; ended && r == 0 {
				continue
			}
			if ended || r > utf8.MaxRune || !utf8.ValidRune(rune(r)) {
				return "", false
			}
			text.WriteRune(rune(r))
		}
		return text.String(), true
	}
}
