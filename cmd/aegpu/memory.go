package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/aegpu/aegpu/backend/hostmemory"
	"github.com/aegpu/aegpu/data"
	"github.com/urfave/cli/v2"
)

// memoryFlag is how much memory data may take.
func memoryFlag() cli.Flag {
	return &cli.StringFlag{Name: "memory", Usage: "`SIZE` of memory that the numbers of the data may take, such as 500M or 8G; what is beyond it is read from disk", Category: "Data",
		DefaultText: "half of what is free"}
}

// newDisk keeps on disk what data take beyond half of the free memory.
func newDisk() *data.Disk {
	free := hostmemory.Free()
	if free == 0 {
		return nil
	}
	disk := data.NewDisk(int64(free/2), "")
	if disk != nil {
		disk.MayMap = func(bytes int64) error {
			if left, limited := hostmemory.AddressSpace(); limited && uint64(bytes) > left {
				return &hostmemory.Error{What: "numbers on disk, as they are mapped", Need: float64(bytes), Free: left}
			}
			return nil
		}
	}
	return disk
}

// sizeOf reads a size in bytes: a number, with K, M, G or T for powers of 1024.
func sizeOf(text string) (int64, error) {
	digits := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(text), "B"), "I")
	shift := 0
	if n := len(digits); n > 0 {
		if at := strings.IndexByte("KMGT", digits[n-1]); at >= 0 {
			digits, shift = digits[:n-1], 10*(at+1)
		}
	}
	n, err := strconv.ParseFloat(digits, 64)
	if size := n * float64(int64(1)<<shift); err == nil && size >= 0 && size < 1<<60 {
		return int64(size), nil
	}
	return 0, wrong("--memory is %q: expected a size such as 500M or 8G", text)
}

// limitMemory has data take no more memory than the command is told.
func (s *streams) limitMemory(c *cli.Context) error {
	if !c.IsSet("memory") {
		return nil
	}
	size, err := sizeOf(c.String("memory"))
	if err == nil && s.disk == nil {
		err = wrong("--memory is for systems on which files can be mapped, and that say how much memory is free: expected none here")
	}
	if err == nil {
		s.disk.Limit(size)
		if os.Getenv("GOGC") == "" {
			debug.SetGCPercent(25) // what a reader has let go of counts too
		}
	}
	return err
}

// sayDisk says what of the data is on disk.
func (s *streams) sayDisk(quiet bool) {
	if own, all := s.disk.Kept(); all > 0 && !quiet {
		fmt.Fprintf(s.err, "%s of numbers are read from disk, %s of them kept in %s: more than the %s of --memory\n",
			hostmemory.Bytes(float64(all)), hostmemory.Bytes(float64(own)), data.SpoolDir(), hostmemory.Bytes(float64(s.disk.Memory())))
	}
}

// unfaulted runs a command. Data that cannot be read any more where they are mapped, as their file was cut short or their
// disk fails, are its error.
func unfaulted(run func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch fault := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			err = wrong("a file of the data became shorter, or cannot be read any more, while it was read: expected it to stay as it is")
		default:
			panic(fault)
		}
	}()
	return run()
}
