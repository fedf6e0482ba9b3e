//go:build unix && !linux

package data

import "os"

// reserve gives a file so many bytes of the disk.
func reserve(f *os.File, bytes int64) error { return writeZeros(f, bytes) }
