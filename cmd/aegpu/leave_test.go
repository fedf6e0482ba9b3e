package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A command is left to itself only while it has nothing to save, and then says what it is to say.
func TestLeftToItself(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	forever := func() error { select {} }
	start := time.Now()
	if err := new(streams).wait(ctx, forever); !errors.Is(err, context.Canceled) || time.Since(start) > 2*grace {
		t.Errorf("%v after %v", err, time.Since(start))
	}
	s, told := new(streams), errors.New("what is kept")
	s.leaveBy(func(error) error { return told })
	s.unsaved.Store(true)
	saved := make(chan struct{})
	go func() {
		time.Sleep(3 * grace / 2)
		close(saved)
		s.unsaved.Store(false)
	}()
	err := s.wait(ctx, forever)
	select {
	case <-saved:
	default:
		t.Error("left to itself with something to save")
	}
	if !errors.Is(err, told) {
		t.Error(err)
	}
	s.unsaved.Store(true)
	if err := s.wait(ctx, func() error { time.Sleep(2 * grace); return told }); !errors.Is(err, told) {
		t.Error(err)
	}
}

// after is a stream that stops a command at some words.
type after struct {
	bytes.Buffer
	words string
	stop  func()
}

func (a *after) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(a.words)) {
		a.stop()
	}
	return a.Buffer.Write(p)
}

// A training that is stopped when its last epoch is done says that the model is there, and how to measure it.
func TestStoppedWhileMeasuring(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithCancelCause(t.Context())
	errs := &after{words: " epoch 2/2", stop: func() { cancel(signalError{syscall.SIGTERM}) }}
	args := []string{"aegpu", "train", waves(t, "waves.csv", 60), "--out", dir, "--hidden", "8", "--latent", "3", "--epochs", "2", "--device", "cpu",
		"--loss", "squared"} // whose training is done with the last epoch: no variances are refitted
	code := run(ctx, args, nil, io.Discard, errs)
	if code != 143 || !strings.Contains(errs.String(), "stopped while measuring the model, which is trained and saved in "+dir) || strings.Contains(errs.String(), "nothing was written") {
		t.Errorf("exit %d: %s", code, errs.String())
	}
	must(t, "evaluate", dir, "-q")
}

// A training that is stopped while it prepares, and is not done with that in time, leaves no directory.
func TestLeftBeforeTheTraining(t *testing.T) {
	top := t.TempDir()
	ctx, cancel := context.WithCancelCause(t.Context())
	errs := &after{words: "run directory", stop: func() {
		cancel(signalError{syscall.SIGINT})
		time.Sleep(2 * grace) // as what takes long would
	}}
	args := []string{"aegpu", "train", waves(t, "waves.csv", 60), "--out", filepath.Join(top, "run"), "--hidden", "8", "--latent", "3", "--epochs", "2", "--device", "cpu"}
	code := run(ctx, args, nil, io.Discard, errs)
	if code != 130 || !strings.Contains(errs.String(), "interrupted before the training began") || len(entries(t, top)) > 0 {
		t.Errorf("exit %d, %v is left: %s", code, entries(t, top), errs.String())
	}
}
