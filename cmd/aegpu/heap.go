package main

import (
	"os"
	"runtime"
	"runtime/debug"

	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/data"
)

// limitHeap has Go collect its garbage before it takes memory that the process is not allowed (a control group's, or
// ulimit -v), unless GOMEMLIMIT says otherwise.
func limitHeap() {
	free := hostmemory.Free()
	if free == 0 || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	debug.SetMemoryLimit(int64(m.Sys-m.HeapReleased) + int64(free/10*8))
}

// prepared are rows as a model sees them, where the host has memory for them.
func prepared(p *data.Preparation, s *data.Set) (*data.Set, error) {
	if !p.Identity() || s.F64 != nil {
		if err := hostmemory.Ask("prepared rows", s.Rows, p.Inputs(), 4); err != nil {
			return nil, err
		}
	}
	return p.Apply(s)
}
