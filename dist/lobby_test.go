package dist

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// soon keeps tests short: a rank that is silent for a second hangs.
var soon = Options{Join: 30 * time.Second, Silence: time.Second}

// freePort is one after which others are free too.
func freePort(t *testing.T) int {
	t.Helper()
	port, err := roomFor(ports)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func jobs(t *testing.T, size int) []Job {
	port := freePort(t)
	all := make([]Job, size)
	for r := range all {
		all[r] = Job{Rank: r, Size: size, Launcher: "test", ID: t.Name(), Addr: "127.0.0.1", Port: port}
	}
	return all
}

// joined are the groups of a job in this process, which are closed when the test ends.
func joined(t *testing.T, size int) []*Group {
	t.Helper()
	before := runtime.NumGoroutine()
	groups := make([]*Group, size)
	each(t, jobs(t, size), func(j Job) error {
		g, err := Join(t.Context(), j, soon)
		groups[j.Rank] = g
		return err
	})
	t.Cleanup(func() {
		var done sync.WaitGroup
		for _, g := range groups {
			done.Go(func() { _ = g.Close() })
		}
		done.Wait()
		for range 500 { // those of the system's resolver and of timers end by themselves
			if runtime.NumGoroutine() <= before {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
	})
	return groups
}

// each does something for all at once.
func each[T any](t *testing.T, all []T, do func(T) error) {
	t.Helper()
	errs := make([]error, len(all))
	var done sync.WaitGroup
	for i, x := range all {
		done.Go(func() { errs[i] = do(x) })
	}
	done.Wait()
	for i, err := range errs {
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
}

// failedWith waits until the survivors say why the job failed.
func failedWith(t *testing.T, groups []*Group, want string) {
	t.Helper()
	for _, g := range groups {
		<-g.Failed()
		if text := g.Err().Error(); !strings.Contains(text, want) || strings.Contains(text, "\n") {
			t.Errorf("rank %d: %q, expected %q in it", g.Rank(), text, want)
		}
		if _, err := g.Exchange(nil); !errors.Is(err, g.Err()) {
			t.Errorf("rank %d exchanges after that: %v", g.Rank(), err)
		}
	}
}

func TestCollectives(t *testing.T) {
	groups := joined(t, 4)
	each(t, groups, func(g *Group) error {
		if g.Size() != 4 || g.LocalSize() != 4 || g.Local() != g.Rank() {
			return fmt.Errorf("rank %d of %d, here %d of %d", g.Rank(), g.Size(), g.Local(), g.LocalSize())
		}
		for round := range 20 {
			mine := []byte(fmt.Sprintf("%d/%d", round, g.Rank()))
			all, err := g.Exchange(mine[:round%len(mine)])
			if err != nil {
				return err
			}
			for r := range all {
				if want := fmt.Sprintf("%d/%d", round, r)[:round%len(mine)]; string(all[r]) != want {
					return fmt.Errorf("round %d, rank %d gave %q, expected %q", round, r, all[r], want)
				}
			}
		}
		if err := g.Barrier(); err != nil {
			return err
		}
		v := make([]float64, 100_000) // several pieces
		for i := range v {
			v[i] = float64(g.Rank()+1) * float64(i)
		}
		if err := g.AllReduce(v); err != nil {
			return err
		}
		for i := range v {
			if v[i] != 10*float64(i) {
				return fmt.Errorf("sum %d is %g, expected %g", i, v[i], 10*float64(i))
			}
		}
		b := make([]byte, 3<<19)
		if g.Rank() == 2 {
			for i := range b {
				b[i] = byte(i * i >> 3)
			}
		}
		if err := g.Broadcast(b, 2); err != nil {
			return err
		}
		for i := range b {
			if b[i] != byte(i*i>>3) {
				return fmt.Errorf("byte %d is %d", i, b[i])
			}
		}
		return g.Broadcast(nil, 0)
	})
	each(t, groups, (*Group).Close)
	each(t, groups, func(g *Group) error { return errors.Join(g.Close(), g.Err()) })
}

// TestOneRank: no group does nothing.
func TestOneRank(t *testing.T) {
	g, err := Join(t.Context(), Job{Size: 1}, Options{})
	if g != nil || err != nil {
		t.Fatal(g, err)
	}
	v := []float64{1}
	all, err := g.Exchange([]byte("a"))
	if err = errors.Join(err, g.Barrier(), g.AllReduce(v), g.Broadcast([]byte{1}, 0), g.Close(), g.Err()); err != nil {
		t.Error(err)
	}
	g.Use(nil)
	g.Abort(io.EOF)
	if g.Rank() != 0 || g.Size() != 1 || g.Local() != 0 || g.LocalSize() != 1 || g.Failed() != nil || string(all[0]) != "a" || v[0] != 1 {
		t.Error("a job of one rank does something")
	}
}

// TestAnEndOfOneIsToldToAll: whoever dies, hangs, gives up or does something else than the others.
func TestAnEndOfOneIsToldToAll(t *testing.T) {
	waits := func(g *Group) { _, _ = g.Exchange(nil) }
	for _, c := range []struct {
		name string
		who  int
		do   func(*Group)
		want string
	}{
		{"dies", 2, func(g *Group) { _ = g.links[0].conn.Close() }, "rank 2 (%s) died"},
		{"rank 0 dies", 0, func(g *Group) { g.closing.Do(g.hangUp) }, "rank 0 (%s) died"}, // without a word
		{"hangs", 1, func(g *Group) { g.mute.Store(true) }, "rank 1 (%s) has not answered for 1 s"},
		{"rank 0 hangs", 0, func(g *Group) { g.mute.Store(true) }, "rank 0 (%s) has not answered for 1 s"},
		{"aborts", 2, func(g *Group) { g.Abort(errors.New("no\nspace")) }, "rank 2 (%s): no space"},
		{"rank 0 aborts", 0, func(g *Group) { g.Abort(errors.New("no space")) }, "rank 0 (%s): no space"},
		{"leaves", 1, func(g *Group) { _ = g.Close() }, "rank 1 (%s) is at the end, rank 0 (%[1]s) at an exchange"},
		{"talks nonsense", 2, func(g *Group) { _, _ = g.links[0].conn.Write([]byte("GET / HTTP/1.1\r\n\r\n")) }, "rank 2 (%s) sent no message"},
		{"speaks out of turn", 1, func(g *Group) {
			for range 3 {
				_ = g.links[0].send(kindPart, []byte{opBarrier})
			}
		}, "rank 1 (%s) "},
	} {
		t.Run(c.name, func(t *testing.T) {
			groups := joined(t, 4)
			var others []*Group
			var waiting sync.WaitGroup
			for r, g := range groups {
				if r != c.who {
					others = append(others, g)
					waiting.Go(func() { waits(g) })
				}
			}
			c.do(groups[c.who])
			who := self()
			want := strings.ReplaceAll(c.want, "%[1]s", "%s")
			want = strings.ReplaceAll(want, "%s", fmt.Sprintf("%s, process %d", who.Host, who.Process))
			if groups[c.who].mute.Load() {
				others = groups // one that goes on after all is told that it is the cause, and does not blame who has left it
			}
			failedWith(t, others, want)
			waiting.Wait()
		})
	}
}

// TestLobbyRefuses: wrong sizes, another job, a rank twice; strangers are passed by.
func TestLobbyRefuses(t *testing.T) {
	all := jobs(t, 3)
	taken, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", all[0].Port+1)) // by one that never says anything
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	ctx, cancel := context.WithCancelCause(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := Join(ctx, all[0], Options{Join: 20 * time.Second, patience: time.Second})
		first <- err
	}()
	stranger := knockUntilOpen(t, all[0].Port+2)
	_, _ = io.WriteString(stranger, "GET / HTTP/1.1\r\n\r\n")
	defer func() { _ = stranger.Close() }()

	for _, c := range []struct {
		job  func(*Job)
		time time.Duration
		want string
	}{
		{func(j *Job) { j.Size = 4 }, 20 * time.Second, "rank 0 refused: this is a job of 3 ranks, not 4"},
		{func(j *Job) { j.ID = "another" }, time.Second, "rank 0 was not found at 127.0.0.1, ports "},
		{func(j *Job) { j.Rank, j.Size = 3, 3 }, time.Second, "rank 3: expected one below the number of ranks, 3"},
	} {
		job := all[2]
		c.job(&job)
		if _, err := Join(t.Context(), job, Options{Join: c.time, patience: time.Second}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, expected %q", err, c.want)
		}
	}
	twice := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := Join(t.Context(), all[1], Options{Join: 20 * time.Second, patience: time.Second})
			twice <- err
		}()
	}
	if err := <-twice; err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("rank 1 twice: %v", err)
	}
	cancel(errors.New("enough"))
	for _, c := range []chan error{first, twice} {
		if err := <-c; err == nil || !strings.Contains(err.Error(), "enough") {
			t.Errorf("%v, expected why rank 0 gave up", err)
		}
	}
}

func knockUntilOpen(t *testing.T, port int) net.Conn {
	t.Helper()
	for {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return conn
		}
		if t.Context().Err() != nil {
			t.Fatal(err)
		}
		runtime.Gosched()
	}
}

