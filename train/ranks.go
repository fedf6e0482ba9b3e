package train

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc64"
	"unsafe"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/internal/joint"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// RankError is what went wrong on another rank.
type RankError = joint.RankError

// crew is what a run knows of the other ranks; nil where there are none.
type crew struct {
	backend.Ranks
	asked context.Context         // ends where this rank is asked to stop
	stop  context.CancelCauseFunc // ends the run, on all ranks after the same step

	proposed, chunk int // steps to launch at a time: as this rank would, and as the first one did
}

// newCrew returns the crew of a run and the context that its work goes by: that ends when all ranks know that one was
// asked to stop.
func newCrew(ctx context.Context, ranks backend.Ranks) (*crew, context.Context) {
	if ranks == nil || ranks.Size() < 2 {
		return nil, ctx
	}
	inner, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	return &crew{Ranks: ranks, asked: ctx, stop: stop, proposed: 1, chunk: 1}, inner
}

// share is which of the ranks this is.
func (c *crew) share() backend.Share {
	if c == nil {
		return backend.Share{}
	}
	return backend.Share{Rank: c.Rank(), Size: c.Size()}
}

// first reports whether this is the rank that writes.
func (c *crew) first() bool { return c == nil || c.Rank() == 0 }

// adds is how sums are added up over the ranks, nil where there is one.
func (c *crew) adds() func(sums []float64) error {
	if c == nil {
		return nil
	}
	return c.add
}

// add adds sums up over the ranks, in their order, and has all know whether one is asked to stop.
func (c *crew) add(sums []float64) error {
	asked := 0.0
	if c.asked.Err() != nil {
		asked = 1
	}
	mine := append([]float64{asked, float64(c.proposed)}, sums...)
	text, err := binary.Append(nil, binary.LittleEndian, mine)
	if err != nil {
		return err
	}
	all, err := c.Exchange(text)
	if err != nil {
		return err
	}
	clear(sums)
	for rank, text := range all {
		if len(text) != 8*len(mine) {
			return fmt.Errorf("rank %d adds up %d numbers, rank %d %d: they are not at the same step of the same program", rank, len(text)/8-2, c.Rank(), len(sums))
		}
		if _, err := binary.Decode(text, binary.LittleEndian, mine); err != nil {
			return err
		}
		if mine[0] != 0 {
			c.stop(context.Canceled)
		}
		if rank == 0 {
			c.chunk = int(mine[1])
		}
		for i, v := range mine[2:] {
			sums[i] += v
		}
	}
	return nil
}

// chunkOf is how many steps all ranks launch at a time, where this one would launch so many.
func (c *crew) chunkOf(steps int) int {
	if c == nil {
		return steps
	}
	c.proposed = steps
	return c.chunk
}

// agree has all ranks fail where one does.
func (c *crew) agree(err error) error { return joint.Agree(c.ranks(), err) }

// Agree has all ranks fail where one does: the error is this rank's own, or a [RankError] that tells of another's.
func Agree(ranks backend.Ranks, err error) error { return joint.Agree(ranks, err) }

// ranks are the other ranks, nil where there are none.
func (c *crew) ranks() backend.Ranks {
	if c == nil {
		return nil
	}
	return c.Ranks
}

// firstSays returns what the first rank says.
func (c *crew) firstSays(yes bool) (bool, error) {
	if c == nil {
		return yes, nil
	}
	all, err := c.Exchange(fmt.Append(nil, yes))
	return err == nil && string(all[0]) == "true", err
}

// same refuses to go on where what a rank has is other than what the first one has.
func (c *crew) same(what string, has []byte) error {
	if c == nil {
		return nil
	}
	all, err := c.Exchange(has)
	if err != nil {
		return err
	}
	for rank, text := range all {
		if bytes.Equal(text, all[0]) {
			continue
		}
		err := fmt.Errorf("rank %d has other %s than rank 0 (%.40s, and %.40s)", rank, what, text, all[0])
		if what == sameData {
			return &RequestError{err}
		}
		return err
	}
	return nil
}

// sameData is what all ranks have to be given, and cannot have made otherwise themselves.
const sameData = "data"

// from0 returns the first rank's bytes on all.
func (c *crew) from0(v []byte) ([]byte, error) {
	if c == nil {
		return v, nil
	}
	all, err := c.Exchange(binary.LittleEndian.AppendUint64(nil, uint64(len(v))))
	if err != nil {
		return nil, err
	}
	if n := binary.LittleEndian.Uint64(all[0]); !c.first() {
		v = make([]byte, n)
	}
	return v, c.Broadcast(v, 0)
}

// shareSettings has all ranks go on with the first one's settings, and refuses data that are others than its.
func (r *run) shareSettings() error {
	c := r.crew
	if c == nil {
		return nil
	}
	var text bytes.Buffer
	if c.first() {
		if err := r.config.Write(&text); err != nil {
			return err
		}
	}
	file, err := c.from0(text.Bytes())
	if err != nil {
		return err
	}
	if !c.first() {
		if r.config, err = settings.ReadConfig(bytes.NewReader(file)); err != nil {
			return err
		}
	}
	return c.same(sameData, []byte(r.fingerprint))
}

// shareWeights has all ranks begin with the first one's weights.
func (c *crew) shareWeights(m *model.Model) error {
	if c == nil {
		return nil
	}
	dev, v := m.Device(), make([]float32, m.FlatSize())
	if c.first() {
		dev.Download(v, m.Flat())
		if err := dev.Sync(); err != nil {
			return err
		}
	}
	if err := c.Broadcast(bytesOf(v), 0); err != nil {
		return err
	}
	if !c.first() {
		dev.Upload(m.Flat(), v)
	}
	return dev.Sync()
}

// bytesOf is the memory of numbers.
func bytesOf(v []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v))
}

// sameWeights refuses to go on where a rank's weights are others than the first one's: each has moved them by itself.
func (c *crew) sameWeights(m *model.Model) error {
	if c == nil {
		return nil
	}
	dev, v := m.Device(), make([]float32, m.FlatSize())
	dev.Download(v, m.Flat())
	if err := dev.Sync(); err != nil {
		return err
	}
	return c.same("weights", fmt.Appendf(nil, "%016x", crc64.Checksum(bytesOf(v), crcTable)))
}

var crcTable = crc64.MakeTable(crc64.ECMA)

// sameSteps refuses to train where ranks would add up other tensors than the first one.
func (p *phase) sameSteps() error {
	if p.crew == nil {
		return nil
	}
	var text []byte
	for _, rows := range []int{p.batch, p.rows % p.batch} {
		if rows == 0 {
			continue
		}
		for _, v := range p.training.Step(rows).Sums() {
			text = fmt.Appendf(text, "%d ", v.Len())
		}
		text = append(text, '|')
	}
	return p.crew.same("sums over the ranks", text)
}
