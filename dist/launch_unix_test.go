//go:build unix

package dist

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func init() {
	roles["obeys"] = rank(func(g *Group) int {
		signals := make(chan os.Signal, 2)
		signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
		fmt.Println("ready")
		fmt.Println((<-signals).String())
		if g.Close() != nil {
			return 1
		}
		if len(signals) > 0 {
			fmt.Println("twice")
		}
		return 143
	})
	for name, s := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "stopped": syscall.SIGSTOP} {
		roles[name] = rank(func(g *Group) int {
			if g.Rank() == 2 {
				_ = syscall.Kill(os.Getpid(), s)
			}
			<-g.Failed()
			fmt.Println(g.Err())
			return 5
		})
	}
}

// TestSignalsAreHandedOn once, to every rank, and not by the terminal's group.
func TestSignalsAreHandedOn(t *testing.T) {
	out := &lines{ready: 3, all: make(chan struct{})}
	ctx, cancel := context.WithCancelCause(t.Context())
	go func(ready chan struct{}) {
		<-ready
		cancel(errors.New("enough"))
	}(out.all)
	o := launchOf("obeys", out)
	o.Signal = func(cause error) os.Signal {
		if cause.Error() != "enough" {
			t.Error(cause)
		}
		return syscall.SIGTERM
	}
	code, err := Launch(ctx, 3, o)
	if got := out.sorted(); code != 143 || err != nil || !slices.Equal(got, []string{"ready", "ready", "ready", "terminated", "terminated", "terminated"}) {
		t.Errorf("%d, %v, %q", code, err, got)
	}
}

// TestAKilledProcessIsNamed, and one that is stopped. The others know it from their connections.
func TestAKilledProcessIsNamed(t *testing.T) {
	for name, want := range map[string]string{"killed": ") died", "stopped": ") has not answered for 1 s"} {
		var out lines
		o := launchOf(name, &out)
		o.afterDeath = 100 * time.Millisecond
		code, err := Launch(t.Context(), 4, o)
		if got := out.sorted(); code != 5 || len(got) != 3 || len(slices.Compact(got)) != 1 || !strings.HasPrefix(got[0], "rank 2 (") || !strings.HasSuffix(got[0], want) {
			t.Errorf("%s: %d, %v, %q", name, code, err, got)
		}
		if named := err != nil && strings.HasPrefix(err.Error(), "rank 2 (process "); named != (name == "killed") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
