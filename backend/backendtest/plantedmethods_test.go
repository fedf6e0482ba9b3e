package backendtest

import (
	"reflect"

	"github.com/aegpu/aegpu/backend"
)

// planted is a device with a fault: a device with a method of the name of the
// operation that goes wrong, which takes the operation's fields. A method Record takes
// a step as a function.
type planted struct{ backend.Device }

// Enqueue calls the method for the operation, if there is one.
func (p planted) Enqueue(op backend.Operation) {
	m := reflect.ValueOf(p.Device).MethodByName(backend.Name(op))
	if !m.IsValid() {
		p.Device.Enqueue(op)
		return
	}
	fields := reflect.ValueOf(op)
	args := make([]reflect.Value, fields.NumField())
	for i := range args {
		args[i] = fields.Field(i)
	}
	m.Call(args)
}

// Compile is a program that enqueues the step.
func (p planted) Compile(step backend.List) (backend.Program, error) {
	run := func() {
		for _, op := range step {
			p.Enqueue(op)
		}
	}
	if r, ok := p.Device.(interface {
		Record(func()) (backend.Program, error)
	}); ok {
		return r.Record(run)
	}
	return recordOf(run)
}

// recordOf is a program that calls step.
func recordOf(step func()) (backend.Program, error) { return function(step), nil }

type function func()

func (f function) Launch(times int) {
	for range times {
		f()
	}
}

func (f function) Free() {}

// edit changes a tensor by way of the host.
func edit(d backend.Device, t backend.Tensor, f func([]float32)) {
	v := make([]float32, t.Len())
	d.Download(v, t)
	f(v)
	d.Upload(t, v)
}
