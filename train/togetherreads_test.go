package train

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
)

// TestRanksReadNoOtherRows has ranks open an array that memory would hold: but for the first, hardly a page of it is read
// before they train.
func TestRanksReadNoOtherRows(t *testing.T) {
	if _, err := os.Stat("/proc/self/smaps"); err != nil {
		t.Skip("the system does not say which pages of a file are read")
	}
	const rows, cols = 3 << 10, 1 << 10 // 12 MiB
	s := &data.Set{Rows: rows, Cols: cols, F32: make([]float32, rows*cols)}
	for i := range s.F32 {
		s.F32[i] = float32(i%977) / 977
	}
	paths := []string{inFile(t, "rows.npy", s), inFile(t, "rows.npy", s)}
	_, errs := together(t, 2, func(rank int, dev backend.Device, ranks backend.Ranks) (*Result, error) {
		c := small(t, "ae")
		c.Data, c.Test, c.Epochs, c.Batch, c.Loss = paths[rank], 0.1, 1, 512, bernoulli
		sets, err := LoadTogether(withDisk(t, 1<<30), c, ranks)
		if err != nil {
			return nil, err
		}
		if _, err := sets.matched(sets.Train); err != nil {
			return nil, err
		}
		if at, mapped := residentOf(t, paths[rank]); rank == 1 && (!mapped || at > 5<<20) || rank == 0 && mapped {
			t.Errorf("rank %d has %d KiB of its file in memory, mapped %v", rank, at>>10, mapped)
		}
		return Run(t.Context(), dev, c, sets, Options{Ranks: ranks})
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// residentOf is how many bytes of a file are in the memory of the process where it is mapped.
func residentOf(t *testing.T, path string) (bytes int, mapped bool) {
	text, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Error(err)
	}
	in := false
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		switch {
		case strings.HasSuffix(words[0], ":") && in && words[0] == "Rss:":
			n, _ := strconv.Atoi(words[1])
			bytes += n << 10
		case !strings.HasSuffix(words[0], ":"):
			in = words[len(words)-1] == path
			mapped = mapped || in
		}
	}
	return bytes, mapped
}
