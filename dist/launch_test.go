package dist

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func init() {
	roles["joins"] = rank(func(g *Group) int {
		fmt.Printf("rank %d of %d, here %d of %d, %s %s\n", g.Rank(), g.Size(), g.Local(), g.LocalSize(), os.Getenv("AEGPU_LAUNCHED"), os.Args[1])
		if err := g.Close(); err != nil {
			fmt.Println(err)
			return 1
		}
		return 0
	})
	roles["fails"] = rank(func(g *Group) int {
		if g.Rank() == 1 {
			return 3
		}
		<-g.Failed()
		fmt.Println(g.Err())
		return 4 + g.Rank()
	})
	roles["deaf"] = rank(func(g *Group) int {
		signal.Ignore(os.Interrupt)
		if g.Rank() == 1 && os.Args[1] == "one" {
			return 6
		}
		fmt.Println("ready")
		select {}
	})
}

// rank joins and does something.
func rank(do func(*Group) int) func() int {
	return func() int {
		job, err := Find(os.Getenv)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		g, err := Join(context.Background(), job, soon)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		return do(g)
	}
}

func launchOf(role string, out *lines, args ...string) LaunchOptions {
	return LaunchOptions{Args: args, Env: append(os.Environ(), roleVariable+"="+role), Stdout: out, Stderr: out}
}

// lines are what ranks wrote, and a channel that is closed once `ready` of them said so.
type lines struct {
	mu    sync.Mutex
	text  bytes.Buffer
	ready int
	all   chan struct{}
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.text.Write(p)
	if l.all != nil && strings.Count(l.text.String(), "ready\n") == l.ready {
		close(l.all)
		l.all = nil
	}
	return n, err
}

func (l *lines) sorted() []string {
	all := strings.Split(strings.TrimSpace(l.text.String()), "\n")
	slices.Sort(all)
	return all
}

func TestLaunch(t *testing.T) {
	var out lines
	code, err := Launch(t.Context(), 3, launchOf("joins", &out, "x"))
	want := []string{"rank 0 of 3, here 0 of 3, 1 x", "rank 1 of 3, here 1 of 3, 1 x", "rank 2 of 3, here 2 of 3, 1 x"}
	if got := out.sorted(); code != 0 || err != nil || !slices.Equal(got, want) {
		t.Errorf("%d, %v, %q", code, err, got)
	}
}

// TestLaunchedRanksFail: the exit code is rank 0's, who says whose fault it was.
func TestLaunchedRanksFail(t *testing.T) {
	var out lines
	code, err := Launch(t.Context(), 3, launchOf("fails", &out))
	if got := out.sorted(); code != 4 || err != nil || len(got) != 2 || got[0] != got[1] || !strings.HasPrefix(got[0], "rank 1 (") || !strings.HasSuffix(got[0], ") died") {
		t.Errorf("%d, %v, %q", code, err, got)
	}
	if code, err := Launch(t.Context(), 2, LaunchOptions{Path: "no such program"}); code == 0 || err == nil || !strings.Contains(err.Error(), "rank 0 cannot be started") {
		t.Error(code, err)
	}
}

// TestDeafRanksAreKilled, after one has failed and after the context has ended.
func TestDeafRanksAreKilled(t *testing.T) {
	out := &lines{}
	o := launchOf("deaf", out, "one")
	o.afterDeath = 100 * time.Millisecond
	if code, err := Launch(t.Context(), 3, o); code != 6 || err != nil {
		t.Errorf("%d, %v\n%s", code, err, out.text.String())
	}
	out = &lines{ready: 2, all: make(chan struct{})}
	ctx, cancel := context.WithCancelCause(t.Context())
	go func(ready chan struct{}) {
		<-ready
		cancel(errors.New("enough"))
	}(out.all)
	o = launchOf("deaf", out, "none")
	o.afterSignal = 100 * time.Millisecond
	if code, err := Launch(ctx, 2, o); code == 0 || err != nil {
		t.Errorf("%d, %v\n%s", code, err, out.text.String())
	}
}
