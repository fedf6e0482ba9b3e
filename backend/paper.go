package backend

import "fmt"

// Paper is a device that computes nothing and has all the memory there is: what is
// planned on it can be looked at. Memory is named by the order in which it is taken.
type Paper struct{ taken int }

// paper is a block of memory that is not there.
type paper struct{ name string }

func (*paper) Free() {}

// String is the block's name.
func (p *paper) String() string { return p.name }

var _ Device = (*Paper)(nil)

func (p *Paper) memory(what string) Memory {
	p.taken++
	return &paper{fmt.Sprintf("%s%d", what, p.taken)}
}

// Info says what the device is.
func (p *Paper) Info() Info { return Info{Kind: "paper", Name: "paper"} }

// Alloc is a tensor in memory that is not there, as is that of the other calls.
func (p *Paper) Alloc(rows, cols int) (Tensor, error) {
	return Tensor{Mem: p.memory("block"), Rows: rows, Cols: cols}, nil
}

// AllocSums is n accumulators.
func (p *Paper) AllocSums(n int) (Sums, error) { return Sums{Mem: p.memory("sums"), N: n}, nil }

// AllocBytes is a data set of bytes, of which v is not looked at.
func (p *Paper) AllocBytes(rows, cols int, _ []byte) (Data, error) {
	return Data{Mem: p.memory("data"), Rows: rows, Cols: cols, Bytes: true}, nil
}

// AllocClock is a clock.
func (p *Paper) AllocClock(int) (Clock, error) { return Clock{Mem: p.memory("clock")}, nil }

// Upload does nothing, as do the other calls that move data.
func (p *Paper) Upload(Tensor, []float32) {}

// Download does nothing.
func (p *Paper) Download([]float32, Tensor) {}

// ReadSums does nothing.
func (p *Paper) ReadSums([]float64, Sums) {}

// WriteSums does nothing.
func (p *Paper) WriteSums(Sums, []float64) {}

// FetchSums is a reading of zeros.
func (p *Paper) FetchSums(s Sums) Reading { return Read{Values: make([]float64, s.N)} }

// SetClock does nothing.
func (p *Paper) SetClock(Clock, Time, []Hyper) {}

// Enqueue does nothing.
func (p *Paper) Enqueue(Operation) {}

// Compile is a program that does nothing.
func (p *Paper) Compile(step List) (Program, error) { return blank{}, step.Check() }

type blank struct{}

func (blank) Launch(int) {}
func (blank) Free()      {}

// Sync has nothing to wait for.
func (p *Paper) Sync() error { return nil }

// Close has nothing to give back.
func (p *Paper) Close() error { return nil }
