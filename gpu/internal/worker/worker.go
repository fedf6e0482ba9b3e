// Package worker runs functions on one goroutine that is locked to its OS
// thread: a CUDA context belongs to a thread.
package worker

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
)

// ErrClosed is returned by Do after Close.
var ErrClosed = errors.New("worker is closed")

// Panic carries a panic of a function back to the caller of Do.
type Panic struct {
	Value any
	Stack []byte // the worker's
}

// Error is the value with the worker's stack.
func (p *Panic) Error() string { return fmt.Sprintf("panic: %v\n%s", p.Value, p.Stack) }

// Unwrap is the value that the function panicked with, if it is an error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// Worker is a goroutine locked to its thread for as long as it lives.
type Worker struct {
	mu     sync.Mutex // one caller at a time
	calls  chan func() error
	done   chan error
	closed bool
}

// New starts a worker.
func New() *Worker {
	w := &Worker{calls: make(chan func() error), done: make(chan error)}
	go w.loop()
	return w
}

// loop never unlocks the thread, so that it ends with the goroutine.
func (w *Worker) loop() {
	runtime.LockOSThread()
	for fn := range w.calls {
		w.done <- call(fn)
	}
	close(w.done)
}

func call(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &Panic{Value: v, Stack: debug.Stack()}
		}
	}()
	return fn()
}

// Do runs fn on the worker's thread and returns its error. A panic of fn is
// raised again here, as a *Panic. Do must not be called from within fn.
func (w *Worker) Do(fn func() error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return ErrClosed
	}
	w.calls <- fn
	err := <-w.done
	var p *Panic
	if errors.As(err, &p) {
		panic(p)
	}
	return err
}

// Close runs cleanup on the worker's thread and ends it. Later calls do nothing.
func (w *Worker) Close(cleanup func() error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	w.calls <- cleanup
	err := <-w.done
	close(w.calls)
	<-w.done
	return err
}
