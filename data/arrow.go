package data

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	arrays "github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

// arrowFrame reads a table, a batch of rows at a time.
func arrowFrame(f *randomFile, how *Reading) (t *columnar, said string, err error) {
	err = f.guarded("an Arrow file", func() error {
		batches, form, err := arrowBatches(f)
		if err != nil {
			return err
		}
		r := &arrowReader{}
		specs, index := arrowSpecs(batches.schema)
		if t, err = newColumnar(f, specs, index, how); err != nil {
			return err
		}
		r.columnar = t
		for {
			b, err := batches.next()
			if b == nil && err == nil {
				break
			}
			if err == nil {
				err = r.batch(b)
				b.Release()
			}
			if err != nil {
				return err
			}
		}
		said = fmt.Sprintf("%s, %d rows of %d columns", form, t.rows, len(t.fields))
		return nil
	})
	return t, said, err
}

// batchReader gives the batches of a file or a stream, nil behind the last.
type batchReader struct {
	schema *arrow.Schema
	next   func() (arrow.RecordBatch, error)
}

// arrowBatches finds out how a file holds its batches.
func arrowBatches(f *randomFile) (*batchReader, string, error) {
	magic := make([]byte, 6)
	if n, err := f.ReadAt(magic, 0); n < 6 {
		return nil, "", errors.Join(io.ErrUnexpectedEOF, err)
	}
	options := []ipc.Option{ipc.WithAllocator(&boundedMemory{file: f}), ipc.WithMetadataSizeLimit(min(f.size, 64<<20)), ipc.WithBodySizeLimit(f.size)}
	g := &arrowGuard{file: f}
	defer g.close()
	switch {
	case strings.HasPrefix(string(magic), "FEA1"):
		return nil, "", wrong(f.path, "Feather of version 1: expected version 2, that is, an Arrow file, as pandas makes it by read_feather(OLD).to_feather(NEW)")
	case string(magic) == "ARROW1":
		if err := g.whole(); err != nil {
			return nil, "", err
		}
		r, err := ipc.NewFileReader(io.NewSectionReader(f, 0, f.size), options...)
		if err != nil {
			return nil, "", err
		}
		k := 0
		return &batchReader{r.Schema(), func() (arrow.RecordBatch, error) {
			if k == r.NumRecords() {
				return nil, nil
			}
			k++
			return r.RecordBatchAt(k - 1)
		}}, "Arrow", nil
	}
	if err := g.stream(); err != nil {
		return nil, "", err
	}
	r, err := ipc.NewReader(io.NewSectionReader(f, 0, f.size), options...)
	if err != nil {
		return nil, "", err
	}
	return &batchReader{r.Schema(), func() (arrow.RecordBatch, error) {
		if !r.Next() {
			return nil, r.Err()
		}
		b := r.RecordBatch()
		b.Retain()
		return b, nil
	}}, "a stream of Arrow", nil
}

// boundedMemory gives the library memory, no more at once than the file could need.
type boundedMemory struct {
	file  *randomFile
	taken int // now
	asked int
}

// What the buffers of a batch may have together: so many bytes, and so many times the file's size.
const (
	mostBuffer  = 64 << 20
	mostBuffers = 256
)

// Allocate is the library's: it returns so many bytes of zeros.
func (m *boundedMemory) Allocate(size int) []byte {
	if m.taken += size; size < 0 || int64(m.taken) > mostBuffer+mostBuffers*m.file.size {
		panic(fmt.Sprintf("buffers of %d bytes in a file of %d: expected smaller batches of rows", m.taken, m.file.size))
	}
	if m.taken > m.asked {
		m.asked = m.taken + 8<<20
		if err := m.file.ask(int64(m.asked), "batches"); err != nil {
			panic(&askedError{err})
		}
	}
	return make([]byte, size)
}

// Reallocate is the library's: it returns b with another size.
func (m *boundedMemory) Reallocate(size int, b []byte) []byte {
	if size <= cap(b) {
		return b[:size]
	}
	n := m.Allocate(size)
	copy(n, b)
	m.Free(b)
	return n
}

// Free is the library's: b is used no more.
func (m *boundedMemory) Free(b []byte) { m.taken -= cap(b) }

// arrowSpecs describes the columns, and names those that pandas had for an index.
func arrowSpecs(schema *arrow.Schema) ([]columnSpec, []string) {
	specs := make([]columnSpec, schema.NumFields())
	for j, f := range schema.Fields() {
		specs[j].name = f.Name
		specs[j].kind, specs[j].why = arrowKind(f.Type)
	}
	note, _ := schema.Metadata().GetValue("pandas")
	return specs, pandasIndex(note)
}

// arrowKind tells what the cells of a type are.
func arrowKind(t arrow.DataType) (specKind, string) {
	switch t := t.(type) {
	case *arrow.NullType:
		return specEmpty, ""
	case *arrow.BooleanType:
		return specBool, ""
	case *arrow.StringType, *arrow.LargeStringType, *arrow.StringViewType:
		return specText, ""
	case *arrow.Date32Type, *arrow.Date64Type, *arrow.TimestampType:
		return specDate, ""
	case *arrow.DictionaryType:
		kind, why := arrowKind(t.ValueType)
		if kind == specEmpty {
			return specOther, "a dictionary of nothing"
		}
		return kind, why
	case arrow.ExtensionType:
		return arrowKind(t.StorageType())
	case *arrow.Float16Type, *arrow.Float32Type, *arrow.Float64Type, arrow.DecimalType:
		return specNumber, ""
	}
	if arrow.IsInteger(t.ID()) {
		return specNumber, ""
	}
	return specOther, strings.ReplaceAll(t.Name(), "_", " ")
}

