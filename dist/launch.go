package dist

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"
)

// LaunchOptions are what Launch starts.
type LaunchOptions struct {
	Path           string    // of the program; "" is the one that runs
	Args           []string  // without the program's name
	Env            []string  // nil is this process's; the variables of the ranks are added
	Stdout, Stderr io.Writer // of all ranks; nil is nowhere
	// Signal is what the ranks get where the context has ended, by its cause; nil is os.Interrupt. They get it once.
	Signal func(cause error) os.Signal

	afterDeath, afterSignal time.Duration // until those left are killed: 10 s and 30 s
}

// Launch runs a program as n ranks on this machine, under torchrun's variables and AEGPU_LAUNCHED=1, and returns when
// all have ended: the exit code of rank 0, or where that is 0 the first other one; 128 and its number where a signal
// ended a rank. An error says that not all could be started, or that a signal that is not Launch's ended one.
//
// Each is in a process group of its own, so that a terminal's Ctrl-C reaches the ranks through the context alone. Those
// left are killed 10 s after one has failed, or 30 s after the signal, and on Linux when this process ends.
func Launch(ctx context.Context, n int, o LaunchOptions) (code int, err error) {
	if o.Path == "" {
		if o.Path, err = os.Executable(); err != nil {
			return 1, fmt.Errorf("cannot start ranks of this program: %w", err)
		}
	}
	port, err := roomFor(ports)
	if err != nil {
		return 1, err
	}
	runtime.LockOSThread() // Linux tells children when the thread that started them ends
	defer runtime.UnlockOSThread()
	l := &launched{o: o, ended: make(chan int, n), result: make([]error, n)}
	l.o.Stdout, l.o.Stderr = oneWriter(o.Stdout), oneWriter(o.Stderr)
	if o.Env == nil {
		l.o.Env = os.Environ()
	}
	l.o.Env = append(l.o.Env[:len(l.o.Env):len(l.o.Env)], "WORLD_SIZE="+strconv.Itoa(n), "LOCAL_WORLD_SIZE="+strconv.Itoa(n),
		"MASTER_ADDR=127.0.0.1", "MASTER_PORT="+strconv.Itoa(port), "AEGPU_LAUNCHED=1", "AEGPU_JOB="+rand.Text())
	for r := range n {
		if err := l.start(r); err != nil {
			l.kill()
			l.wait(context.Background())
			return 1, fmt.Errorf("rank %d cannot be started: %w", r, err)
		}
	}
	l.wait(ctx)
	return l.outcome()
}

// launched are processes that run, or did.
type launched struct {
	o        LaunchOptions
	commands []*exec.Cmd
	ended    chan int // ranks, as they end
	order    []int    // in which they ended
	result   []error
	killed   []int // by us
}

func (l *launched) start(rank int) error {
	cmd := exec.Command(l.o.Path, l.o.Args...)
	cmd.Env = append(l.o.Env[:len(l.o.Env):len(l.o.Env)], "RANK="+strconv.Itoa(rank), "LOCAL_RANK="+strconv.Itoa(rank))
	cmd.Stdout, cmd.Stderr = l.o.Stdout, l.o.Stderr
	cmd.WaitDelay = 5 * time.Second // for the output of what a rank has started itself
	apart(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	l.commands = append(l.commands, cmd)
	go func() {
		l.result[rank] = cmd.Wait()
		l.ended <- rank
	}()
	return nil
}

// wait returns when all that were started have ended.
func (l *launched) wait(ctx context.Context) {
	deadline := time.NewTimer(time.Hour)
	deadline.Stop()
	defer deadline.Stop()
	limited, over := false, ctx.Done()
	limit := func(d, usual time.Duration) {
		if d == 0 {
			d = usual
		}
		if !limited {
			limited = true
			deadline.Reset(d)
		}
	}
	for len(l.order) < len(l.commands) {
		select {
		case r := <-l.ended:
			l.order = append(l.order, r)
			if l.result[r] != nil {
				limit(l.o.afterDeath, 10*time.Second)
			}
		case <-over:
			over = nil // once
			l.signal(context.Cause(ctx))
			limit(l.o.afterSignal, 30*time.Second)
		case <-deadline.C:
			l.kill()
		}
	}
}

func (l *launched) signal(cause error) {
	s := os.Interrupt
	if l.o.Signal != nil {
		s = l.o.Signal(cause)
	}
	for _, cmd := range l.commands {
		_ = cmd.Process.Signal(s) // those that have ended do not mind
	}
}

func (l *launched) kill() {
	for r, cmd := range l.commands {
		if !slices.Contains(l.order, r) { // another process may have its number by now
			l.killed = append(l.killed, r)
			killAll(cmd.Process)
		}
	}
}

// outcome is what the ranks' ends come to.
func (l *launched) outcome() (code int, err error) {
	for _, r := range l.order {
		if l.result[r] == nil {
			continue
		}
		c, signalled := exitCode(l.commands[r].ProcessState)
		if signalled && !slices.Contains(l.killed, r) && err == nil {
			err = fmt.Errorf("rank %d (process %d) was ended: %w", r, l.commands[r].Process.Pid, l.result[r])
		}
		if c == 0 { // its output could not be written, or was held by others
			c = 1
			err = errors.Join(err, fmt.Errorf("rank %d: %w", r, l.result[r]))
		}
		if code == 0 || r == 0 && !signalled {
			code = c
		}
	}
	return code, err
}

// sharedWriter lets several ranks write, one after the other.
type sharedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *sharedWriter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// oneWriter is one that all ranks can have: a file as it is, which they then write to themselves.
func oneWriter(w io.Writer) io.Writer {
	if _, file := w.(*os.File); file || w == nil {
		return w
	}
	return &sharedWriter{w: w}
}
