// Package filelock locks files that are open against other processes. The system gives a lock up when the file is
// closed or the process ends, however it does.
package filelock

import "errors"

var (
	ErrLocked = errors.New("locked")        // somebody else has it
	ErrNone   = errors.New("no locks here") // the file system, or this system, has none
)
