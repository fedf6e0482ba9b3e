//go:build cuda

package gpu

import (
	"errors"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/libcuda"
	"gorgonia.org/cu"
)

// Short steps are launched several at a time, as one graph of copies.
const (
	copies   = 8
	longStep = 200 // nodes from which on a step is launched by itself
)

// program is a recorded step: a CUDA graph, and one of copies of it for a short
// step.
type program struct {
	d *Device
	effects
	gathers []*staged      // of data on the host (staging.go)
	ticks   map[*block]int // rows that each clock moves on
	once    libcuda.Exec
	many    libcuda.Exec
	nodes   int
	short   bool
	freed   bool
}

// Nodes is the launches that the step takes: kernels, products, copies and fills.
func (p *program) Nodes() int { return p.nodes }

// Record captures the step's operations as a graph.
func (d *Device) Record(step func()) (backend.Program, error) {
	if d.recording {
		d.fail("Record", errors.New("a recording is under way"))
	}
	d.run("Record", func() error { return libcuda.BeginCapture(d.stream) })
	if d.err != nil {
		return nil, d.err
	}
	p := &program{d: d, ticks: map[*block]int{}}
	graph, err := d.capture(step, p)
	if err != nil {
		d.fail("Record", err)
	}
	d.run("Record", func() error { return p.make(graph) })
	if d.err != nil {
		return nil, d.err
	}
	return p, nil
}

// capture runs the step and ends the capture, also when the step panics.
func (d *Device) capture(step func(), p *program) (g libcuda.Graph, err error) {
	d.recording, d.program, d.recorded = true, p, &p.effects
	d.newEpoch()
	thin := d.thinOnes()
	d.setThin(nil) // as refresh leaves what the step touches
	defer func() {
		d.recording, d.recorded, d.program = false, nil, nil
		d.newEpoch()
		d.setThin(thin)
		end := d.worker.Do(func() error {
			joined := errors.Join(d.fetching.join(d.stream), d.rejoin())
			var err error
			g, err = libcuda.EndCapture(d.stream)
			return errors.Join(joined, err)
		})
		err = errors.Join(err, end)
	}()
	step()
	d.flush()
	d.do("Record", access{}, func() error { return d.restore(&p.effects) })
	p.thin = d.thinOnes()
	return g, d.err
}

// make readies the graph, which it gives back.
func (p *program) make(g libcuda.Graph) (err error) {
	defer func() { err = errors.Join(err, g.Destroy()) }()
	if p.nodes, err = g.Nodes(); err != nil {
		return err
	}
	if p.short = p.nodes > 0 && p.nodes < longStep; p.short {
		chain, err := g.Chain(copies)
		if err != nil {
			return err
		}
		p.many, err = chain.Instantiate()
		if err = errors.Join(err, chain.Destroy()); err != nil {
			return err
		}
	}
	if p.once, err = g.Instantiate(); err != nil {
		return err
	}
	p.d.programs[p] = true
	return nil
}

// Launch enqueues the step, times over.
func (p *program) Launch(times int) {
	d := p.d
	if p.freed || d.closed || d.recording {
		d.fail("Launch", errors.New("the program is freed, or a recording is under way"))
	}
	if times <= 0 {
		return
	}
	d.newEpoch()
	d.run("Launch", func() error {
		for times > 0 {
			n := times
			if !p.steady() {
				n = 1
			}
			if err := p.launch(n); err != nil {
				return err
			}
			times -= n
		}
		return nil
	})
}

// launch enqueues the step with what it finds in place before it.
func (p *program) launch(times int) error {
	d := p.d
	if err := d.refresh(&p.effects); err != nil {
		return err
	}
	d.apply(&p.effects)
	if err := p.stage(times); err != nil {
		return err
	}
	for ; p.short && times >= copies; times -= copies {
		if err := p.many.Launch(d.stream); err != nil {
			return err
		}
	}
	for ; times > 0; times-- {
		if err := p.once.Launch(d.stream); err != nil {
			return err
		}
	}
	return nil
}

// Free gives the graphs back; the second time it does nothing.
func (p *program) Free() {
	if p.freed || p.d.closed {
		return
	}
	p.freed = true
	if err := p.d.worker.Do(p.release); err != nil {
		p.d.fail("Free", err)
	}
}

// release waits for what was launched.
func (p *program) release() error {
	delete(p.d.programs, p)
	errs := []error{p.d.stream.Synchronize(), p.once.Destroy()}
	if p.short {
		errs = append(errs, p.many.Destroy())
	}
	for _, b := range p.tables {
		delete(p.d.blocks, b)
		errs = append(errs, cu.MemFree(b.at))
	}
	return errors.Join(errs...)
}
