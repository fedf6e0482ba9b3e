package model

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
)

// Upload makes prepared rows resident on the device, as they are stored (bytes or
// float32); a device that can keeps in the host's memory what it has no room for. The
// caller frees the memory.
func Upload(dev backend.Device, s *data.Set) (backend.Data, error) {
	if s.U8 == nil && s.F32 == nil { // on disk
		s = s.Part(0, s.Rows)
	}
	if s.U8 != nil {
		return dev.AllocBytes(s.Rows, s.Cols, s.U8)
	}
	if h, ok := dev.(backend.HostData); ok {
		return h.AllocFloats(s.Rows, s.Cols, s.F32)
	}
	return uploadFloats(dev, s.Rows, s.Cols, s.F32)
}

// UploadLabels makes the labels resident: one column of class numbers. Without
// labels it is the zero Data.
func UploadLabels(dev backend.Device, s *data.Set) (backend.Data, error) {
	if s.Labels == nil {
		return backend.Data{}, nil
	}
	return uploadFloats(dev, s.Rows, 1, s.LabelNumbers())
}

// UploadConditions makes the levels of the condition resident: one column of numbers. Without a condition it is the zero
// Data.
func UploadConditions(dev backend.Device, s *data.Set) (backend.Data, error) {
	if s.Conditions == nil {
		return backend.Data{}, nil
	}
	return uploadFloats(dev, s.Rows, 1, s.ConditionNumbers())
}

func uploadFloats(dev backend.Device, rows, cols int, v []float32) (backend.Data, error) {
	t, err := dev.Alloc(rows, cols)
	if err != nil {
		return backend.Data{}, err
	}
	dev.Upload(t, v)
	return t.Data(), nil
}
