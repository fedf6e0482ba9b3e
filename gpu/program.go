//go:build cuda

package gpu

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/libcuda"
	"github.com/aegpu/aegpu/gpu/plan"
)

// Short steps are launched several at a time, as one graph of copies. Not those that add up over the ranks: every rank has
// to launch the same graphs, and a step may be longer on one than on another, whose share of the batch is empty.
const (
	copies   = 8
	longStep = 200 // nodes from which on a step is launched by itself
)

// program is a compiled step: a CUDA graph, and one of copies of it for a short step.
type program struct {
	d       *Device
	plan    *plan.Plan
	uses    []*block // memory of the operands
	at      places
	own     []*block      // buffers that go with it
	copies  []*weightCopy // by the plan's
	batches []*batchBuffer
	once    libcuda.Exec
	many    libcuda.Exec
	nodes   int
	short   bool
	freed   bool
}

// Nodes is the launches that the step takes: kernels, products, copies and fills.
func (p *program) Nodes() int { return p.nodes }

// Compile makes a step a graph: it is planned, given memory and algorithms, and then
// captured. Inside the capture there are launches and nothing else. A product that is
// refused only there is planned without.
func (d *Device) Compile(step backend.List) (backend.Program, error) {
	for i, op := range step {
		if d.err == nil {
			if err := d.check(op); err != nil {
				d.fail("Compile", fmt.Errorf("operation %d, %s: %w", i, backend.Name(op), err))
			}
		}
	}
	d.agree(step)
	var p *program
	d.do("Compile", func() (err error) {
		for {
			if p, err = d.compile(step); !errors.Is(err, errRefused) {
				return err
			}
		}
	})
	if d.err != nil {
		return nil, d.err
	}
	return p, nil
}

func (d *Device) compile(step backend.List) (*program, error) {
	made, err := d.planned(step, true)
	if err != nil {
		return nil, err
	}
	p := &program{d: d, plan: made, uses: blocksOf(step), at: places{}}
	if err := p.reserve(); err != nil {
		return nil, errors.Join(err, p.giveBack())
	}
	graph, err := d.capture(func() error { return d.issue(made, p.at) })
	if err != nil {
		return nil, errors.Join(err, p.giveBack())
	}
	if err := p.make(graph); err != nil {
		return nil, errors.Join(err, p.giveBack())
	}
	return p, nil
}

// blocksOf is the memory that a step touches.
func blocksOf(step backend.List) (all []*block) {
	add := func(m backend.Memory) {
		if b, ok := m.(*block); ok && !slices.Contains(all, b) {
			all = append(all, b)
		}
	}
	for _, op := range step {
		a := op.Access()
		for _, t := range a.Tensors() {
			add(t.Mem)
		}
		for _, s := range a.Sums {
			add(s.Mem)
		}
		add(a.Clock.Mem)
		if g, ok := op.(backend.Gather); ok {
			add(g.Data.Mem)
		}
	}
	return all
}

// reserve gives the plan's buffers memory.
func (p *program) reserve() (err error) {
	d := p.d
	for _, s := range p.plan.Copies {
		shared, err := d.weightCopyFor(s.Of, s.At.Bytes)
		if err != nil {
			return err
		}
		p.copies = append(p.copies, shared)
		p.at[s.At] = shared.at
	}
	for _, b := range p.plan.Buffers {
		if b.Kind == plan.Rows {
			s, err := d.batchBufferFor(p, b)
			if err != nil {
				return err
			}
			p.batches = append(p.batches, s)
			p.at[b] = s.at
			continue
		}
		if p.at[b], err = d.makeBuffer(b, p.at); err != nil {
			return err
		}
		p.own = append(p.own, p.at[b])
	}
	return nil
}

// makeBuffer is memory for a buffer, with its contents where it is a table.
func (d *Device) makeBuffer(b *plan.Buffer, at places) (*block, error) {
	made, err := d.allocate(b.Bytes)
	if err != nil || b.Words == nil {
		return made, err
	}
	words := make([]uint64, len(b.Words))
	for i, w := range b.Words {
		words[i] = uint64(w.Number)
		if w.Address.Base != nil {
			words[i] = uint64(d.address(w.Address, at))
		}
	}
	return made, d.send(made.at, asBytes(words)) // on the stream that reads it, which does not wait for others
}

// capture makes a graph of what issue enqueues.
func (d *Device) capture(issue func() error) (libcuda.Graph, error) {
	if err := libcuda.BeginCapture(d.stream); err != nil {
		return libcuda.Graph{}, err
	}
	d.capturing = true
	err := issue()
	d.capturing = false
	graph, end := libcuda.EndCapture(d.stream)
	if err != nil && end == nil {
		_ = graph.Destroy() // the first error counts
	}
	if err == nil {
		err = end
	}
	return graph, err
}

// make readies the graph, which it gives back.
func (p *program) make(g libcuda.Graph) (err error) {
	defer func() { err = errors.Join(err, g.Destroy()) }()
	if p.nodes, err = g.Nodes(); err != nil {
		return err
	}
	if p.short = p.nodes > 0 && p.nodes < longStep && !p.plan.Reduces(); p.short {
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
		if p.short {
			err = errors.Join(err, p.many.Destroy())
		}
		return err
	}
	p.d.programs[p] = true
	return nil
}

// Launch enqueues the step, times over.
func (p *program) Launch(times int) {
	d := p.d
	if p.freed || d.closed {
		d.fail("Launch", errors.New("the program is freed"))
	}
	if slices.ContainsFunc(p.uses, func(b *block) bool { return b.freed }) {
		d.fail("Launch", errors.New("memory that the step uses is freed"))
	}
	d.do("Launch", func() error {
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
	if err := d.refresh(p); err != nil {
		return err
	}
	if err := p.fill(times); err != nil {
		return err
	}
	for ; p.short && times >= copies; times -= copies {
		if err := p.many.Launch(d.stream); err != nil {
			return err
		}
	}
	for ; times > 0; times-- {
		if err := d.ranks.failed(); err != nil {
			return err
		}
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

// release waits for what was launched. What the program has left in its own memory
// alone is written where it belongs first.
func (p *program) release() error {
	d := p.d
	delete(d.programs, p)
	errs := []error{d.widenAll(func(t halfOnly) bool { return slices.Contains(p.own, t.half) }), d.stream.Synchronize(), p.once.Destroy()}
	if p.short {
		errs = append(errs, p.many.Destroy())
	}
	return errors.Join(append(errs, p.giveBack())...)
}

// giveBack frees the program's memory.
func (p *program) giveBack() error {
	var errs []error
	for _, b := range p.own {
		errs = append(errs, p.d.drop(b))
	}
	p.own = nil
	return errors.Join(errs...)
}
