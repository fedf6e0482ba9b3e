package eval

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
)

// resident is a data set on a device, as it is stored.
type resident struct {
	rows, labels backend.Data // labels is zero where there are none
}

// makeResident copies the set's rows and labels to the device.
func makeResident(dev backend.Device, s *data.Set) (resident, error) {
	var r resident
	var err error
	if s.U8 != nil {
		r.rows, err = dev.AllocBytes(s.Rows, s.Cols, s.U8)
	} else {
		r.rows, err = upload(dev, s.Rows, s.Cols, s.F32)
	}
	if err != nil || s.Labels == nil {
		return r, err
	}
	v := make([]float32, s.Rows)
	for i, l := range s.Labels {
		v[i] = float32(l)
	}
	if r.labels, err = upload(dev, s.Rows, 1, v); err != nil {
		r.free()
	}
	return r, err
}

func upload(dev backend.Device, rows, cols int, v []float32) (backend.Data, error) {
	t, err := dev.Alloc(rows, cols)
	if err != nil {
		return backend.Data{}, err
	}
	dev.Upload(t, v)
	return t.Data(), nil
}

func (r resident) free() {
	for _, d := range []backend.Data{r.rows, r.labels} {
		if d.Mem != nil {
			d.Mem.Free()
		}
	}
}

// SetRows is the rows of a data set, bytes as v/255.
func SetRows(s *data.Set) Rows { return RowFunc(s.Rows, s.Cols, s.Row) }
