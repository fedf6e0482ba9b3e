package backendtest

import "github.com/aegpu/aegpu/backend"

// Listing is a device whose operations can be listed for a while, and compiled, so
// that a test enqueues the same step both ways.
type Listing struct {
	backend.Device
	list *backend.List // nil where operations go to the device
}

// Enqueue sends an operation to the list that is open, or to the device.
func (l *Listing) Enqueue(op backend.Operation) {
	if l.list != nil {
		l.list.Enqueue(op)
		return
	}
	l.Device.Enqueue(op)
}

// Record compiles the operations that step enqueues.
func (l *Listing) Record(step func()) (backend.Program, error) {
	var list backend.List
	l.list = &list
	step()
	l.list = nil
	return l.Compile(list)
}
