//go:build cuda

package gpu

import (
	"slices"
	"strconv"
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// gathered is a shuffled batch of a data set, fetched by a compiled step.
func gathered(t *testing.T, d backend.Device, data backend.Data) []float32 {
	t.Helper()
	const rows = 7
	out, err := d.Alloc(rows, data.Cols)
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.AllocClock(1)
	if err != nil {
		t.Fatal(err)
	}
	d.SetClock(c, backend.Time{Seed: 3}, nil)
	p, err := d.Compile(backend.List{
		backend.Gather{Clean: out, Data: data, Batch: backend.Batch{Clock: c, Shuffle: true}},
		backend.Tick{Clock: c, Rows: rows},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Launch(2)
	v := make([]float32, out.Len())
	d.Download(v, out)
	if err := d.Sync(); err != nil {
		t.Fatal(err)
	}
	return v
}

// A data set that the device has no room for stays in the host's memory, and
// batches of it are the same.
func TestDataOnTheHost(t *testing.T) {
	sim := simulator(t)
	const rows, cols = 1000, 3001
	bytes := pixels(rows, cols)
	floats := make([]float32, rows*cols)
	for i, b := range bytes {
		floats[i] = float32(b) / 255
	}
	var resident []float32
	for _, room := range []int{1 << 30, 3 << 20} { // beside what the device keeps for itself
		d := open(t, Options{}).(*Device)
		kept := d.Usage()
		t.Setenv("AEGPU_CUDASIM_MEMORY", strconv.Itoa(kept.Bytes+room))
		tight := room < len(bytes)*4/3
		for _, load := range []func() (backend.Data, error){
			func() (backend.Data, error) { return d.AllocBytes(rows, cols, bytes) },
			func() (backend.Data, error) { return d.AllocFloats(rows, cols, floats) },
		} {
			data, err := load()
			if err != nil {
				t.Fatal(err)
			}
			if onHost := d.Usage().Host > 0; onHost != tight {
				t.Errorf("%d bytes of room: the data is on the host: %t, want %t", room, onHost, tight)
			}
			got := gathered(t, d, data)
			if resident == nil {
				resident = got
			}
			if !slices.Equal(got, resident) {
				t.Errorf("%d bytes of room: the batch differs", room)
			}
			data.Mem.Free()
			if u := d.Usage(); u.Host != 0 {
				t.Errorf("%d bytes on the host after Free", u.Host)
			}
		}
		if _, err := d.AllocBytes(rows, cols, bytes); err != nil { // for Close to free
			t.Error(err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		sound(t, sim)
	}
}
