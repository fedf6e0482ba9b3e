package data

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
)

// tensorWriter writes the tensor X and, where there are labels, labels as I64 before it, so that each is aligned. The
// names of rows, columns and classes are lists of JSON in the header's metadata: ids, columns, classes. The header comes
// first: with labels or names of rows the values wait in a file without a name.
type tensorWriter struct {
	w      io.Writer
	x      npyWriter
	first  *Set // without its rows
	rows   int
	labels []int32
	ids    []string
	wait   *os.File
}

func (t *tensorWriter) begin(s *Set, rows int) error {
	t.first, t.rows = s.Head(0), rows
	if product([]int{rows, s.Cols, 8}) < 0 {
		return wrong(s.Name, "%d rows of %d numbers are more than a safetensors file can hold: expected fewer, or a CSV file", rows, s.Cols)
	}
	if err := t.few(s.IDs, rows, s.Rows); err != nil {
		return err
	}
	if s.Labels == nil && s.IDs == nil {
		t.x.b = bufio.NewWriterSize(t.w, 1<<16)
		return t.header(t.x.b)
	}
	dir := os.TempDir()
	if f, ok := t.w.(*os.File); ok && f.Name() != "" {
		dir = filepath.Dir(f.Name()) // with room for the file itself
	}
	var err error
	name := temporaryName(dir)
	if t.wait, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return err
	}
	os.Remove(name) // the open file stays; where the system refuses, close removes it
	t.x.b = bufio.NewWriterSize(t.wait, 1<<16)
	return nil
}

// few refuses more names of rows than a header can hold, of rows in all, as far as have of them tell.
func (t *tensorWriter) few(ids []string, rows, have int) error {
	bytes := 0
	for _, id := range ids {
		bytes += len(id) + 5 // quotes, which are escaped, and a comma
	}
	if float64(bytes)/float64(max(have, 1))*float64(rows) > maxTensorHeader*15/16 {
		return wrong(t.first.Name, "the names of %d rows are more than a safetensors header of %d bytes can hold: expected .npz or .csv", rows, maxTensorHeader)
	}
	return nil
}

// header writes what the file holds.
func (t *tensorWriter) header(w io.Writer) error {
	s := t.first
	type tensor struct {
		DType   string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets [2]int `json:"data_offsets"`
	}
	all, meta, at := map[string]any{}, map[string]string{}, 0
	list := func(key string, v any) error {
		text, err := json.Marshal(v)
		meta[key] = string(text)
		return err
	}
	if s.Labels != nil {
		at = 8 * t.rows
		all["labels"] = tensor{"I64", []int{t.rows}, [2]int{0, at}}
		if err := list(classArray, s.Classes); err != nil {
			return err
		}
	}
	if s.IDs != nil {
		meta["id_name"] = s.IDName
		if err := list(idArray, t.ids); err != nil {
			return err
		}
	}
	var columns any = s.Columns
	if allReal(s.Columns) {
		columns = namesOf(s.Columns)
	}
	if s.Columns != nil {
		if err := list(columnsArray, columns); err != nil {
			return err
		}
	}
	if len(meta) > 0 {
		all["__metadata__"] = meta
	}
	dtype, size := "F32", 4
	switch {
	case s.U8 != nil:
		dtype, size = "U8", 1
	case s.F64 != nil:
		dtype, size = "F64", 8
	}
	all["X"] = tensor{dtype, s.shape(t.rows), [2]int{at, at + t.rows*s.Cols*size}}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	if len(text) > maxTensorHeader {
		return wrong(s.Name, "the names take %d bytes of a safetensors header, which has at most %d: expected .npz or .csv", len(text), maxTensorHeader)
	}
	_, err = w.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...))
	return err
}

func (t *tensorWriter) part(s *Set) error {
	t.labels, t.ids = append(t.labels, s.Labels...), append(t.ids, s.IDs...)
	return t.x.part(s)
}

func (t *tensorWriter) end() error {
	if err := t.x.end(); err != nil || t.wait == nil {
		return err
	}
	b := bufio.NewWriterSize(t.w, 1<<16)
	if err := t.header(b); err != nil {
		return err
	}
	var eight [8]byte
	for _, l := range t.labels {
		binary.LittleEndian.PutUint64(eight[:], uint64(l))
		if _, err := b.Write(eight[:]); err != nil {
			return err
		}
	}
	if err := b.Flush(); err != nil {
		return err
	}
	if _, err := t.wait.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.Copy(t.w, t.wait)
	return err
}

// close gives up the file that waits, whatever happened.
func (t *tensorWriter) close() {
	if t.wait != nil {
		t.wait.Close()
		os.Remove(t.wait.Name())
	}
}
