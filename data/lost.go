package data

import "fmt"

// Lost says what of a set a file that [Write] makes under that name does not hold, in a few words each; nil where it
// holds all.
func Lost(path string, s *Set) (lost []string) {
	kind := format(path)
	bare := kind == "npy" || kind == "idx"
	if bare && s.IDs != nil {
		lost = append(lost, "names of rows")
	}
	if bare && s.Labels != nil {
		lost = append(lost, "labels")
	}
	if bare && haveNames(s.Columns) {
		lost = append(lost, "names of columns")
	}
	if (bare || kind == "npz") && !allReal(s.Columns) {
		lost = append(lost, "kinds of columns (a category is the number of its level, a date days since 1970)")
	}
	array := bare || kind == "npz" || kind == "safetensors"
	if array && s.CheckGaps() != nil {
		lost = append(lost, "which cells are missing (they are NaN)")
	}
	if !array && s.Height > 0 && s.Layout != LayoutFlat && s.Layout != LayoutFlatCHW {
		layout := fmt.Sprintf("%dx%d", s.Height, s.Width)
		if s.Channels > 1 {
			layout += fmt.Sprintf("x%d", s.Channels)
		}
		lost = append(lost, "that rows are images (--layout "+layout+" says so)")
	}
	return lost
}

// Raw returns rows as a file that [Write] makes under that name holds them in their own units: bytes as the numbers 0 to 255
// where it holds no bytes, which Write makes v/255, and whole numbers 0 to 255 as bytes where it holds nothing else, with an
// [*Error] about the first number that is none. Images that were flat rows have their shape in a file of arrays. Labels and
// names are shared, and so are numbers that stay.
func Raw(path string, s *Set) (*Set, error) {
	t := *s
	switch format(path) {
	case "csv", "tsv", "parquet", "arrow":
		if !s.IsBytes() {
			break
		}
		t.U8, t.F32, t.Black, t.White = nil, make([]float32, len(s.U8)), 0, 255
		for i, v := range s.U8 {
			t.F32[i] = float32(v)
		}
		return &t, nil
	case "idx":
		if err := t.toBytes(); err != nil {
			return nil, err
		}
	}
	switch s.Layout {
	case LayoutFlat:
		t.Layout = LayoutPlain
	case LayoutFlatCHW:
		t.Layout = LayoutCHW
	}
	return &t, nil
}

// toBytes makes whole numbers 0 to 255 bytes.
func (s *Set) toBytes() error {
	if s.IsBytes() {
		return nil
	}
	bytes := make([]uint8, s.Rows*s.Cols)
	for i := range bytes {
		v := s.value(i)
		if bytes[i] = uint8(min(max(v, 0), 255)); float64(bytes[i]) != v {
			e := s.place(s.Name, i)
			e.Msg = fmt.Sprintf("%g: expected a whole number 0 to 255, as IDX holds bytes: choose another format", v)
			return e
		}
	}
	s.U8, s.F32, s.F64, s.Columns, s.Gaps, s.Black, s.White = bytes, nil, nil, nil, false, 0, 0
	return nil
}
