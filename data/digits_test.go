package data

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	arrays "github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// cells are a column of a file that a test writes.
type cells struct {
	name string
	of   any // []int64, []uint64, []float64, []string
}

// arrowFile writes an Arrow file of columns, with what pandas would note in its schema.
func arrowFile(t testing.TB, path, pandas string, columns ...cells) string {
	t.Helper()
	var fields []arrow.Field
	var all []arrow.Array
	rows := int64(0)
	for _, c := range columns {
		var a arrow.Array
		switch of := c.of.(type) {
		case []int64:
			b := arrays.NewInt64Builder(memory.DefaultAllocator)
			b.AppendValues(of, nil)
			a = b.NewArray()
		case []uint64:
			b := arrays.NewUint64Builder(memory.DefaultAllocator)
			b.AppendValues(of, nil)
			a = b.NewArray()
		case []float64:
			b := arrays.NewFloat64Builder(memory.DefaultAllocator)
			b.AppendValues(of, nil)
			a = b.NewArray()
		case []string:
			b := arrays.NewStringBuilder(memory.DefaultAllocator)
			b.AppendValues(of, nil)
			a = b.NewArray()
		}
		fields, all, rows = append(fields, arrow.Field{Name: c.name, Type: a.DataType()}), append(all, a), int64(a.Len())
	}
	note := arrow.NewMetadata([]string{"pandas"}, []string{pandas})
	schema := arrow.NewSchema(fields, &note)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := ipc.NewFileWriter(f, ipc.WithSchema(schema))
	if err != nil {
		t.Fatal(err)
	}
	if rows > 0 {
		if err := w.Write(arrays.NewRecordBatch(schema, all, rows)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	return path
}

// longIDs are whole numbers that float64 cannot tell apart.
func longIDs(n int) (ids []int64, reals []float64) {
	for i := range n {
		ids, reals = append(ids, 1<<60+int64(i*7%n)), append(reals, float64(i)/4)
	}
	return ids, reals
}

// Whole numbers beyond 2^53 are exact as names of rows and classes, whatever the file, and rounded in the open as inputs.
func TestLongWholes(t *testing.T) {
	const n = 600 // more than a table's kinds are told by
	ids, x := longIDs(n)
	late := slices.Clone(ids)
	for i := range 599 {
		late[i] = int64(i * 3)
	}
	labels := make([]uint64, n)
	for i := range labels {
		labels[i] = 1<<63 + uint64(i%2)
	}
	for name, c := range map[string]struct {
		column string
		values any
		how    Reading
		want   string // ids, labels, or part of a doubt
	}{
		"id":         {"id", ids, Reading{}, "ids"},
		"first":      {"post", ids, Reading{}, "ids"},
		"asked":      {"z", ids, Reading{ID: "z"}, "ids"},
		"late":       {"id", late, Reading{}, "ids"},
		"label":      {"label", labels, Reading{}, "labels"},
		"label by k": {"k", labels, Reading{Label: "k"}, "labels"},
		"group":      {"k", labels, Reading{Group: "k"}, "groups"},
		"input":      {"k", labels, Reading{}, "beyond 2^53, which lose their last digits as numbers: k:"},
		"all differ": {"k", ids, Reading{ID: "none"}, "as ids do, and lose their last digits as numbers: k: --id"},
		"real":       {"k", ids, Reading{Types: []string{"k=real"}}, ""},
	} {
		words := strings.Fields(strings.Trim(fmt.Sprint(c.values), "[]"))
		table := rows(c.column+",x,w", n, func(i int) string { return fmt.Sprintf("%s,%g,%g", words[i], x[i], x[(i*13)%n]) })
		w := make([]float64, n)
		for i := range w {
			w[i] = x[(i*13)%n]
		}
		for _, path := range []string{file(t, "a.csv", table), arrowFile(t, filepath.Join(t.TempDir(), "a.arrow"), "", cells{c.column, c.values}, cells{"x", x}, cells{"w", w})} {
			if err := longAs(t, path, mustRead(t, path, c.how), words, c.want); err != nil {
				t.Errorf("%s, %s: %v", name, filepath.Base(path), err)
			}
		}
	}
}

// longAs says how a column of long numbers, the first of three, is none of what it is to be.
func longAs(t *testing.T, path string, src *Source, words []string, want string) error {
	s := src.Train
	said := strings.Join(src.Doubts, "\n")
	switch want {
	case "ids":
		if !slices.Equal(s.IDs, words) || s.Cols != 2 || said != "" {
			return fmt.Errorf("%d columns, ids %.3q, %s", s.Cols, s.IDs, said)
		}
	case "labels":
		if !slices.Equal(s.Classes, []string{"9223372036854775808", "9223372036854775809"}) || s.Labels[1] != 1 || s.Cols != 2 {
			return fmt.Errorf("%q", s.Classes)
		}
	case "groups":
		if s.Cols != 2 || s.Groups[0] == s.Groups[1] || s.Groups[0] != s.Groups[2] {
			return fmt.Errorf("%v", s.Groups[:3])
		}
	default:
		if s.Cols != 3 || !strings.Contains(said, want) || s.Columns[0].Kind != Real || s.At(1, 0) < 1<<60 {
			return fmt.Errorf("%d columns, %s", s.Cols, said)
		}
		p, err := FitPreparation(s, PreparationOptions{})
		if err != nil {
			return err
		}
		if again := mustRead(t, path, Reading{As: p}).Train; !slices.Equal(again.F64, s.F64) {
			return errors.New("others as before")
		}
	}
	return nil
}

// A folder's files are read again where a later one has long numbers.
func TestLongWholesInFolders(t *testing.T) {
	dir, tables := t.TempDir(), t.TempDir()
	ids, x := longIDs(20)
	small := make([]int64, 20)
	for i := range small {
		small[i] = int64(i * 5)
	}
	arrowFile(t, filepath.Join(dir, "1.arrow"), "", cells{"id", small}, cells{"x", x}, cells{"w", x})
	arrowFile(t, filepath.Join(dir, "2.arrow"), "", cells{"id", ids}, cells{"x", x}, cells{"w", x})
	for k, of := range [][]int64{small, ids} {
		text := rows("id,x,w", 20, func(i int) string { return fmt.Sprintf("%d,%g,%g", of[i], x[i], x[i]) })
		if err := os.WriteFile(filepath.Join(tables, fmt.Sprint(k, ".csv")), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{dir, tables} {
		if s := mustRead(t, path, Reading{}).Train; s.Rows != 40 || s.IDs[1] != "5" || s.IDs[21] != fmt.Sprint(ids[1]) || s.Cols != 2 {
			t.Errorf("%s: %q", path, s.IDs)
		}
	}
}

// Of nanoseconds since 1970 no names of rows are made.
func TestNanosecondsAreNoIDs(t *testing.T) {
	for name, end := range map[string]string{"a": "000000000", "timestamp": "000000001"} {
		text := rows(name+",x", 50, func(i int) string { return fmt.Sprintf("%d%s,%d.5", 1700000000+60*i, end, i*i) })
		src := mustRead(t, file(t, "a.csv", text), Reading{})
		if src.Train.Cols != 2 || !strings.Contains(strings.Join(src.Doubts, "\n"), "unix times: "+name+" (nanoseconds") {
			t.Errorf("%s: %d columns, %q", name, src.Train.Cols, src.Doubts)
		}
	}
}

// The columns of a data frame's index are no inputs, but where they are asked for.
func TestIndexOfLevels(t *testing.T) {
	_, x := longIDs(30)
	word := make([]string, 30)
	for i := range word {
		word[i] = fmt.Sprint("r", i/3)
	}
	part := make([]int64, 30)
	for i := range part {
		part[i] = int64(i % 3)
	}
	for _, names := range [][2]string{{"__index_level_0__", "__index_level_1__"}, {"site", "visit"}} {
		note := fmt.Sprintf(`{"index_columns": [%q, %q]}`, names[0], names[1])
		path := arrowFile(t, filepath.Join(t.TempDir(), "a.feather"), note, cells{"x", x}, cells{"w", x}, cells{names[0], word}, cells{names[1], part})
		src := mustRead(t, path, Reading{})
		s := src.Train
		if s.Cols != 2 || s.IDs[4] != "r1" || !strings.Contains(strings.Join(src.Found, "\n"), names[1]+" (of the data frame's index; --types "+names[1]) {
			t.Errorf("%d columns, ids %.5q, %q", s.Cols, s.IDs, src.Found)
		}
		if s := mustRead(t, path, Reading{Columns: []string{"x", names[1]}}).Train; s.Cols != 2 || s.Columns[1].Name != names[1] || s.IDs[4] != "r1" {
			t.Errorf("asked for: %+v", s.Columns)
		}
		if s := mustRead(t, path, Reading{ID: names[1]}).Train; s.Cols != 2 || s.IDs[4] != "1" {
			t.Errorf("as ids: %+v", s.Columns)
		}
	}
}

// Dates without marks are days where that is asked for.
func TestCompactDates(t *testing.T) {
	var days []int64
	var x []float64
	for i := range 40 {
		days, x = append(days, 20230101+int64(i%28)), append(x, float64(i*i)/8)
	}
	table := rows("day,x", 40, func(i int) string { return fmt.Sprintf("%d,%g", days[i], x[i]) })
	for _, path := range []string{file(t, "a.csv", table), arrowFile(t, filepath.Join(t.TempDir(), "a.arrow"), "", cells{"day", days}, cells{"x", x})} {
		if src := mustRead(t, path, Reading{}); src.Train.Columns[0].Kind != Real || !src.doubts("may be dates") {
			t.Errorf("%s: %+v", path, src.Train.Columns)
		}
		s := mustRead(t, path, Reading{Types: []string{"day=date"}}).Train
		if s.Columns[0].Kind != Date || s.At(1, 0) != 19359 {
			t.Errorf("%s: %+v, %v", path, s.Columns, s.At(1, 0))
		}
		p, err := FitPreparation(s, PreparationOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if again := mustRead(t, path, Reading{As: p}).Train; !slices.Equal(again.F32, s.F32) || again.At(1, 0) != 19359 {
			t.Errorf("%s: %v as before", path, again.At(1, 0))
		}
	}
	if form, ok := dateForm([]string{"00010203", "00020304"}); ok {
		t.Error(form)
	}
}

// Columns of one name are told apart as pandas does it, by later commands too.
func TestColumnsOfOneName(t *testing.T) {
	_, x := longIDs(30)
	w := slices.Clone(x)
	slices.Reverse(w)
	label := make([]int64, 30)
	table := rows("a,b,a,label,label,a.1", 30, func(i int) string { return fmt.Sprintf("%g,%g,%g,%d,%d,%g", x[i], x[i], w[i], i%2, i%2, x[i]) })
	for i := range label {
		label[i] = int64(i % 2)
	}
	want := []string{"a", "b", "a.2", "a.1"}
	for _, path := range []string{file(t, "a.csv", table), arrowFile(t, filepath.Join(t.TempDir(), "a.arrow"), "", cells{"a", x}, cells{"b", x}, cells{"a", w}, cells{"label", label}, cells{"label", label}, cells{"a.1", x})} {
		src := mustRead(t, path, Reading{})
		s := src.Train
		if !slices.Equal(namesOf(s.Columns), want) || s.LabelName != "label" || !strings.Contains(strings.Join(src.Found, "\n"), "columns of a name that came before are called a.2, label.1") {
			t.Errorf("%s: %q, %q", path, namesOf(s.Columns), src.Found)
		}
		p, err := FitPreparation(s, PreparationOptions{})
		if err != nil {
			t.Fatal(err)
		}
		reversed := file(t, "b.csv", rows("b,a.1,a,a", 30, func(i int) string { return fmt.Sprintf("%g,%g,%g,%g", x[i], x[i], x[i], w[i]) }))
		for _, later := range []string{path, reversed} {
			if again := mustRead(t, later, Reading{As: p}).Train; again.At(1, 2) != w[1] || again.At(1, 0) != x[1] {
				t.Errorf("%s: others as before", later)
			}
		}
	}
}

// A file of columns without rows says so.
func TestColumnsWithoutRows(t *testing.T) {
	for _, path := range []string{"testdata/columnar/norows.parquet", arrowFile(t, filepath.Join(t.TempDir(), "a.arrow"), "", cells{"a", []int64{}})} {
		_, err := Open(t.Context(), path)
		wantError(t, err, "0 rows of", "columns found")
	}
}

// A number beyond float32 is refused with its row and column, whatever the file.
func TestNumbersBeyondFloat32(t *testing.T) {
	x := []float64{1, 2, 1e39, 4}
	npy := "\x93NUMPY\x01\x00\x46\x00" + fmt.Sprintf("%-69s\n", "{'descr': '<f8', 'fortran_order': False, 'shape': (4, 1), }")
	for _, v := range x {
		npy += string(binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)))
	}
	for _, path := range []string{file(t, "a.npy", npy), arrowFile(t, filepath.Join(t.TempDir(), "a.arrow"), "", cells{"x", x})} {
		_, err := Open(t.Context(), path)
		wantError(t, err, "row 3: column 1", "float32")
	}
}

// The form of dates is kept with the model: a later table is read with it, as are the dates that this program writes, and
// another form is said.
func TestFormOfDates(t *testing.T) {
	table := func(dates ...string) string {
		return file(t, "a.csv", rows("d,x", len(dates), func(i int) string { return fmt.Sprintf("%s,%d", dates[i], i) }))
	}
	src := mustRead(t, table("25/04/2024", "05/04/2024"), Reading{Types: []string{"d=date"}})
	bare := *src.Train
	bare.Columns = slices.Clone(bare.Columns)
	bare.Columns[0].Form = ""
	if Fingerprint(src.Train) != Fingerprint(&bare) {
		t.Error("another fingerprint by the form of dates")
	}
	fitted, err := FitPreparation(src.Train, PreparationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := json.Marshal(fitted)
	p := new(Preparation)
	if err == nil {
		err = json.Unmarshal(kept, p)
	}
	if err != nil {
		t.Fatal(err)
	}
	const april5 = 19818
	for _, c := range []struct {
		form, doubt string
		dates       []string
		want        float64
	}{
		{"02/01/2006", "", []string{"05/04/2024"}, april5},
		{"02/01/2006", "", []string{"2024-04-05", "2024-04-05 12:00:00"}, april5},
		{"02/01/2006", "dates such as 12/31/2024: the training's were such as 31/12/2024", []string{"04/05/2024", "04/25/2024"}, april5},
		{"02/01/2006", "dates such as 2024/12/31", []string{"2024/04/05"}, april5},
		{"", "month may be first or second", []string{"04/05/2024"}, april5}, // of an older model
		{"", "", []string{"2024-04-05"}, april5},
		{"", "", []string{"05.04.24", "25.04.24"}, april5},
	} {
		p.Columns[0].Form = c.form
		again := mustRead(t, table(c.dates...), Reading{As: p})
		if got := again.Train.At(0, 0); got != c.want || again.doubts("dates") != (c.doubt != "") || !again.doubts(c.doubt) && c.doubt != "" {
			t.Errorf("%q: %v, %q", c.dates, got, again.Doubts)
		}
	}
	_, err = Read(t.Context(), table("05/04/2024", "soon"), Reading{As: fitted})
	wantError(t, err, "expected dates of one form, such as 31/12/2024")
	p.Columns[1].Form = "2006"
	wantError(t, p.Validate(), "a form of dates: expected none for a column of kind yes/no")
}
