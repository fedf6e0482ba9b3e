package data

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	pq "github.com/parquet-go/parquet-go/format"
)

// parquetFrame reads a table; of the columns that are no use, nothing.
func parquetFrame(f *randomFile, how *Reading) (t *columnar, said string, err error) {
	err = f.guarded("a Parquet file", func() error {
		if !isParquet(f) {
			return errors.New("it does not begin as Parquet does")
		}
		if err := checkFooter(f); err != nil {
			return err
		}
		file, err := parquet.OpenFile(f, f.size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
		if err != nil {
			return err
		}
		p := &parquetReader{file: file}
		t, err = newColumnar(f, p.schema(), p.index(), how)
		if err != nil {
			return err
		}
		p.columnar = t
		for k := range file.Metadata().RowGroups {
			if err := p.group(&file.Metadata().RowGroups[k], file.RowGroups()[k]); err != nil {
				return err
			}
		}
		said = fmt.Sprintf("Parquet, %d rows of %d columns", t.rows, len(t.fields))
		return nil
	})
	return t, said, err
}

// parquetReader reads the row groups of a file.
type parquetReader struct {
	*columnar
	file *parquet.File
	leaf []int  // column of the file of each field, -1 where it is none
	half []bool // by field: the library does not know float16
	put  []func(i int, v parquet.Value) error
}

// index are the names of the columns that pandas had for an index.
func (p *parquetReader) index() []string {
	note, _ := p.file.Lookup("pandas")
	return pandasIndex(note)
}

// schema describes the columns.
func (p *parquetReader) schema() []columnSpec {
	var specs []columnSpec
	elements := p.elements()
	for k, c := range p.file.Root().Columns() {
		s := columnSpec{name: c.Name(), kind: specOther, why: "a list or a struct"}
		p.leaf, p.half = append(p.leaf, -1), append(p.half, false)
		if c.Leaf() && !c.Repeated() {
			s.kind, s.why = parquetKind(c.Type())
			if half(elements[k]) {
				s.kind, p.half[k] = specNumber, true
			}
			p.leaf[k] = c.Index()
		}
		specs = append(specs, s)
	}
	return specs
}

// elements are the descriptions of the columns, without those inside them.
func (p *parquetReader) elements() []*pq.SchemaElement {
	var top []*pq.SchemaElement
	inside := int64(0)
	for k := range p.file.Metadata().Schema {
		e := &p.file.Metadata().Schema[k]
		switch {
		case k == 0:
			continue
		case inside > 0:
			inside--
		default:
			top = append(top, e)
		}
		inside += int64(max(e.NumChildren.V, 0))
	}
	return top
}

// half says whether a column is of float16.
func half(e *pq.SchemaElement) bool {
	_, is := e.LogicalType.Value.(*pq.Float16Type)
	return is && e.Type.Valid && e.Type.V == pq.FixedLenByteArray && e.TypeLength.V == 2
}

// parquetKind tells what the cells of a type are.
func parquetKind(t parquet.Type) (specKind, string) {
	if l := t.LogicalType(); l != nil && l.Value != nil {
		switch l.Value.(type) {
		case *pq.StringType, *pq.EnumType, *pq.JsonType, *pq.UUIDType:
			return specText, ""
		case *pq.DecimalType, *pq.IntType:
			return specNumber, ""
		case *pq.DateType, *pq.TimestampType:
			return specDate, ""
		case *pq.NullType:
			return specEmpty, ""
		case *pq.TimeType:
			return specOther, "times of day"
		}
		return specOther, strings.ToLower(l.String())
	}
	switch t.Kind() {
	case parquet.Boolean:
		return specBool, ""
	case parquet.Int96:
		return specDate, ""
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return specOther, "binary"
	}
	return specNumber, ""
}

// valuesAtOnce is how many cells of a column are decoded at a time.
const valuesAtOnce = 128

// cellsAtOnce is how many cells a row group may have for its columns to be read one after the other, which takes less
// than all of them side by side.
const cellsAtOnce = 1 << 22

// cursor is where the reading of a column of a row group is.
type cursor struct {
	column int // of the frame
	chunk  parquet.ColumnChunk
	pages  parquet.Pages // nil before the first is read and behind the last
	page   parquet.Page
	values parquet.ValueReader
	buffer []parquet.Value
	have   []parquet.Value // of buffer, not used so far
}

// mostCellsPerByte is how many cells may come of a byte of a file in the end: a column of one value takes next to no
// room, but a table of such columns has nothing to learn from.
const mostCellsPerByte = 1 << 13

// group reads a row group.
func (p *parquetReader) group(m *pq.RowGroup, g parquet.RowGroup) error {
	if m.NumRows < 0 || m.NumRows > math.MaxInt32 {
		return errClaim
	}
	if m.NumRows == 0 { // what pages there are hold nothing
		return nil
	}
	if p.put == nil {
		p.put = make([]func(int, parquet.Value) error, len(p.fields))
		for j := range p.fields {
			if p.leaf[j] >= 0 {
				p.put[j] = p.putter(j, p.file.Root().Columns()[j].Type())
			}
		}
	}
	guard := pageGuard{file: p.columnar.file}
	var cursors []*cursor
	defer func() {
		for _, c := range cursors {
			c.close()
		}
	}()
	for j, field := range p.fields {
		if field.at < 0 && field.texts == nil {
			continue
		}
		guard.optional = p.file.Root().Columns()[j].Optional()
		n, err := guard.check(&m.Columns[p.leaf[j]].MetaData)
		if err != nil {
			return err
		}
		if n != m.NumRows {
			return fmt.Errorf("%d cells of column %d in a group of %d rows", n, j+1, m.NumRows)
		}
		cursors = append(cursors, &cursor{column: j, chunk: g.ColumnChunks()[p.leaf[j]]})
	}
	if float64(int64(p.rows)+m.NumRows)*float64(len(cursors)) > float64(mostCellsPerByte)*float64(p.columnar.file.size)+1<<22 {
		return wrong(p.path, "%d rows in %d bytes: expected at most %d cells a byte", int64(p.rows)+m.NumRows, p.columnar.file.size, mostCellsPerByte)
	}
	for left := int(m.NumRows); left > 0; {
		n := min(left, max(p.rowsAtOnce(), valuesAtOnce))
		if left*len(cursors) <= cellsAtOnce {
			n = left
		}
		if err := p.begin(n); err != nil {
			return err
		}
		for _, c := range cursors {
			if err := c.fill(n, p.put[c.column]); err != nil {
				return err
			}
			if n == left { // many columns take much room
				c.close()
			}
		}
		left -= n
	}
	return nil
}

// close gives back what reading took.
func (c *cursor) close() {
	if c.page != nil {
		parquet.Release(c.page)
	}
	if c.pages != nil {
		c.pages.Close()
	}
	*c = cursor{}
}

// fill puts the next n cells of a column.
func (c *cursor) fill(n int, put func(i int, v parquet.Value) error) error {
	for i := 0; i < n; {
		if len(c.have) == 0 {
			if err := c.more(); err != nil {
				return err
			}
			continue
		}
		k := min(len(c.have), n-i)
		for _, v := range c.have[:k] {
			if err := put(i, v); err != nil {
				return err
			}
			i++
		}
		c.have = c.have[k:]
	}
	return nil
}

// more reads cells of the page, or of the next one.
func (c *cursor) more() error {
	if c.buffer == nil {
		c.buffer = make([]parquet.Value, valuesAtOnce)
	}
	if c.pages == nil {
		c.pages = c.chunk.Pages()
	}
	if c.page == nil {
		page, err := c.pages.ReadPage()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		c.page, c.values = page, page.Values()
	}
	n, err := c.values.ReadValues(c.buffer)
	c.have = c.buffer[:n]
	switch {
	case errors.Is(err, io.EOF) && n == 0:
		parquet.Release(c.page)
		c.page = nil
	case err != nil && !errors.Is(err, io.EOF):
		return err
	case err == nil && n == 0:
		return io.ErrNoProgress
	}
	return nil
}

// putter returns what takes the cells of column j.
func (p *parquetReader) putter(j int, t parquet.Type) func(i int, v parquet.Value) error {
	take := p.taker(j, t)
	return func(i int, v parquet.Value) error {
		if v.IsNull() {
			p.putMissing(j, i)
			return nil
		}
		return take(i, v)
	}
}

// taker returns what takes the cells that are there.
func (p *parquetReader) taker(j int, t parquet.Type) func(i int, v parquet.Value) error {
	if p.half[j] {
		return func(i int, v parquet.Value) error {
			return p.putNumber(j, i, halfToFloat(binary.LittleEndian.Uint16(v.ByteArray())), 32)
		}
	}
	if l := t.LogicalType(); l != nil {
		switch l := l.Value.(type) {
		case *pq.UUIDType:
			return func(_ int, v parquet.Value) error {
				p.putText(j, []byte(hex.EncodeToString(v.ByteArray())))
				return nil
			}
		case *pq.DecimalType:
			return func(i int, v parquet.Value) error { return p.putDecimal(j, i, decimalText(unscaled(v), int(l.Scale))) }
		case *pq.DateType:
			return func(i int, v parquet.Value) error { p.putDate(j, i, int64(v.Int32()), 1); return nil }
		case *pq.TimestampType:
			perDay := int64(24 * time.Hour / l.Unit.Value.Duration())
			return func(i int, v parquet.Value) error { p.putDate(j, i, v.Int64(), perDay); return nil }
		case *pq.IntType:
			if !l.IsSigned && t.Kind() == parquet.Int32 {
				return func(i int, v parquet.Value) error { return p.putUnsigned(j, i, uint64(v.Uint32())) }
			}
			if !l.IsSigned {
				return func(i int, v parquet.Value) error { return p.putUnsigned(j, i, v.Uint64()) }
			}
		}
	}
	switch t.Kind() {
	case parquet.Boolean:
		return func(i int, v parquet.Value) error { p.putBool(j, i, v.Boolean()); return nil }
	case parquet.Int32:
		return func(i int, v parquet.Value) error { return p.putWhole(j, i, int64(v.Int32())) }
	case parquet.Int64:
		return func(i int, v parquet.Value) error { return p.putWhole(j, i, v.Int64()) }
	case parquet.Float:
		return func(i int, v parquet.Value) error { return p.putNumber(j, i, float64(v.Float()), 32) }
	case parquet.Double:
		return func(i int, v parquet.Value) error { return p.putNumber(j, i, v.Double(), 64) }
	case parquet.Int96: // Impala's moments: nanoseconds of a Julian day
		return func(i int, v parquet.Value) error {
			w := v.Int96()
			nanos := int64(w[1])<<32 | int64(w[0])
			const julian = 2440588 // of 1970-01-01
			p.putDate(j, i, (int64(w[2])-julian)*(secondsADay*1e6)+nanos/1000, secondsADay*1e6)
			return nil
		}
	}
	return func(_ int, v parquet.Value) error { p.putText(j, v.ByteArray()); return nil }
}

// unscaled is the whole number of a decimal.
func unscaled(v parquet.Value) *big.Int {
	switch v.Kind() {
	case parquet.Int32:
		return big.NewInt(int64(v.Int32()))
	case parquet.Int64:
		return big.NewInt(v.Int64())
	}
	b := v.ByteArray()
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n
}

// decimalText writes n / 10^scale.
func decimalText(n *big.Int, scale int) string {
	digits := new(big.Int).Abs(n).String()
	if scale > 0 && scale < 1000 {
		if len(digits) <= scale {
			digits = strings.Repeat("0", scale-len(digits)+1) + digits
		}
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if n.Sign() < 0 {
		digits = "-" + digits
	}
	return digits
}
