package main

import (
	"os"
	"runtime"
	"runtime/debug"

	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/data"
)

// programBytes is what the smallest command takes.
const programBytes = 16 << 20

// limitHeap has Go collect its garbage before it takes memory that the process is not allowed (a control group's, or
// ulimit -v), unless GOMEMLIMIT says otherwise. Where not even the program itself has room, it is an error.
func limitHeap() error {
	free := hostmemory.Free()
	if free == 0 || os.Getenv("GOMEMLIMIT") != "" {
		return nil
	}
	if err := hostmemory.AskBytes("the program itself", programBytes); err != nil {
		return err
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	debug.SetMemoryLimit(int64(m.Sys-m.HeapReleased) + int64(free/10*8))
	return nil
}

// prepared are rows as a model sees them, where the host has memory for them.
func prepared(p *data.Preparation, s *data.Set) (*data.Set, error) {
	if !s.OnDisk() && (!p.Identity() || s.IsFloat64()) {
		if err := hostmemory.Ask("prepared rows", s.Rows, p.Inputs(), 4); err != nil {
			return nil, err
		}
	}
	return p.Apply(s)
}