func TestMissingRanksAreNamed(t *testing.T) {
	all := jobs(t, 4)
	short := Options{Join: time.Second}
	errs := make([]error, 2)
	var done sync.WaitGroup
	for r := range errs {
		done.Go(func() { _, errs[r] = Join(t.Context(), all[r], short) })
	}
	done.Wait()
	for r, err := range errs {
		if want := "ranks 2 and 3 of 4 did not come within 1 s"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("rank %d: %v, expected %q", r, err, want)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("interrupted"))
	for _, j := range all[:2] {
		if _, err := Join(ctx, j, Options{}); err == nil || !strings.Contains(err.Error(), "interrupted") {
			t.Errorf("rank %d: %v, expected that it was interrupted", j.Rank, err)
		}
	}
}

func TestMessages(t *testing.T) {
	all := [][]byte{{1}, nil, []byte("abc")}
	got, err := unpack(pack(all), 3)
	if err != nil || !slices.EqualFunc(got, all, slices.Equal[[]byte]) {
		t.Errorf("%v, %v", got, err)
	}
	for _, b := range []string{"", "\x01\x00\x00\x00", "\xff\xff\xff\xffabc", string(pack(all)) + "x"} {
		if _, err := unpack([]byte(b), 3); err == nil {
			t.Errorf("%q is unpacked", b)
		}
	}
	for _, b := range []string{"", "\x05", "\x05\x00\x00\x00\x05", "\x00\x00\x00\x00\x00", "\x06\x04\x00\x00\x00abc"} {
		if _, _, err := readMessage(strings.NewReader(b), maxMessage); err == nil {
			t.Errorf("%q is a message", b)
		}
	}
}
