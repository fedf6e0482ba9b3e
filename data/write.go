package data

import (
	"compress/gzip"
	"io"
	"strings"
)

// Write writes a set to path in the format of its ending, as [WriteAtomic] does: .npy (features alone), .npz (X, and y
// for labels), .csv and .tsv (names of rows first, categories by the names of their levels, labels as a last column
// "label"), .idx (features alone, as bytes: floats are clipped to [0,1] and rounded to the nearest v/255), and any but
// .npz with .gz behind it. NPY and NPZ hold a category as the number of its level.
//
// An unknown ending, a folder that is not there, or an inconsistent set is an [*Error]; other errors are the machine's.
func Write(path string, s *Set) error {
	if err := s.Validate(); err != nil {
		return err
	}
	var body func(io.Writer, *Set) error
	switch format(path) {
	case "npy":
		body = writeNPY
	case "npz":
		body = writeNPZ
	case "csv":
		body = func(w io.Writer, s *Set) error { return writeCSV(w, s, ',') }
	case "tsv":
		body = func(w io.Writer, s *Set) error { return writeCSV(w, s, '\t') }
	case "idx":
		body = writeIDX
	default:
		return wrong(path, "unknown kind of file to write: expected a name ending in %s", endings)
	}
	return WriteAtomic(path, func(w io.Writer) error {
		if !strings.HasSuffix(strings.ToLower(path), ".gz") {
			return body(w, s)
		}
		z := gzip.NewWriter(w)
		if err := body(z, s); err != nil {
			return err
		}
		return z.Close()
	})
}
