package backendtest

import "github.com/aegpu/aegpu/backend"

// timer is one clock on the three sides.
type timer struct{ on [3]backend.Clock }

// when is a moment whose words all matter: seed, epoch and step need 64 bits.
var when = backend.Time{
	Seed:  0xFEDCBA9876543210,
	Epoch: 0x1_0000_0007,
	Step:  0x2_0000_0005,
}

// timer is a clock that shows t.
func (c *trial) timer(t backend.Time, table ...backend.Hyper) *timer {
	k := &timer{}
	for i, d := range []backend.Device{c.dev, c.ref, c.size} {
		clock, err := d.AllocClock(max(1, len(table)))
		if err != nil {
			c.Fatalf("AllocClock: %v", err)
		}
		c.free = append(c.free, clock.Mem)
		d.SetClock(clock, t, table)
		k.on[i] = clock
	}
	return k
}

func (s side) c(k *timer) backend.Clock { return k.on[s.i] }

// firsts are the numbers of elements that noise is tried to begin with: a whole batch's, that after a block, after more than a
// block of threads draws, more than 31 bits hold, and near the end of what blocks are numbered by.
var firsts = []int{0, 4, 1028, 1<<31 + 8, 1<<34 - 1<<20}

// first is one of firsts, another for each i and for each shape.
func (r *rig) first(i int) int { return firsts[(r.turn+i)%len(firsts)] }

// firsts are two of firsts, or on even and drawn shapes one.
func (r *rig) firsts() (some []int) {
	for _, i := range r.some(2, 1) {
		some = append(some, r.first(2*i))
	}
	return some
}

// wholes are rows of a batch of which n are a rank's, 0 where they are all: both, or on even and drawn shapes one.
func (r *rig) wholes(n int) (some []int) {
	for _, i := range r.some(2, 1) {
		some = append(some, []int{0, 3*n + 1}[i])
	}
	return some
}

// noise is a stream, drawn from the number first on.
func (s side) noise(k *timer, stream uint32, first int) backend.Noise {
	return backend.Noise{Clock: s.c(k), Stream: stream, First: first}
}
