package data

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestSparseMatrices(t *testing.T) {
	m := []float64{0, 1.5, 0, 0, 0, 0, 0, 0, 0, -2, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 1e-300}
	twice := []float64{0, 3, 0, 0, 0, 0, 40, 0, 0, 0, 0, 0}
	for _, c := range []struct {
		name  string
		cols  int
		want  []float64
		found string
	}{
		{"sparse-csr.npz", 6, m, "SciPy's sparse matrix (csr): 4 rows x 6 columns, 16.7 % of the cells are entries, made dense"},
		{"sparse-csc.npz", 6, m, "(csc)"},
		{"sparse-coo.npz", 6, m, "(coo)"},
		{"sparse-bsr.npz", 6, m, "(bsr)"},
		{"sparse-dia.npz", 6, m, "(dia)"},
		{"sparse-twice.npz", 4, twice, "(coo)"},
		{"sparse-twice-csr.npz", 4, twice, "(csr)"},
		{"sparse-bool.npz", 2, []float64{0, 1, 0, 0}, "(coo)"},
		{"coordinate.mtx", 6, m, "Matrix Market (coordinate, general): 4 rows x 6 columns, 16.7 % of the cells are entries, made dense"},
		{"array.mtx", 6, m, "Matrix Market (array, general): 4 rows x 6 columns"},
		{"symmetric.mtx", 3, []float64{1, 2, 0, 2, 0, 3, 0, 3, 5}, "(coordinate, symmetric)"},
		{"skew.mtx", 3, []float64{0, -2.5, 1, 2.5, 0, 0, -1, 0, 0}, "(array, skew-symmetric)"},
	} {
		src := readAs(t, fixture(c.name), Reading{})
		if s := src.Train; s.Cols != c.cols || !slices.Equal(numbers(s), c.want) || s.Name != fixture(c.name) {
			t.Errorf("%s: %s, %d columns, %v, want %v", c.name, s.Name, s.Cols, numbers(s), c.want)
		}
		if len(src.Found) != 1 || !strings.Contains(src.Found[0], c.found) {
			t.Errorf("%s: found %q, want %q", c.name, src.Found, c.found)
		}
	}
}

// sparseOf is the members of a sparse matrix of 2 x 3 with three entries; change replaces some.
func sparseOf(format string, change ...string) []string {
	three := func(v ...int32) string { return array("<i4", []int{len(v)}, v) }
	members := []string{"format", array("|S3", nil, []byte(format)), "shape", array("<i8", []int{2}, []int64{2, 3}),
		"data", array("<f4", []int{3}, []float32{1, 2, 3}), "indices", three(0, 1, 1), "indptr", three(0, 2, 3), "row", three(0, 1, 1), "col", three(0, 1, 2)}
	for i := 0; i < len(change); i += 2 {
		members[slices.Index(members, change[i])+1] = change[i+1]
	}
	return members
}

func TestSparseMatricesRefuse(t *testing.T) {
	ints := func(v ...int32) string { return array("<i4", []int{len(v)}, v) }
	shape := func(rows, cols int64) string { return array("<i8", []int{2}, []int64{rows, cols}) }
	for _, c := range []struct {
		format string
		change []string
		words  []string
	}{
		{"lil", nil, []string{`format "lil"`, "csr, csc"}},
		{"csr", []string{"indices", ints(0, 3, 1)}, []string{"a.npz/indices: row 2: 3: expected an index from 0 to 2"}},
		{"csr", []string{"indices", ints(0, -1, 1)}, []string{"a.npz/indices: row 2: -1"}},
		{"csc", []string{"indices", ints(0, 2, 1), "indptr", ints(0, 1, 2, 3)}, []string{"from 0 to 1"}},
		{"csr", []string{"indptr", ints(0, 4, 3)}, []string{"a.npz/indptr: row 2: 4: expected a number from 0 to 3"}},
		{"csr", []string{"indptr", ints(0, 2, 1)}, []string{"a.npz/indptr: row 3: 1: expected a number from 2 to 3"}},
		{"csr", []string{"indptr", ints(1, 2, 3)}, []string{"a.npz/indptr: row 1: 1: expected 0"}},
		{"csr", []string{"indptr", ints(0, 2, 2)}, []string{"expected the number of entries, 3"}},
		{"csr", []string{"indptr", ints(0, 2)}, []string{"a.npz/indptr", "2 numbers: expected 3"}},
		{"csr", []string{"indices", ints(0, 1)}, []string{"a.npz/indices", "2 numbers: expected 3"}},
		{"csr", []string{"indices", array("<f4", []int{3}, []float32{1, 2, 3})}, []string{"a.npz/indices", "list of integers"}},
		{"coo", []string{"col", ints(0, 1)}, []string{"a.npz/col", "2 numbers: expected 3"}},
		{"coo", []string{"row", ints(0, 2, 0)}, []string{"a.npz/row: row 2: 2"}},
		{"csr", []string{"data", array("<c8", []int{3}, make([]float32, 6))}, []string{"a.npz/data", "complex"}},
		{"csr", []string{"data", array("<f4", []int{3}, []float32{1, float32(math.NaN()), 3})}, []string{"a.npz/data: row 1: column 2: NaN"}},
		{"csr", []string{"shape", shape(2, 0)}, []string{"a.npz/shape: row 2: 0"}},
		{"csr", []string{"shape", shape(2, 1<<40)}, []string{"a.npz/shape: row 2"}},
		{"csr", []string{"shape", ints(2, 3, 4)}, []string{"a.npz/shape", "3 sizes"}},
		{"csr", []string{"shape", shape(2, 1<<30)}, []string{"3 entries in 2 rows x 1073741824 columns", "8.59 GB", "at least one entry in 100000 cells"}},
		{"bsr", nil, []string{"a.npz/data", "1 dimensions: expected 3"}},
		{"dia", nil, []string{`without the array "offsets"`}},
	} {
		_, err := Open(context.Background(), file(t, "a.npz", string(npzOf(t, sparseOf(c.format, c.change...)...))))
		wantError(t, err, append(c.words, "a.npz")...)
	}
	refused := errors.New("refused")
	ctx := WithMemory(t.Context(), func(what string, bytes float64) error {
		if bytes > 1<<20 {
			return fmt.Errorf("%s %g %w", what, bytes, refused)
		}
		return nil
	})
	_, err := Open(ctx, file(t, "a.npz", string(npzOf(t, sparseOf("csr", "shape", shape(2, 150000))...))))
	if !errors.Is(err, refused) || !strings.Contains(err.Error(), "2 x 150000 numbers") {
		t.Errorf("%v, want the size that was refused", err)
	}
}

