package cpu

import (
	"errors"

	"github.com/aegpu/aegpu/backend"
)

// program is a recorded step: the function itself.
type program struct {
	dev  *Device
	step func() // nil once freed
}

// Record runs step for its errors alone, and keeps it.
func (d *Device) Record(step func()) (backend.Program, error) {
	if d.recording {
		return nil, errors.New("cpu: Record: inside a recording")
	}
	if !d.begin("Record", nil) {
		return nil, d.err
	}
	d.recording = true
	defer func() { d.recording = false }()
	step()
	if d.err != nil {
		return nil, d.err
	}
	return &program{d, step}, nil
}

// Launch runs the step, times over.
func (p *program) Launch(times int) {
	d := p.dev
	if !d.begin("Launch", nil) {
		return
	}
	if p.step == nil {
		d.fail("the program was freed")
	}
	for ; times > 0 && d.ready(); times-- {
		p.step()
	}
}

// Free drops the step.
func (p *program) Free() { p.step = nil }
