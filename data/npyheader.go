package data

import (
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// recordType stands for the element types of records, which have a list of fields for a description.
const recordType = "records"

// npyHeader is what an NPY file says about its array (numpy.lib.format).
type npyHeader struct {
	descr   string // element type: byte order, kind, bytes, as in "<f4"
	fortran bool   // the first index varies fastest, not the last
	shape   []int
}

const npyMagic = "\x93NUMPY"

// The header is the text of a Python dictionary with three known keys; these find its values whatever their order.
var (
	npyDescr   = regexp.MustCompile(`['"]descr['"]\s*:\s*['"]([^'"]*)['"]`)
	npyRecord  = regexp.MustCompile(`['"]descr['"]\s*:\s*[\[(]`)
	npyFortran = regexp.MustCompile(`['"]fortran_order['"]\s*:\s*(True|False)`)
	npyShape   = regexp.MustCompile(`['"]shape['"]\s*:\s*\(([0-9,\sL]*)\)`)
)

// maxNPYHeader bounds the header's text; numpy itself reads 10,000 bytes unless told otherwise.
const maxNPYHeader = 1 << 16

// readNPYHeader reads up to the first element.
func readNPYHeader(s *stream) (h npyHeader, err error) {
	var pre [8]byte
	if err := s.full(pre[:], "NPY header"); err != nil {
		return h, err
	}
	if string(pre[:6]) != npyMagic {
		return h, wrong(s.path, "starts with % x: expected an NPY header (% x)", pre[:6], npyMagic)
	}
	if pre[6] < 1 || pre[6] > 3 {
		return h, &Error{Path: s.path, Offset: 6, Msg: fmt.Sprintf("NPY version %d: expected 1, 2 or 3", pre[6])}
	}
	wide := make([]byte, 4) // the length of the text: 2 bytes in version 1, 4 since
	used := wide
	if pre[6] == 1 {
		used = wide[:2]
	}
	if err := s.full(used, "NPY header"); err != nil {
		return h, err
	}
	n := binary.LittleEndian.Uint32(wide)
	if n > maxNPYHeader {
		return h, &Error{Path: s.path, Offset: 8, Msg: fmt.Sprintf("a header of %d bytes: expected at most %d", n, maxNPYHeader)}
	}
	text, err := s.grow(int64(n), "NPY header")
	if err != nil {
		return h, err
	}
	return parseNPYHeader(s.path, string(text))
}

// parseNPYHeader reads the three keys out of the dictionary.
func parseNPYHeader(path, text string) (h npyHeader, err error) {
	descr, fortran, shape := npyDescr.FindStringSubmatch(text), npyFortran.FindStringSubmatch(text), npyShape.FindStringSubmatch(text)
	if descr == nil && npyRecord.MatchString(text) {
		descr = []string{"", recordType}
	}
	switch {
	case descr == nil:
		return h, wrong(path, "NPY header without a simple 'descr': expected one array of numbers, as '<f4'")
	case fortran == nil:
		return h, wrong(path, "NPY header without 'fortran_order': expected True or False")
	case shape == nil:
		return h, wrong(path, "NPY header without 'shape': expected sizes in parentheses")
	}
	h.descr, h.fortran = descr[1], fortran[1] == "True"
	for _, f := range strings.Split(shape[1], ",") {
		f = strings.TrimSuffix(strings.TrimSpace(f), "L") // long integers of Python 2
		if f == "" {
			continue
		}
		d, err := strconv.Atoi(f)
		if err != nil {
			return h, wrong(path, "NPY shape (%s): expected sizes that fit", clip(shape[1]))
		}
		h.shape = append(h.shape, d)
	}
	if product(h.shape) < 0 {
		return h, wrong(path, "NPY shape (%s): expected sizes whose product fits", clip(shape[1]))
	}
	return h, nil
}

// formatNPYHeader is the version 1 header of a row-major array, padded so that the elements start at a multiple of 64.
func formatNPYHeader(descr string, shape []int) []byte {
	var dims strings.Builder
	for i, d := range shape {
		if i > 0 {
			dims.WriteString(", ")
		}
		dims.WriteString(strconv.Itoa(d))
	}
	if len(shape) == 1 {
		dims.WriteByte(',')
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, &dims)
	pad := 63 - (10+len(text))%64
	text += strings.Repeat(" ", pad) + "\n"
	head := append([]byte(npyMagic), 1, 0)
	head = binary.LittleEndian.AppendUint16(head, uint16(len(text)))
	return append(head, text...)
}
