package data

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestReadingAsksBeforeItTakes has every format end where memory is refused, which is asked for what is stored and more.
func TestReadingAsksBeforeItTakes(t *testing.T) {
	refused := errors.New("refused")
	const rows, cols = 30000, 40
	s := &Set{Name: "s", Rows: rows, Cols: cols, F32: make([]float32, rows*cols)}
	for i := range s.F32 {
		s.F32[i] = float32(i % 7)
	}
	for _, name := range []string{"a.npy", "a.npy.gz", "a.npz", "a.csv", "a.idx", "a.idx.gz", "a.safetensors", "a.npy.zst", "a.parquet", "a.feather"} {
		path := filepath.Join(t.TempDir(), name)
		if err := Write(path, s); err != nil {
			t.Fatal(err)
		}
		most := 0.0
		ctx := WithMemory(t.Context(), func(what string, bytes float64) error {
			if what == "" {
				t.Errorf("%s: nothing is said to need %g bytes", name, bytes)
			}
			most = max(most, bytes)
			return nil
		})
		if _, err := Open(ctx, path); err != nil || most < rows*cols {
			t.Errorf("%s: %v, %g bytes were asked for", name, err, most)
		}
		ctx = WithMemory(context.Background(), func(string, float64) error { return refused })
		if _, err := Open(ctx, path); !errors.Is(err, refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestReadingTakesWhatIsDecoded holds all that is allocated for a million numbers, garbage too, to 16 bytes a cell and
// what a reader needs besides; SciPy's indices are 4 more for each row and column that they name.
func TestReadingTakesWhatIsDecoded(t *testing.T) {
	const rows, cols = 200000, 6
	values, row, col := make([]float64, rows*cols), make([]int32, rows*cols), make([]int32, rows*cols)
	var market strings.Builder
	fmt.Fprintf(&market, "%%%%MatrixMarket matrix array real general\n%d %d\n", rows, cols)
	for i := range values {
		values[i], row[i], col[i] = float64(i%3)/3, int32(i/cols), int32(i%cols)
		market.WriteString("0.1\n")
	}
	c := array("<f8", []int{rows, cols}, values)
	fortran := strings.Replace(c, "'fortran_order': False", "'fortran_order': True ", 1)
	tensors := tensorsOf(fmt.Sprintf(`{"x":{"dtype":"F64","shape":[%d,%d],"data_offsets":[0,%d]}}`, rows, cols, 8*rows*cols), c[len(c)-8*rows*cols:])
	coo := npzOf(t, "format", array("|S3", nil, []byte("coo")), "shape", array("<i8", []int{2}, []int64{rows, cols}),
		"row", array("<i4", []int{len(row)}, row), "col", array("<i4", []int{len(col)}, col), "data", array("<f8", []int{len(values)}, values))
	const million = rows * cols
	for name, c := range map[string]struct {
		content string
		bytes   uint64 // a cell
	}{
		"c.npy": {c, 8}, "fortran.npy": {fortran, 16}, "fortran.npy.gz": {packed(fortran), 16}, "c.npy.zst": {zstdPacked(c), 16},
		"a.npz": {string(npzOf(t, "X", fortran)), 16}, "a.safetensors": {tensors, 8}, "a.safetensors.gz": {packed(tensors), 16},
		"coo.npz": {string(coo), 16}, "a.mtx": {market.String(), 16 + 32}, // and the words of each line
	} {
		path := file(t, name, c.content)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if s := open(t, path); s.Rows != rows || s.Cols != cols || s.F64 == nil {
			t.Errorf("%s: %d x %d", name, s.Rows, s.Cols)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > c.bytes*million+16<<20 {
			t.Errorf("%s: %.1f bytes a cell, expected at most %d", name, float64(got)/million, c.bytes)
		}
	}
}

// TestTablesAskForTheWholeSet has tables ask for the set that they end as, of float64 too, and for their texts.
func TestTablesAskForTheWholeSet(t *testing.T) {
	const rows = 600000
	numbers := "a,b,c,d,e,f\n" + strings.Repeat("0.1,0.2,0.3,0.4,0.5,0.6\n", rows)
	var texts strings.Builder
	texts.WriteString("name,colour\n")
	for i := range rows {
		fmt.Fprintf(&texts, "person-number-%d,%d-red\n", i, i%3)
	}
	for name, c := range map[string]struct {
		content string
		how     Reading
		bytes   float64
	}{
		"numbers.csv": {numbers, Reading{}, 8 * 6 * rows},
		"texts.csv":   {texts.String(), Reading{ID: "name", Header: "yes"}, 16 * rows},
	} {
		most := 0.0
		ctx := WithMemory(t.Context(), func(_ string, bytes float64) error {
			most = max(most, bytes)
			return nil
		})
		src, err := Read(ctx, file(t, name, c.content), c.how)
		if err != nil || src.Train.Rows != rows || most < c.bytes {
			t.Errorf("%s: %v, %g bytes were asked for, want %g", name, err, most, c.bytes)
		}
	}
}
