package library

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// Whole fails for a library that lacks its end, as a copy does that was broken off: the
// loader maps what is not there, and the process dies of it. What else is wrong with a
// file the loader says.
func Whole(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close() // it was only read
	info, err := f.Stat()
	var head elf.Header64
	if err != nil || binary.Read(f, binary.LittleEndian, &head) != nil || string(head.Ident[:4]) != elf.ELFMAG {
		return nil
	}
	segments := make([]elf.Prog64, head.Phnum)
	at := io.NewSectionReader(f, int64(head.Phoff), info.Size())
	if binary.Read(at, binary.LittleEndian, segments) != nil {
		return nil
	}
	for _, s := range segments {
		if end := s.Off + s.Filesz; end > uint64(info.Size()) {
			return fmt.Errorf("%s: it is cut short: %d bytes of %d or more", path, info.Size(), end)
		}
	}
	return nil
}
