package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"syscall"

	"github.com/aegpu/aegpu/train"
)

// openDir makes or finds the run directory and keeps others out of it; without a name it is the first free one of
// runs/MODEL-DATA-1, -2 and so on.
func (o *trainOptions) openDir(s *streams) (*train.Directory, error) {
	if o.dir != "" {
		dir, err := train.OpenDirectory(o.dir, o.resume, s.warn)
		if errors.Is(err, train.ErrNotEmpty) {
			return nil, wrong("--out %s is not empty: name another directory, or go on with the run in it: %s", o.dir, resumeCommand(o.dir, o.gpu...))
		}
		return dir, o.notOpened(err)
	}
	for n := 1; ; n++ {
		o.dir = filepath.Join("runs", fmt.Sprintf("%s-%s-%d", o.config.Model, dataName(o.config.Data), n))
		if exists(o.dir) {
			continue
		}
		dir, err := train.OpenDirectory(o.dir, false, s.warn)
		if errors.Is(err, train.ErrInUse) || errors.Is(err, train.ErrNotEmpty) { // another training was faster
			continue
		}
		return dir, o.notOpened(err)
	}
}

// notOpened says why a run directory cannot be had: it is the wrong one, or the disk failed.
func (o *trainOptions) notOpened(err error) error {
	var request *train.RequestError
	if errors.As(err, &request) && !errors.Is(err, train.ErrInUse) && !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EIO) {
		if said := unreadable(o.dir, request.Err); !errors.Is(said, request.Err) {
			return said
		}
	}
	return err
}
