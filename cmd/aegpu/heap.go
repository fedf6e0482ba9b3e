package main

import (
	"os"
	"runtime"
	"runtime/debug"

	"github.com/aegpu/aegpu/backend/hostmemory"
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
