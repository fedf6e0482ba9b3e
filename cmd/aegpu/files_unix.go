//go:build unix

package main

import (
	"errors"
	"fmt"
	"syscall"
)

// leastFiles is how many files a command has open at a time at most, beside those that
// are when it starts. (With room for fewer than two when the process starts, Go's runtime
// ends it before it comes here.)
const leastFiles = 2

// enoughFiles returns an error where the limit of open files is too low to work with. It
// asks the system without Go's files, which take descriptors of their own.
func enoughFiles() error {
	for n := range leastFiles {
		fd, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
			return fmt.Errorf("%w: %d more can be opened, expected %d or more (ulimit -n)", err, n, leastFiles)
		}
		if err == nil {
			defer syscall.Close(fd) // all of them together
		}
	}
	return nil
}
