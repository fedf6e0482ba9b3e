package train

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
)

// countedRows are rows whose numbers say which they are, sorted by ten labels.
func countedRows(rows int) *data.Set {
	s := &data.Set{Name: "rows", Rows: rows, Cols: 2, F32: make([]float32, 2*rows), Classes: []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}}
	for i := range rows {
		s.F32[2*i], s.F32[2*i+1] = float32(i), float32(-i)
		s.Labels = append(s.Labels, int32(i*10/rows))
	}
	return s
}

// visited brings the windows of an epoch to the device one after the other and returns the rows as they stand in them.
func visited(t *testing.T, w *window, s *data.Set, epoch int) (rows []int) {
	t.Helper()
	for start := 0; start < s.Rows; start += w.rows {
		n := min(w.rows, s.Rows-start)
		next := windowKey{s, epoch, start + n, min(w.rows, s.Rows-start-n)}
		if err := w.load(windowKey{s, epoch, start, n}, next); err != nil {
			t.Fatal(err)
		}
		x, l := make([]float32, 2*n), make([]float32, n)
		w.dev.Download(x, backend.Tensor{Mem: w.at.Rows.Mem, Off: w.at.Rows.Off, Rows: n, Cols: 2})
		w.dev.Download(l, backend.Tensor{Mem: w.at.Labels.Mem, Off: w.at.Labels.Off, Rows: n, Cols: 1})
		for i := range n {
			row := int(x[2*i])
			if x[2*i+1] != float32(-row) || int32(l[i]) != s.Labels[row] {
				t.Fatalf("row %d came with %v and label %v", row, x[2*i+1], l[i])
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func openWindowOf(t *testing.T, s *data.Set, rows, block int, seed uint64) *window {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := &window{dev: dev, prep: data.IdentityPreparation(s.Cols), rows: rows, block: block, seed: seed}
	if err := w.open(true, false); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.free(); dev.Close() })
	return w
}

// Every epoch has every row once, in an order that the seed and the epoch decide.
func TestWindowsHoldEveryRowOnce(t *testing.T) {
	s := countedRows(1003)
	for _, c := range [][2]int{{100, 7}, {100, 1}, {64, 64}, {1000, 300}, {7, 2000}} {
		w := openWindowOf(t, s, c[0], c[1], 5)
		first := visited(t, w, s, 0)
		for epoch, rows := range [][]int{first, visited(t, w, s, 1), visited(t, w, s, 2)} {
			seen, same := make([]bool, s.Rows), 0
			for i, row := range rows {
				if seen[row] {
					t.Fatalf("windows of %d, blocks of %d: row %d came twice", c[0], c[1], row)
				}
				if seen[row] = true; row == first[i] {
					same++
				}
			}
			if epoch > 0 && same > s.Rows/2 && s.Rows/c[1] > 3 {
				t.Errorf("windows of %d, blocks of %d: epoch %d has the order of the first", c[0], c[1], epoch)
			}
		}
		again := visited(t, openWindowOf(t, s, c[0], c[1], 5), s, 0)
		for i, row := range again {
			if row != first[i] {
				t.Fatalf("the same seed gave another order")
			}
		}
	}
}

// entropy is the mean entropy of the labels of the batches that are drawn from windows of an order, in nats.
func entropy(s *data.Set, order []int, window, batch int, seed uint64) float64 {
	sum, batches := 0.0, 0
	for start := 0; start+window <= len(order); start += window {
		p := backend.NewPermutation(uint64(window), seed, uint64(start))
		for at := 0; at+batch <= window; at += batch {
			counts := map[int32]float64{}
			for i := range batch {
				counts[s.Labels[order[start+int(p.At(uint64(at+i)))]]]++
			}
			for _, n := range counts {
				sum -= n / float64(batch) * math.Log(n/float64(batch))
			}
			batches++
		}
	}
	return sum / float64(batches)
}

// Batches of a file that is sorted by its labels have the labels of a full shuffle's, by the default blocks: within 2 %.
func TestWindowsOfSortedRowsMix(t *testing.T) {
	s := countedRows(60000)
	const window, batch = 6400, 128
	w := openWindowOf(t, s, window, window/blocksOfWindow, 3)
	got := entropy(s, visited(t, w, s, 4), window, batch, 9)
	full := make([]int, s.Rows)
	p := backend.NewPermutation(uint64(s.Rows), 1, 0)
	for i := range full {
		full[i] = int(p.At(uint64(i)))
	}
	want := entropy(s, full, window, batch, 9)
	if math.Abs(got/want-1) > 0.02 {
		t.Errorf("label entropy of a batch is %.4f nats, of a full shuffle's %.4f", got, want)
	}
	t.Logf("label entropy of a batch: %.4f nats, of a full shuffle's %.4f", got, want)
}

// Of 64 files of 1,000 rows most have rows in every batch.
func TestWindowsMixShards(t *testing.T) {
	s := countedRows(64000)
	const window, batch = 8192, 256
	order := visited(t, openWindowOf(t, s, window, window/blocksOfWindow, 3), s, 0)
	fewest := 64
	for start := 0; start+window <= len(order); start += window {
		p := backend.NewPermutation(window, 9, uint64(start))
		for at := 0; at < window; at += batch {
			shards := map[int]bool{}
			for i := range batch {
				shards[order[start+int(p.At(uint64(at+i)))]/1000] = true
			}
			fewest = min(fewest, len(shards))
		}
	}
	if fewest < 50 { // 63 of 64 are expected among 256 draws
		t.Errorf("a batch has rows of %d of 64 files", fewest)
	}
	t.Logf("batches have rows of %d of 64 files or more", fewest)
}

// A file that is cut short while its rows are read is an error of the data.
func TestWindowOfFileCutShort(t *testing.T) {
	s := countedRows(50000)
	path := filepath.Join(t.TempDir(), "rows.npy")
	if err := data.Write(path, s); err != nil {
		t.Fatal(err)
	}
	disk := data.NewDisk(0, t.TempDir())
	if disk == nil {
		t.Skip("no data on disk here")
	}
	defer disk.Close()
	source, err := data.Read(data.WithDisk(t.Context(), disk), path, data.Reading{})
	if err != nil {
		t.Fatal(err)
	}
	w := openWindowOf(t, source.Train, 1000, 10, 5)
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	var bad *data.Error
	if err := w.load(windowKey{source.Train, -1, 40000, 1000}, windowKey{}); !errors.As(err, &bad) || bad.Path != path {
		t.Errorf("got %v, want an error of the data", err)
	}
}
