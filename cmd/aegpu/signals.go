package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/aegpu/aegpu/data"
)

// signalError is the cause of a context that a signal ended.
type signalError struct{ signal os.Signal }

func (e signalError) Error() string { return endings[e.signal].text }

// endings are the signals that end a command, in words and as exit codes: 128 and the signal's number.
var endings = map[os.Signal]struct {
	text string
	code int
}{
	syscall.SIGHUP:  {"hung up", 129},
	syscall.SIGINT:  {"interrupted", 130},
	syscall.SIGPIPE: {"output closed", 141},
	syscall.SIGTERM: {"terminated", 143},
}

// outputClosed is the cause of a context that ended because nobody reads what the command prints.
var outputClosed = signalError{syscall.SIGPIPE}

// listen ends the context with the first signal, and the program with the second. A hang-up that whoever started the
// program has it ignore (nohup) stays ignored. A closed standard output would kill the program by SIGPIPE; as the
// signal is taken, the write fails instead, which ends the context (see [printer]).
func listen(cancel context.CancelCauseFunc, exit func(code int)) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	go func() {
		cancel(signalError{<-signals})
		exit(endings[<-signals].code)
	}()
}

// endedBy is the signal that ended the context, or that a closed output stands for; false where it was neither.
func endedBy(ctx context.Context) (signalError, bool) {
	var s signalError
	ok := errors.As(context.Cause(ctx), &s)
	return s, ok
}

// printer is a standard stream. It keeps its first error, so that a full disk behind it does not pass for success, and
// where nobody reads any more it ends the command.
type printer struct {
	w      io.Writer
	cancel context.CancelCauseFunc

	mu   sync.Mutex // a command that did not end in time may still print
	err  error
	live bool // a line stands on the terminal that the next text takes away
}

// failed is the first error.
func (p *printer) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

func (p *printer) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live {
		p.live = false
		p.write([]byte("\r\x1b[K"))
	}
	return p.write(b)
}

// show has a line stand on the terminal instead of the one before, none where it is empty.
func (p *printer) show(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live || line != "" {
		p.live = line != ""
		p.write([]byte("\r" + line + "\x1b[K"))
	}
}

func (p *printer) write(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.w.Write(b)
	if p.err = err; errors.Is(err, syscall.EPIPE) {
		p.cancel(outputClosed)
	}
	return n, err
}

// grace is how long a command that has nothing to save may take to end.
const grace = 800 * time.Millisecond

// wait runs a command and returns its error. One that has nothing to save and does not end within the grace of its
// context's end, because a single computation takes longer, is left to itself: the program is about to end.
func (s *streams) wait(ctx context.Context, command func() error) error {
	done := make(chan error, 1)
	go func() { done <- command() }()
	select {
	case err := <-done:
		return err
	case why := <-s.lost:
		return s.left(why)
	case <-ctx.Done():
	}
	for {
		select {
		case err := <-done:
			return err
		case why := <-s.lost:
			return s.left(why)
		case <-time.After(grace):
		}
		if s.unsaved.Load() {
			continue
		}
		return s.left(ctx.Err())
	}
}

// left is the error of a command that is left to itself.
func (s *streams) left(err error) error {
	data.Abandon()
	if leave := s.leave.Load(); leave != nil {
		return (*leave)(err)
	}
	return err
}
