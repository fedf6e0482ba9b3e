package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
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
	err    error
	cancel context.CancelCauseFunc
}

func (o *printer) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(p)
	if o.err = err; errors.Is(err, syscall.EPIPE) {
		o.cancel(outputClosed)
	}
	return n, err
}
