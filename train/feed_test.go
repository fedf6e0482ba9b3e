package train

import (
	"path/filepath"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/settings"
)

// bus is a device with memory of its own, of so many bytes.
type bus struct {
	*counting
	total uint64
}

func (b bus) NewFeed(to backend.Tensor) (backend.Feed, error) { return feedTo(b.counting, to) }

func (b bus) Info() backend.Info {
	i := b.counting.Info()
	i.Total = b.total
	return i
}

// A window that is left open is an eighth of the memory, or of the device's where that is less; there the next one is beside it.
func TestWindowFitsTheDevice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.npy")
	if err := data.Write(path, countedRows(50000)); err != nil {
		t.Fatal(err)
	}
	const memory, row = 256 << 10, 8
	disk := data.NewDisk(memory, t.TempDir())
	if disk == nil {
		t.Skip("no data on disk here")
	}
	defer disk.Close()
	source, err := data.Read(data.WithDisk(t.Context(), disk), path, data.Reading{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := settings.Preset("ae")
	if err != nil {
		t.Fatal(err)
	}
	c.Hidden, c.Latent, c.Batch = settings.Widths{4}, 2, 64
	sets := &Sets{Train: source.Train, Preparation: data.IdentityPreparation(source.Train.Cols)}
	counts := openCounting(t, 0)
	for _, x := range []struct {
		dev         backend.Device
		rows, bytes int
	}{
		{counts, memory / 8 / row, memory / 8},
		{bus{counts, 0}, memory / 8 / row, memory / 4},
		{bus{counts, 8 * memory}, memory / 8 / row, memory / 4},
		{bus{counts, memory / 2}, memory / 16 / row, memory / 8},
	} {
		settled := c
		sets.settleWindow(x.dev, &settled)
		m, err := Plan(x.dev, c, sets)
		if err != nil {
			t.Fatal(err)
		}
		if settled.Window != x.rows || m.Data != x.bytes {
			t.Errorf("%T: a window of %d rows, %d bytes; want %d, %d", x.dev, settled.Window, m.Data, x.rows, x.bytes)
		}
	}
}
