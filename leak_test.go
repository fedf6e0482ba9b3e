package aegpu_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/aegpu/aegpu"
)

// footprint is what a process holds on to.
type footprint struct{ goroutines, files, heap int }

func measured(t *testing.T) footprint {
	t.Helper()
	var m runtime.MemStats
	for range 2 { // finalisers run after the first
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	f := footprint{goroutines: runtime.NumGoroutine(), heap: int(m.HeapAlloc)}
	if entries, err := os.ReadDir("/proc/self/fd"); err == nil {
		f.files = len(entries)
	}
	return f
}

// TestNothingLeaks goes the whole way again and again: nothing is left of it, be it to its
// end, interrupted or refused. The simulator of a GPU counts device memory likewise.
func TestNothingLeaks(t *testing.T) {
	times := 1000
	if testing.Short() {
		times = 50
	}
	rows, test := aegpu.Split(must(aegpu.Read("testdata/waves.csv")), 1, 0.2)
	dir := t.TempDir()
	for range 10 {
		wholeWay(t, rows, test, dir)
	}
	before := measured(t)
	until := time.Time{}
	if text := os.Getenv("AEGPU_SOAK"); text != "" { // see scripts/soak.sh
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		until = time.Now().Add(d)
	}
	if text := os.Getenv("AEGPU_LEAKS"); text != "" {
		until = time.Time{}
		if _, err := fmt.Sscan(text, &times); err != nil {
			t.Fatal(err)
		}
	}
	rounds := 0
	for ; rounds < times || time.Now().Before(until); rounds++ {
		in := "" // most keep nothing: a disk takes longer than all else
		if rounds%10 == 0 {
			in = dir
		}
		wholeWay(t, rows, test, in)
	}
	after := measured(t)
	for wait := 0; after.goroutines > before.goroutines && wait < 100; wait++ { // those that are ending
		time.Sleep(10 * time.Millisecond)
		after = measured(t)
	}
	if after.goroutines > before.goroutines || after.files > before.files || after.heap > before.heap+1<<20 {
		t.Errorf("%d times on there are %d goroutines, %d open files and %d bytes of heap, there were %d, %d and %d",
			rounds, after.goroutines, after.files, after.heap, before.goroutines, before.files, before.heap)
	}
}

// wholeWay opens a device, trains, evaluates and closes, and has a training interrupted
// and a file refused; with a folder it saves and loads there too.
func wholeWay(t *testing.T, rows, test *aegpu.Table, dir string) {
	t.Helper()
	dev := must(aegpu.Open("cpu"))
	s := aegpu.Settings{Hidden: []int{4}, Latent: 2, Batch: 64, Epochs: 2}
	m := must(aegpu.Fit(dev, rows, s))
	must(m.Evaluate(test, rows))
	if dir != "" {
		saveAndLoad(t, dev, m, rows, dir)
	}
	m.Close()

	ctx, cancel := context.WithCancel(t.Context())
	s.Epochs = 1000
	if _, err := aegpu.Fit(dev, rows, s, aegpu.WithContext(ctx), aegpu.OnEpoch(func(aegpu.Epoch) { cancel() })); err == nil {
		t.Fatal("the training was not interrupted")
	}
	if _, err := aegpu.Load(dev, filepath.Join("testdata", "waves.csv")); err == nil {
		t.Fatal("a table was read as a model")
	}
	if err := dev.Close(); err != nil {
		t.Fatal(err)
	}
}

func saveAndLoad(t *testing.T, dev aegpu.Device, m *aegpu.Model, rows *aegpu.Table, dir string) {
	t.Helper()
	path, run := filepath.Join(dir, "model.safetensors"), filepath.Join(dir, "run")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	loaded := must(aegpu.Load(dev, path))
	must(loaded.Encode(rows))
	loaded.Close()
	kept := must(aegpu.Fit(dev, rows, aegpu.Settings{Hidden: []int{4}, Latent: 2, Batch: 64, Epochs: 2}, aegpu.InDirectory(run)))
	kept.Close()
	if err := os.RemoveAll(run); err != nil {
		t.Fatal(err)
	}
}
