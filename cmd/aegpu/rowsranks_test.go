package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/internal/joint/jointtest"
	"github.com/aegpu/aegpu/model"
)

// chunksOfRows is rows of two numbers, of several chunks.
func chunksOfRows() *data.Set {
	s := &data.Set{Name: "rows", Rows: 3*model.ChunkRows + 70, Cols: 2}
	for i := range s.Rows * s.Cols {
		s.F32 = append(s.F32, float32(i)/7)
	}
	return s
}

// TestRanksWriteOneFile writes rows as one rank and as several: the same bytes, by the first rank alone.
func TestRanksWriteOneFile(t *testing.T) {
	s := chunksOfRows()
	for _, name := range []string{"rows.csv", "rows.parquet"} {
		write := func(dir string, ranks backend.Ranks) error {
			w := rowsFile{path: filepath.Join(dir, name), rows: 2 * s.Rows, set: s.Rows, ranks: ranks}
			return w.write(t.Context(), func(_ context.Context, start, n int) (*data.Set, error) {
				return s.Part(start%s.Rows, n), nil
			})
		}
		alone := t.TempDir()
		if err := write(alone, nil); err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(alone, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{2, 3} {
			errs := jointtest.Run(size, func(ranks backend.Ranks) error {
				dir := t.TempDir()
				if err := write(dir, ranks); err != nil {
					return err
				}
				got, err := os.ReadFile(filepath.Join(dir, name))
				if ranks.Rank() > 0 && errors.Is(err, os.ErrNotExist) {
					return nil
				}
				if ranks.Rank() > 0 || !bytes.Equal(got, want) {
					t.Errorf("%s: rank %d of %d wrote %d bytes, alone %d", name, ranks.Rank(), size, len(got), len(want))
				}
				return err
			})
			if err := errors.Join(errs...); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestRanksStopWhereTheFileFails has the first rank unable to write: all say so, and none waits for it.
func TestRanksStopWhereTheFileFails(t *testing.T) {
	s := chunksOfRows()
	path := filepath.Join(t.TempDir(), "nowhere", "rows.csv")
	for rank, err := range jointtest.Run(3, func(ranks backend.Ranks) error {
		m, err := model.New(&backend.Paper{}, model.Spec{Inputs: 2, Latent: 1}, 1)
		if err != nil {
			return err
		}
		w := rowsFile{path: path, rows: s.Rows, ranks: ranks}
		return w.write(t.Context(), func(ctx context.Context, start, n int) (*data.Set, error) {
			return m.Encode(ctx, s.Part(start, n))
		})
	}) {
		if err == nil || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}
