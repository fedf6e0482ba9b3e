package data

import (
	"context"
	"errors"
	"path/filepath"
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
	for _, name := range []string{"a.npy", "a.npy.gz", "a.npz", "a.csv", "a.idx", "a.idx.gz", "a.parquet", "a.feather"} {
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
