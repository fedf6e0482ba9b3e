//go:build unix

package data

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const canMap = true

// newMapping maps a new file of so many bytes that has no name, and returns it open. The bytes are the file's before it is
// mapped: one that the disk had no room for would end the process when it is written.
func newMapping(dir string, bytes int64) (b []byte, f *os.File, err error) {
	if f, err = os.CreateTemp(dir, "aegpu-numbers-"); err != nil {
		return nil, nil, err
	}
	if err = os.Remove(f.Name()); err == nil {
		if err = reserve(f, bytes); err != nil {
			err = &os.PathError{Op: "write", Path: f.Name(), Err: err}
		}
	}
	if err == nil {
		b, err = unix.Mmap(int(f.Fd()), 0, int(bytes), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return b, f, nil
}

// mapFile maps size bytes of a file from its start on, to be read.
func mapFile(f *os.File, size int64) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
}

func unmap(b []byte) { _ = unix.Munmap(b) }

// writeZeros gives a file so many bytes.
func writeZeros(f *os.File, bytes int64) error {
	zeros := make([]byte, 1<<20)
	for at := int64(0); at < bytes; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), bytes-at)], at); err != nil {
			var inner *os.PathError
			if errors.As(err, &inner) {
				return inner.Err
			}
			return err
		}
	}
	return nil
}

// keepSmall shrinks what is read again and again.
func (d *Disk) keepSmall(stop chan struct{}) {
	const often = 5 * time.Millisecond
	for tick := time.NewTicker(often); ; {
		select {
		case <-stop:
			tick.Stop()
			return
		case <-tick.C:
		}
		d.shrink()
	}
}

// shrink has the system drop what was read of mapped files where it takes more memory than the data may.
func (d *Disk) shrink() {
	if residentFiles() <= d.base.Load()+max(d.memory/8, 16<<20) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range d.maps {
		_ = unix.Madvise(m.b, unix.MADV_DONTNEED) // the file keeps what was written
	}
	d.base.Store(residentFiles())
}

// residentFiles returns the bytes of mapped files that are in the process's memory, 0 where the system does not say.
func residentFiles() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	words := strings.Fields(string(text))
	if len(words) < 3 {
		return 0
	}
	pages, _ := strconv.ParseInt(words[2], 10, 64)
	return pages * int64(os.Getpagesize())
}
