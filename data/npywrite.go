package data

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// npyWriter writes the features as one array, uint8, float32 or float64, with the images' geometry where it is known. A
// category is the number of its level, a missing cell NaN.
type npyWriter struct{ b *bufio.Writer }

func (n *npyWriter) begin(s *Set, rows int) error {
	descr, size := "<f4", 4
	switch {
	case s.U8 != nil:
		descr, size = "|u1", 1
	case s.F64 != nil:
		descr, size = "<f8", 8
	}
	if product([]int{rows, s.Cols, size}) < 0 {
		return wrong(s.Name, "%d rows of %d numbers are more than an NPY array can hold: expected fewer, or a CSV file", rows, s.Cols)
	}
	_, err := n.b.Write(formatNPYHeader(descr, s.shape(rows)))
	return err
}

func (n *npyWriter) part(s *Set) error {
	if _, err := n.b.Write(s.U8); err != nil {
		return err
	}
	var eight [8]byte
	for _, v := range s.F32 {
		binary.LittleEndian.PutUint32(eight[:], math.Float32bits(v))
		if _, err := n.b.Write(eight[:4]); err != nil {
			return err
		}
	}
	for _, v := range s.F64 {
		binary.LittleEndian.PutUint64(eight[:], math.Float64bits(v))
		if _, err := n.b.Write(eight[:]); err != nil {
			return err
		}
	}
	return nil
}

func (n *npyWriter) end() error { return n.b.Flush() }

// writeNPYLabels writes the labels as a one-dimensional array of int64.
func writeNPYLabels(w io.Writer, labels []int32) error {
	b := bufio.NewWriterSize(w, 1<<16)
	b.Write(formatNPYHeader("<i8", []int{len(labels)}))
	var eight [8]byte
	for _, l := range labels {
		binary.LittleEndian.PutUint64(eight[:], uint64(l))
		b.Write(eight[:])
	}
	return b.Flush()
}

// writeNPYTexts writes texts as a one-dimensional array of Unicode, each as wide as the longest.
func writeNPYTexts(w io.Writer, path string, texts []string) error {
	wide := 1
	for i, text := range texts {
		wide = max(wide, utf8.RuneCountInString(text))
		if 4*wide > maxText || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return &Error{Path: path, Row: i + 1, Msg: fmt.Sprintf("%q: expected UTF-8 of up to %d characters, without zeros", clip(text), maxText/4)}
		}
	}
	b := bufio.NewWriterSize(w, 1<<16)
	b.Write(formatNPYHeader("<U"+strconv.Itoa(wide), []int{len(texts)}))
	cell := make([]byte, 4*wide)
	for _, text := range texts {
		clear(cell)
		at := 0
		for _, r := range text {
			binary.LittleEndian.PutUint32(cell[at:], uint32(r))
			at += 4
		}
		if _, err := b.Write(cell); err != nil {
			return err
		}
	}
	return b.Flush()
}