// arrowReader puts batches into a frame.
type arrowReader struct{ *columnar }

// batch takes the rows of a batch.
func (r *arrowReader) batch(b arrow.RecordBatch) error {
	rows := int(b.NumRows())
	used := 0
	takes := make([]func(i, k int) error, len(r.fields))
	for j, field := range r.fields {
		if field.at < 0 && field.texts == nil {
			continue
		}
		if b.Column(j).Len() != rows {
			return fmt.Errorf("%d cells of column %d in a batch of %d rows", b.Column(j).Len(), j+1, rows)
		}
		used++
		takes[j] = r.taker(j, b.Column(j))
	}
	if used == 0 {
		return nil
	}
	if float64(r.rows+rows)*float64(used) > float64(mostCellsPerByte)*float64(r.file.size)+1<<22 {
		return wrong(r.path, "%d rows in %d bytes: expected at most %d cells a byte", r.rows+rows, r.file.size, mostCellsPerByte)
	}
	for first := 0; first < rows; {
		n := min(rows-first, r.rowsAtOnce())
		if err := r.begin(n); err != nil {
			return err
		}
		for _, take := range takes {
			for i := 0; i < n && take != nil; i++ {
				if err := take(i, first+i); err != nil {
					return err
				}
			}
		}
		first += n
	}
	return nil
}

// taker returns what puts cell k of an array into row i of the block.
func (r *arrowReader) taker(j int, a arrow.Array) func(i, k int) error {
	take := r.values(j, a)
	return func(i, k int) error {
		if a.IsNull(k) {
			r.putMissing(j, i)
			return nil
		}
		return take(i, k)
	}
}

// values is taker for cells that are there.
func (r *arrowReader) values(j int, a arrow.Array) func(i, k int) error {
	switch a := a.(type) {
	case *arrays.Dictionary:
		take := r.taker(j, a.Dictionary())
		return func(i, k int) error { return take(i, a.GetValueIndex(k)) }
	case arrays.ExtensionArray:
		return r.taker(j, a.Storage())
	case *arrays.Boolean:
		return func(i, k int) error { r.putBool(j, i, a.Value(k)); return nil }
	case *arrays.Float64:
		return func(i, k int) error { return r.putNumber(j, i, a.Value(k), 64) }
	case *arrays.Float32:
		return func(i, k int) error { return r.putNumber(j, i, float64(a.Value(k)), 32) }
	case *arrays.Float16:
		return func(i, k int) error { return r.putNumber(j, i, float64(a.Value(k).Float32()), 32) }
	case *arrays.String:
		return func(_, k int) error { r.putText(j, []byte(a.Value(k))); return nil }
	case *arrays.LargeString:
		return func(_, k int) error { r.putText(j, []byte(a.Value(k))); return nil }
	case *arrays.StringView:
		return func(_, k int) error { r.putText(j, []byte(a.Value(k))); return nil }
	case *arrays.Date32:
		return func(i, k int) error { r.putDate(j, i, int64(a.Value(k)), 1); return nil }
	case *arrays.Date64:
		return func(i, k int) error { r.putDate(j, i, int64(a.Value(k)), secondsADay*1e3); return nil }
	case *arrays.Timestamp:
		perDay := int64(secondsADay)
		for range a.DataType().(*arrow.TimestampType).Unit {
			perDay *= 1000
		}
		return func(i, k int) error { r.putDate(j, i, int64(a.Value(k)), perDay); return nil }
	}
	if arrow.IsInteger(a.DataType().ID()) {
		return r.wholes(j, a)
	}
	return func(i, k int) error { return r.putDecimal(j, i, a.ValueStr(k)) }
}

// wholes is values for whole numbers.
func (r *arrowReader) wholes(j int, a arrow.Array) func(i, k int) error {
	switch a := a.(type) {
	case *arrays.Int8:
		return func(i, k int) error { return r.putWhole(j, i, int64(a.Value(k))) }
	case *arrays.Int16:
		return func(i, k int) error { return r.putWhole(j, i, int64(a.Value(k))) }
	case *arrays.Int32:
		return func(i, k int) error { return r.putWhole(j, i, int64(a.Value(k))) }
	case *arrays.Int64:
		return func(i, k int) error { return r.putWhole(j, i, a.Value(k)) }
	case *arrays.Uint8:
		return func(i, k int) error { return r.putUnsigned(j, i, uint64(a.Value(k))) }
	case *arrays.Uint16:
		return func(i, k int) error { return r.putUnsigned(j, i, uint64(a.Value(k))) }
	case *arrays.Uint32:
		return func(i, k int) error { return r.putUnsigned(j, i, uint64(a.Value(k))) }
	}
	return func(i, k int) error { return r.putUnsigned(j, i, a.(*arrays.Uint64).Value(k)) }
}
