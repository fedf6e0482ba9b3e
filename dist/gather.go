package dist

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

// The collectives of the control connections, each told from the others, so that ranks which do not do the same
// find it out.
const (
	opExchange byte = iota
	opBarrier
	opSum
	opBroadcast
	opClose
)

var opNames = []string{"an exchange", "a barrier", "a sum", "a broadcast", "the end"}

// gather gives what every rank gave to every rank, by way of rank 0.
func (g *Group) gather(op byte, v []byte) ([][]byte, error) {
	g.turn.Lock()
	defer g.turn.Unlock()
	if err := g.Err(); err != nil {
		return nil, err
	}
	if most := maxMessage/g.job.Size - 8; len(v) > most {
		return nil, fmt.Errorf("%s of %d bytes a rank: at most %d with %d ranks", opNames[op], len(v), most, g.job.Size)
	}
	if g.job.Rank == 0 {
		return g.collect(op, v)
	}
	l := g.links[0]
	if l.send(kindPart, []byte{op}, v) != nil {
		g.fail(l, l.name+" died")
	}
	p, err := g.await(l, op)
	if err != nil {
		return nil, err
	}
	all, err := unpack(p.data, g.job.Size)
	if err != nil {
		g.fail(l, l.name+" sent "+err.Error())
		return nil, g.Err()
	}
	return all, nil
}

// collect is rank 0's part.
func (g *Group) collect(op byte, v []byte) ([][]byte, error) {
	all := make([][]byte, g.job.Size)
	all[0] = bytes.Clone(v)
	for r, l := range g.links {
		if r == 0 {
			continue
		}
		p, err := g.await(l, op)
		if err != nil {
			return nil, err
		}
		all[r] = p.data
	}
	packed := pack(all)
	for _, l := range g.links[1:] {
		if l.send(kindAll, []byte{op}, packed) != nil {
			g.fail(l, l.name+" died")
			return nil, g.Err()
		}
	}
	return all, nil
}

// await waits for what comes of a link for an operation, or for the job to fail.
func (g *Group) await(l *link, op byte) (part, error) {
	select {
	case p := <-l.parts:
		if p.op != op {
			g.fail(nil, fmt.Sprintf("%s is at %s, %s at %s: ranks must do the same", l.name, opNames[p.op],
				nameOf(g.job.Rank, self()), opNames[op]))
			return part{}, g.Err()
		}
		return p, nil
	case <-g.failed:
		return part{}, g.Err()
	}
}

// listen takes what comes of a link until it ends.
func (g *Group) listen(l *link) {
	for {
		kind, data, err := readMessage(l, maxMessage)
		switch {
		case errors.Is(err, errNoMessage):
			g.fail(l, l.name+" sent "+err.Error())
			return
		case err != nil:
			if !l.left.Load() {
				g.fail(l, l.name+" died")
			}
			return
		case kind == kindFailed:
			g.fail(l, string(data)) // and the end of the connection is waited for: see hangUp
		case kind == kindPart || kind == kindAll:
			if len(data) == 0 || data[0] > opClose {
				g.fail(l, l.name+" sent "+errNoMessage.Error())
				return
			}
			if data[0] == opClose {
				l.left.Store(true) // what it does after that is its own affair
			}
			select {
			case l.parts <- part{data[0], data[1:]}:
			default:
				g.fail(l, l.name+" speaks out of turn")
				return
			}
		}
	}
}

// beat tells a rank again and again that this one is there.
func (g *Group) beat(l *link) {
	t := time.NewTicker(g.opts.Silence / 10)
	defer t.Stop()
	for {
		select {
		case <-g.quit:
			return
		case <-g.failed:
			return
		case <-t.C:
		}
		if !g.mute.Load() && l.send(kindBeat) != nil {
			return // what reads the link says why
		}
	}
}

// watch finds ranks that are silent. It counts its own beats and not time: where this process was stopped, or the
// machine asleep, the others' beats wait to be read.
func (g *Group) watch() {
	t := time.NewTicker(g.opts.Silence / 10)
	defer t.Stop()
	for {
		select {
		case <-g.quit:
			return
		case <-g.failed:
			return
		case <-t.C:
		}
		g.mu.Lock()
		links := append([]*link{}, g.links...)
		g.mu.Unlock()
		for _, l := range links {
			if l == nil || l.heard.Swap(false) || l.left.Load() {
				if l != nil {
					l.quiet = 0
				}
				continue
			}
			if l.quiet++; l.quiet >= 10 {
				reason := fmt.Sprintf("%s has not answered for %s", l.name, seconds(g.opts.Silence))
				l.tell(reason) // where it was stopped and goes on, it is not to take those that end for the cause
				g.fail(l, reason)
				_ = l.conn.Close() // nothing is waited for
				return
			}
		}
	}
}

// star sums and spreads over the control connections, in pieces.
type star struct{ g *Group }

const piece = 1 << 20 // bytes

// AllReduce adds in the order of the ranks, on every rank alike.
func (s star) AllReduce(v []float64) error {
	step := max(1, piece/s.g.job.Size/8)
	for len(v) > 0 {
		n := min(step, len(v))
		b := make([]byte, 0, 8*n)
		for _, x := range v[:n] {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
		}
		all, err := s.g.gather(opSum, b)
		if err != nil {
			return err
		}
		clear(v[:n])
		for r, b := range all {
			if len(b) != 8*n {
				s.g.fail(nil, fmt.Sprintf("rank %d adds %d numbers, rank %d %d", r, len(b)/8, s.g.job.Rank, n))
				return s.g.Err()
			}
			for i := range v[:n] {
				v[i] += math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
			}
		}
		v = v[n:]
	}
	return nil
}

// Broadcast sends root's bytes alone.
func (s star) Broadcast(v []byte, root int) error {
	for len(v) > 0 {
		n := min(piece, len(v))
		var mine []byte
		if s.g.job.Rank == root {
			mine = v[:n]
		}
		all, err := s.g.gather(opBroadcast, mine)
		if err != nil {
			return err
		}
		if len(all[root]) != n {
			s.g.fail(nil, fmt.Sprintf("rank %d sends %d bytes, rank %d expects %d", root, len(all[root]), s.g.job.Rank, n))
			return s.g.Err()
		}
		copy(v, all[root])
		v = v[n:]
	}
	return nil
}
