package cpu

import "github.com/aegpu/aegpu/backend"

// program is a compiled step: the list itself.
type program struct {
	dev   *Device
	step  backend.List // nil once freed
	waits []bool       // for sums over the ranks
}

// Compile looks for errors of the step's operations, and keeps them.
func (d *Device) Compile(step backend.List) (backend.Program, error) {
	if !d.begin("Compile", nil) {
		return nil, d.err
	}
	d.looking = true
	defer func() { d.looking = false }()
	for _, op := range step {
		d.Enqueue(op)
	}
	if d.err != nil {
		return nil, d.err
	}
	return &program{d, append(backend.List{}, step...), waits(step)}, nil
}

// Launch computes the step, times over.
func (p *program) Launch(times int) {
	d := p.dev
	if !d.begin("Launch", nil) {
		return
	}
	if p.step == nil {
		d.fail("the program was freed")
	}
	d.stepping = true
	for ; times > 0 && d.ready(); times-- {
		for i, op := range p.step {
			if p.waits[i] {
				d.reduced()
			}
			d.Enqueue(op)
		}
		if p.waits[len(p.step)] {
			d.reduced()
		}
	}
	d.stepping = false
}

// Free drops the step.
func (p *program) Free() { p.step = nil }
