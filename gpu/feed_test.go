//go:build cuda

package gpu

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/cudasim"
)

// feedTo is a feed to a tensor of the rig.
func (r rig) feedTo(to backend.Tensor) *feed {
	r.Helper()
	f, err := r.d.Device.(*Device).NewFeed(to)
	if err != nil {
		r.Fatal(err)
	}
	return f.(*feed)
}

// send sends rows that are v everywhere.
func (r rig) send(f *feed, v float32, rows int) []float32 {
	r.Helper()
	to := f.Next()
	for i := range to {
		to[i] = v
	}
	if err := f.Send(rows); err != nil {
		r.Fatal(err)
	}
	return to
}

// fed has windows of 3 and of 2 rows take turns in a tensor, and returns what an operation found there after each, and in
// the end. With rewrite the host writes to what it has sent.
func (r rig) fed(rewrite bool) (found []float32) {
	r.Helper()
	const windows = 4
	to, seen := r.alloc(3, 5), r.alloc(windows, 5)
	f := r.feedTo(to)
	for i := range windows {
		v := r.send(f, float32(i+1), 3-i%2)
		if rewrite {
			v[0] = 100
		}
		f.Take()
		r.d.Enqueue(backend.Copy{Dst: seen.Slice(5*i, 1, 5), Src: to.Top(1)})
	}
	for i, v := range slices.Concat(r.values(seen), r.values(to)) {
		if i%5 == 0 {
			found = append(found, v)
		}
	}
	f.Free()
	f.Free()
	return found
}

// Windows reach their tensor one after the other, whatever the streams' order. Each wait that is left out shows.
func TestFeed(t *testing.T) {
	want := []float32{1, 2, 3, 4, 4, 4, 3} // the last row is of the last window that had one
	for _, c := range []struct {
		order, drop string
		rewrite     bool
	}{{order: "late"}, {order: "early"}, {order: "late", drop: "join"}, {order: "early", drop: "fork"}, {order: "late", rewrite: true}} {
		t.Run(c.order+c.drop, func(t *testing.T) {
			t.Setenv("AEGPU_CUDASIM_GRAPH_ORDER", c.order)
			t.Setenv("AEGPU_CUDASIM_DROP_WAITS", c.drop)
			r := newRig(t, Options{})
			lacks := c.drop != "" || c.rewrite
			if lacks {
				simulator(t) // a GPU may be in time
			}
			if got := r.fed(c.rewrite); slices.Equal(got, want) == lacks {
				t.Errorf("got %v, want %v: %v", got, want, !lacks)
			}
		})
	}
}

// What is sent reaches the device while what was enqueued before is not done, even where it is several pieces.
func TestFeedIsBeside(t *testing.T) {
	sim := simulator(t)
	t.Setenv("AEGPU_CUDASIM_GRAPH_ORDER", "early")
	r := newRig(t, Options{})
	to, sum := r.alloc(feedPiece/4, 3), r.alloc(1, 3)
	f := r.feedTo(to)
	r.sync()
	before := sim.Stats()
	r.d.Enqueue(backend.Add{Dst: sum, Src: to.Top(1)})
	r.send(f, 7, to.Rows)
	if s := sim.Stats(); s.BytesIn-before.BytesIn != uint64(4*to.Len()) || s.Launches != before.Launches {
		t.Errorf("%d bytes are sent, and %d launches done", s.BytesIn-before.BytesIn, s.Launches-before.Launches)
	}
	f.Take()
	if v := r.values(to); slices.Max(v) != 7 || slices.Min(v) != 7 {
		t.Error("the rows are others")
	}
}

// What is under way when a feed is freed, or its device is closed, is let go of; nothing is left.
func TestFeedIsFreed(t *testing.T) {
	eachOrder(t, func(t *testing.T, _ *cudasim.Sim) {
		d := open(t, Options{}).(*Device)
		to, err := d.Alloc(300, 2)
		if err != nil {
			t.Fatal(err)
		}
		before := d.Usage()
		var feeds []backend.Feed
		for range 2 {
			f, err := d.NewFeed(to)
			if err != nil {
				t.Fatal(err)
			}
			copy(f.Next(), []float32{1})
			if err := f.Send(300); err != nil {
				t.Fatal(err)
			}
			feeds = append(feeds, f)
		}
		if u := d.Usage(); u.Bytes-before.Bytes != 2*2400 || u.Host-before.Host != 2*4800 {
			t.Errorf("two feeds take %d bytes and %d of the host", u.Bytes-before.Bytes, u.Host-before.Host)
		}
		feeds[0].Free()
		if err := feeds[0].Send(1); err == nil || !strings.Contains(err.Error(), "freed") {
			t.Errorf("sent by a freed feed: %v", err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		feeds[1].Free()
		if err := feeds[1].Send(1); err == nil {
			t.Error("sent to a closed device")
		}
	})
}

// There is an error where a feed has no room, and nothing is taken.
func TestFeedWithoutRoom(t *testing.T) {
	sim := simulator(t)
	t.Setenv("AEGPU_CUDASIM_MEMORY", "300000000")
	d := open(t, Options{}).(*Device)
	to, err := d.Alloc(40<<20/4, 4)
	if err != nil {
		t.Fatal(err)
	}
	before := d.Usage()
	if _, err := d.NewFeed(to); err == nil || !errors.Is(err, backend.ErrOutOfMemory) || d.Usage() != before {
		t.Errorf("%v, and %+v is taken of before %+v", err, d.Usage(), before)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	sound(t, sim)
}
