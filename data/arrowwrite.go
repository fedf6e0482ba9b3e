package data

import (
	"bufio"

	"github.com/apache/arrow-go/v18/arrow"
	arrays "github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// arrowWriter writes a file of Arrow's, packed by Zstandard with its checksums.
type arrowWriter struct {
	b       *bufio.Writer
	w       *ipc.FileWriter
	schema  *arrow.Schema
	columns []typedColumn
	build   []arrays.Builder
	levels  []arrow.Array // by column, nil where it has none
	rows    int           // of the batch so far
	most    int           // rows of a batch
}

func (a *arrowWriter) begin(s *Set, _ int) error {
	var err error
	if a.columns, err = typedColumns(s); err != nil {
		return err
	}
	a.levels = make([]arrow.Array, len(a.columns))
	var fields []arrow.Field
	for k, c := range a.columns {
		f := arrow.Field{Name: c.name, Type: arrowType(c.kind), Nullable: c.gaps}
		if c.kind == typedLevels {
			b := arrays.NewStringBuilder(memory.DefaultAllocator)
			b.AppendValues(c.levels, nil)
			a.levels[k] = b.NewArray()
			a.build = append(a.build, arrays.NewInt32Builder(memory.DefaultAllocator))
		} else {
			a.build = append(a.build, arrays.NewBuilder(memory.DefaultAllocator, f.Type))
		}
		fields = append(fields, f)
	}
	a.most = max(1, min(1<<15, 1<<20/max(len(a.columns), 1)))
	a.schema = arrow.NewSchema(fields, nil)
	a.w, err = ipc.NewFileWriter(a.b, ipc.WithSchema(a.schema), ipc.WithZstd())
	return err
}

// arrowType is the type of a column.
func arrowType(kind typedKind) arrow.DataType {
	switch kind {
	case typedFloat:
		return arrow.PrimitiveTypes.Float32
	case typedDouble:
		return arrow.PrimitiveTypes.Float64
	case typedBool:
		return arrow.FixedWidthTypes.Boolean
	case typedDate:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	case typedID:
		return arrow.BinaryTypes.String
	case typedLevels:
		return &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
	}
	return arrow.PrimitiveTypes.Int64
}

func (a *arrowWriter) part(s *Set) error {
	for i := 0; i < s.Rows; {
		n := min(s.Rows-i, a.most-a.rows)
		for k := range a.columns {
			for r := i; r < i+n; r++ {
				if err := a.add(s, r, k); err != nil {
					return err
				}
			}
		}
		i += n
		if a.rows += n; a.rows == a.most {
			if err := a.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// add appends the cell of column k of a row to the batch.
func (a *arrowWriter) add(s *Set, i, k int) error {
	c := &a.columns[k]
	if c.missing(s, i) {
		a.build[k].AppendNull()
		return nil
	}
	switch b := a.build[k].(type) {
	case *arrays.Float32Builder:
		b.Append(float32(s.value(i*s.Cols + c.column)))
	case *arrays.Float64Builder:
		b.Append(s.value(i*s.Cols + c.column))
	case *arrays.BooleanBuilder:
		b.Append(s.value(i*s.Cols+c.column) == 1)
	case *arrays.StringBuilder:
		b.Append(s.IDs[i])
	case *arrays.Int32Builder:
		b.Append(int32(c.level(s, i)))
	default:
		v, err := c.whole(s, i)
		if err != nil {
			return err
		}
		if b, ok := b.(*arrays.TimestampBuilder); ok {
			b.Append(arrow.Timestamp(v))
			return nil
		}
		b.(*arrays.Int64Builder).Append(v)
	}
	return nil
}

// flush writes the batch.
func (a *arrowWriter) flush() error {
	columns := make([]arrow.Array, len(a.columns))
	for k := range columns {
		columns[k] = a.build[k].NewArray()
		if a.levels[k] != nil {
			columns[k] = arrays.NewDictionaryArray(a.schema.Field(k).Type, columns[k], a.levels[k])
		}
	}
	batch := arrays.NewRecordBatch(a.schema, columns, int64(a.rows))
	a.rows = 0
	return a.w.Write(batch)
}

func (a *arrowWriter) end() error {
	if a.rows > 0 {
		if err := a.flush(); err != nil {
			return err
		}
	}
	if err := a.w.Close(); err != nil {
		return err
	}
	return a.b.Flush()
}
