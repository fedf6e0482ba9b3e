package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/aegpu/aegpu"
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/gpu"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
	"github.com/aegpu/aegpu/train"
)

// exitCodes is in the help of every command.
const exitCodes = `Exit codes:
  0    done
  1    failed while running: disk full, diverged, device lost
  2    the request is wrong: flag, setting, data, damaged file
  3    the device asked for is not usable, or memory is too small
  129, 130, 141, 143  hung up, interrupted, output closed, terminated; train can be resumed`

// requestError is an error in what was asked for.
type requestError struct{ err error }

func (e *requestError) Error() string { return e.err.Error() }
func (e *requestError) Unwrap() error { return e.err }

func wrong(format string, args ...any) error { return &requestError{fmt.Errorf(format, args...)} }

// exitCode is what an error means to a script.
func exitCode(ctx context.Context, err error) int {
	var (
		request  *requestError
		training *train.RequestError
		bad      *data.Error
		reading  *data.ReadingError
		setting  *settings.Error
		device   *aegpu.DeviceError
	)
	rank := (*rankExit)(nil)
	switch {
	case err == nil:
		return 0
	case errors.As(err, &rank):
		return rank.code
	case train.Interrupted(err):
		if s, ok := endedBy(ctx); ok {
			return endings[s.signal].code
		}
		return endings[syscall.SIGINT].code
	case errors.Is(err, syscall.EPIPE): // whoever reads the results has seen enough
		return endings[syscall.SIGPIPE].code
	case errors.As(err, &device), errors.Is(err, backend.ErrOutOfMemory):
		return 3
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EIO), errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return 1
	case errors.As(err, &request), errors.As(err, &training), errors.As(err, &bad), errors.As(err, &reading), errors.As(err, &setting), errors.Is(err, gpu.ErrTuning),
		errors.Is(err, model.ErrNoDecoder):
		return 2
	}
	return 1
}

// ended is the error of a command that its context's cause ended, and that had nothing to save.
type ended struct{ cause, err error }

func (e *ended) Error() string { return e.cause.Error() + ": nothing was written" }
func (e *ended) Unwrap() error { return e.err }

// silent reports whether an error is nothing to tell a person about: whoever closed an output knows.
func silent(ctx context.Context, err error) bool {
	s, _ := endedBy(ctx)
	closed := errors.As(err, new(*ended)) && s == outputClosed
	return err == nil || closed || errors.Is(err, syscall.EPIPE) || errors.As(err, new(*rankExit))
}

// unreadable is what is wrong with a file that was asked for: the caller's
// request where it is missing or damaged, the machine's failure otherwise.
func unreadable(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return wrong("%s: no such file or folder", path)
	case errors.Is(err, fs.ErrPermission):
		return wrong("%s: permission denied", path)
	}
	var no *fs.PathError
	if errors.As(err, &no) {
		return wrong("%s: %w", path, no.Err)
	}
	return err
}
