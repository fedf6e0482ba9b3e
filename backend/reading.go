package backend

import "fmt"

// Reading is accumulators on their way to the host (see [Device.FetchSums]).
type Reading interface {
	// Done reports whether they are there, so that Wait would not wait.
	Done() bool
	// Wait waits until they are there, but for nothing that was enqueued later, and
	// copies them to dst. It is called once. The error is the device's first.
	Wait(dst []float64) error
}

// Read is the Reading of a device that computes at once: the values, and its error
// so far.
type Read struct {
	Values []float64
	Err    error
}

// Done is always so.
func (r Read) Done() bool { return true }

// Wait copies the values.
func (r Read) Wait(dst []float64) error {
	if r.Err == nil && len(dst) != len(r.Values) {
		return fmt.Errorf("backend: FetchSums: %d accumulators, %d on the host", len(r.Values), len(dst))
	}
	copy(dst, r.Values)
	return r.Err
}
