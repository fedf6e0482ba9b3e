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

// Record makes the step's operations a graph: they are listed, planned and then
// captured. A product that is refused only there is planned without.
func (d *Device) Record(step func()) (backend.Program, error) {
	if d.recording {
		d.fail("Record", errors.New("a recording is under way"))
	}
	if d.err != nil {
		return nil, d.err
	}
	operations := d.list(step)
	for d.err == nil {
		p := &program{d: d, ticks: map[*block]int{}}
		p.operations = operations
		if d.plan(p); d.err != nil {
			break
		}
		err := d.worker.Do(func() error { return p.capture() })
		if err == nil {
			return p, nil
		}
		if !errors.Is(err, errRefused) {
			d.fail("Record", err)
		}
	}
	return nil, d.err
}

// list is the operations of a step, which are checked and not yet enqueued.
func (d *Device) list(step func()) []operation {
	recorded := &effects{}
	d.recording, d.recorded = true, recorded
	defer func() { d.recording, d.recorded = false, nil }()
	step()
	return recorded.operations
}

// plan makes of the operations what the capture enqueues.
func (d *Device) plan(p *program) {
	d.recording, d.program, d.recorded = true, p, &p.effects
	d.newEpoch()
	thin := d.thinOnes()
	d.setThin(nil) // as refresh leaves what the step touches
	defer func() {
		d.recording, d.recorded, d.program = false, nil, nil
		d.newEpoch()
		d.setThin(thin)
	}()
	d.flush()
	d.do("Record", access{}, func() error {
		return errors.Join(d.restore(&p.effects), d.join(&d.fetching), d.rejoin())
	})
	p.thin = d.thinOnes()
	p.operations = nil
}

// capture makes the launches a graph, on the worker's thread.
func (p *program) capture() (err error) {
	if err := libcuda.BeginCapture(p.d.stream); err != nil {
		return err
	}
	for _, launch := range p.launches {
		if err = launch(); err != nil {
			break
		}
	}
	p.launches = nil
	graph, end := libcuda.EndCapture(p.d.stream)
	if err != nil { // and with it the capture
		if end == nil {
			_ = graph.Destroy() // the first error counts
		}
		return errors.Join(err, p.freeTables())
	}
	if end != nil {
		return end
	}
	return p.make(graph)
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
	return errors.Join(append(errs, p.freeTables())...)
}

func (p *program) freeTables() error {
	var errs []error
	for _, b := range p.tables {
		delete(p.d.blocks, b)
		errs = append(errs, cu.MemFree(b.at))
	}
	p.tables = nil
	return errors.Join(errs...)
}
