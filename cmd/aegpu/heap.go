package main

import (
	"os"
	"runtime"
	"runtime/debug"

	"github.com/aegpu/aegpu/backend/hostmemory"
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
	debug.SetMemoryLimit(int64(m.Sys-m.HeapReleased) + int64(free/10*9))
}
