package data

import (
	"bufio"
	"reflect"

	"github.com/parquet-go/parquet-go"
)

// parquetWriter writes Parquet, packed by Snappy, with a checksum for each page.
type parquetWriter struct {
	b       *bufio.Writer
	w       *parquet.GenericWriter[any]
	columns []typedColumn
	texts   [][]parquet.Value // of levels, by column
	values  []parquet.Value   // of rows
	rows    []parquet.Row     // that are not written yet
	most    int               // rows that are written at once
	group   int               // rows of a group
	have    int               // rows of the group so far
}

// orderedGroup is a group of columns in their own order; the library's is in that of their names.
type orderedGroup struct {
	parquet.Group
	fields []parquet.Field
}

func (g orderedGroup) Fields() []parquet.Field { return g.fields }

type orderedField struct {
	parquet.Node
	name string
}

func (f orderedField) Name() string { return f.name }

// Value is for rows that are structs of Go, which ours are not.
func (f orderedField) Value(base reflect.Value) reflect.Value {
	return base.MapIndex(reflect.ValueOf(f.name))
}

func (p *parquetWriter) begin(s *Set, _ int) error {
	var err error
	if p.columns, err = typedColumns(s); err != nil {
		return err
	}
	root := orderedGroup{Group: parquet.Group{}}
	p.texts = make([][]parquet.Value, len(p.columns))
	for k, c := range p.columns {
		node := parquetNode(c.kind)
		if c.gaps {
			node = parquet.Optional(node)
		}
		root.Group[c.name] = node
		root.fields = append(root.fields, orderedField{node, c.name})
		for _, l := range c.levels {
			p.texts[k] = append(p.texts[k], parquet.ByteArrayValue([]byte(l)))
		}
	}
	n := max(len(p.columns), 1)
	p.most, p.group = max(1, min(256, blockValues/n)), max(1, min(1<<16, 1<<22/n))
	p.values = make([]parquet.Value, p.most*n)
	p.w = parquet.NewGenericWriter[any](p.b, parquet.NewSchema("table", root), parquet.Compression(&parquet.Snappy), parquet.CreatedBy("aegpu", "1", "-"))
	return nil
}

// parquetNode is the type of a column.
func parquetNode(kind typedKind) parquet.Node {
	switch kind {
	case typedFloat:
		return parquet.Leaf(parquet.FloatType)
	case typedDouble:
		return parquet.Leaf(parquet.DoubleType)
	case typedBool:
		return parquet.Leaf(parquet.BooleanType)
	case typedDate:
		return parquet.TimestampAdjusted(parquet.Microsecond, false)
	case typedID:
		return parquet.Encoded(parquet.String(), &parquet.Plain)
	case typedLevels:
		return parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	}
	return parquet.Int(64)
}

func (p *parquetWriter) part(s *Set) error {
	n := len(p.columns)
	for i := range s.Rows {
		at := len(p.rows) * n
		row := p.values[at : at+n : at+n]
		for k := range p.columns {
			v, err := p.value(s, i, k)
			if err != nil {
				return err
			}
			row[k] = v
		}
		if p.rows = append(p.rows, row); len(p.rows) == p.most || p.have+len(p.rows) == p.group {
			if err := p.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// value is the cell of column k of a row.
func (p *parquetWriter) value(s *Set, i, k int) (v parquet.Value, err error) {
	c := &p.columns[k]
	if c.missing(s, i) {
		return parquet.NullValue().Level(0, 0, k), nil
	}
	switch c.kind {
	case typedFloat:
		v = parquet.FloatValue(float32(s.value(i*s.Cols + c.column)))
	case typedDouble:
		v = parquet.DoubleValue(s.value(i*s.Cols + c.column))
	case typedBool:
		v = parquet.BooleanValue(s.value(i*s.Cols+c.column) == 1)
	case typedID:
		v = parquet.ByteArrayValue([]byte(s.IDs[i]))
	case typedLevels:
		v = p.texts[k][c.level(s, i)]
	default:
		whole, err := c.whole(s, i)
		if err != nil {
			return v, err
		}
		v = parquet.Int64Value(whole)
	}
	defined := 0
	if c.gaps {
		defined = 1
	}
	return v.Level(0, defined, k), nil
}

// flush writes the rows that wait, and ends their group where it is full.
func (p *parquetWriter) flush() error {
	if _, err := p.w.WriteRows(p.rows); err != nil {
		return err
	}
	p.have += len(p.rows)
	p.rows = p.rows[:0]
	if p.have < p.group {
		return nil
	}
	p.have = 0
	return p.w.Flush()
}

func (p *parquetWriter) end() error {
	if err := p.flush(); err != nil {
		return err
	}
	if err := p.w.Close(); err != nil {
		return err
	}
	return p.b.Flush()
}