// TestManyEntries makes a matrix dense while its entries come.
func TestManyEntries(t *testing.T) {
	var b strings.Builder
	const rows, cols = 1000, 700
	fmt.Fprintf(&b, "%%%%MatrixMarket matrix coordinate integer general\n%d %d %d\n", rows, cols, rows*cols+1)
	for i := range rows * cols {
		fmt.Fprintf(&b, "%d %d %d\n", i%rows+1, i/rows+1, i%1000)
	}
	b.WriteString("1 1 5\n")
	s := open(t, file(t, "a.mtx.zst", zstdPacked(b.String())))
	if s.F32[0] != 5 {
		t.Errorf("the first cell is %v, want 5", s.F32[0])
	}
	for i := 1; i < rows*cols; i++ {
		if want := float32((i/cols + i%cols*rows) % 1000); s.F32[i] != want {
			t.Fatalf("cell %d is %v, want %v", i, s.F32[i], want)
		}
	}
}

func TestMatrixMarketRefuses(t *testing.T) {
	const head = "%%MatrixMarket matrix coordinate real general\n"
	for _, c := range []struct {
		content string
		words   []string
	}{
		{"", []string{"line 1", "the file ends here"}},
		{"1,2\n", []string{"line 1", "%%MatrixMarket"}},
		{"%%MatrixMarket matrix coordinate complex general\n1 1 1\n1 1 1 1\n", []string{"complex"}},
		{"%%MatrixMarket matrix array pattern general\n1 1\n1\n", []string{"line 1", "pattern"}},
		{head + "% comment\n\n2 2\n", []string{"line 4", "2 words: expected rows, columns and entries"}},
		{head + "0 2 0\n", []string{"line 2", "0 rows x 2 columns"}},
		{head + "2 -2 1\n", []string{"line 2", `"-2"`}},
		{head + "2 2 99999999\n1 1 1\n", []string{"line 2", "99999999 lines of numbers cannot follow"}},
		{head + "2 2 1\n3 1 1\n", []string{"line 3", `row "3": expected 1 to 2`}},
		{head + "2 2 1\n1 0 1\n", []string{"line 3", `column "0": expected 1 to 2`}},
		{head + "2 2 1\n1 1 x\n", []string{"line 3", `"x": expected a finite number`}},
		{head + "2 2 1\n1 1 1e39\n", []string{"line 3", "fits float32"}},
		{head + "2 2 1\n1 1 nan\n", []string{"line 3", "finite"}},
		{head + "2 2 2\n1 1 1.00000\n", []string{"line 3", "the file ends here: expected row, column and value"}},
		{head + "2 2 1\n1 1 1\n2 2 2\n", []string{"line 4", "expected the end after 1 lines"}},
		{head + "2000 2000000 2\n1 1 1\n2 2 2\n", []string{"2 entries in 2000 rows x 2000000 columns", "16 GB"}},
		{strings.Replace(head, "general", "symmetric", 1) + "2 2 1\n1 2 1\n", []string{"line 3", "row 1, column 2", "below the diagonal"}},
		{strings.Replace(head, "general", "skew-symmetric", 1) + "2 2 1\n1 1 1\n", []string{"line 3", "below the diagonal"}},
		{strings.Replace(head, "general", "symmetric", 1) + "2 3 1\n1 2 1\n", []string{"line 2", "as many of each"}},
		{head + strings.Repeat("%", 1<<17), []string{"line 2", "more than 65536 bytes"}},
	} {
		_, err := Open(context.Background(), file(t, "a.mtx", c.content))
		wantError(t, err, append(c.words, "a.mtx")...)
	}
}
