package hostmemory

import (
	"bufio"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Free returns the bytes that the process may still take: the least of what the machine has available, what is left
// to each control group around the process (versions 1 and 2, those around it too), and what is left of the limit on
// its address space (ulimit -v). 0 means that the system does not say.
func Free() uint64 {
	_, free := system{"/"}.memory()
	if left, limited := AddressSpace(); limited {
		if free == 0 || left < free {
			free = max(left, 1)
		}
	}
	return free
}

// Total returns the bytes of memory that the process may have at the most, 0 where the system does not say.
func Total() uint64 {
	total, _ := system{"/"}.memory()
	if limit, limited := (system{"/"}).addressLimit(); limited && (total == 0 || limit < total) {
		total = limit
	}
	return total
}

// arena is the bytes by which Go's heap grows; a large piece may start a new one.
const arena = 64 << 20

// AddressSpace returns the bytes that are left of the limit on the process's address space, and whether there is one.
// What Go has mapped and does not use is left too; a reserve of two arenas is not.
func AddressSpace() (left uint64, limited bool) {
	s := system{"/"}
	limit, limited := s.addressLimit()
	if !limited {
		return 0, false
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	left = less(limit, s.mapped()) + m.HeapIdle/2 // half of it: what is idle lies in pieces
	return less(left, 2*arena), true
}

// less is a - b, 0 where b is more.
func less(a, b uint64) uint64 { return a - min(a, b) }

// system is the files by which a system says what it has; tests have one of their own.
type system struct{ root string }

// memory is the bytes that the machine and the control groups let the process have, and those that are left of them,
// at least 1; 0 where neither says.
func (s system) memory() (total, free uint64) {
	total, free = kilobytes(s.field("proc/meminfo", "MemTotal", ":")), kilobytes(s.field("proc/meminfo", "MemAvailable", ":"))
	if total > 0 {
		free = max(free, 1)
	}
	for _, g := range s.groups() {
		if total == 0 || g.limit < total {
			total = g.limit
		}
		if left := max(less(g.limit, g.used), 1); free == 0 || left < free {
			free = left
		}
	}
	return total, free
}

// addressLimit is the limit on the process's address space, and whether there is one.
func (s system) addressLimit() (uint64, bool) {
	words := strings.Fields(s.prefixed("proc/self/limits", "Max address space"))
	if len(words) == 0 {
		return 0, false
	}
	n, err := strconv.ParseUint(words[0], 10, 64)
	return n, err == nil
}

// mapped is the size of the process's address space.
func (s system) mapped() uint64 {
	pages, _, _ := strings.Cut(s.text("proc/self/statm"), " ")
	n, _ := strconv.ParseUint(pages, 10, 64)
	return n * uint64(os.Getpagesize())
}

// text is a file without the white space around it, "" where there is none.
func (s system) text(path string) string {
	b, _ := os.ReadFile(filepath.Join(s.root, path))
	return strings.TrimSpace(string(b))
}

// prefixed is the rest of a file's first line that begins with that.
func (s system) prefixed(path, begin string) string {
	f, err := os.Open(filepath.Join(s.root, path))
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), begin); ok {
			return rest
		}
	}
	return ""
}

// field is the value of a file's first line "name : value"; sep is what stands for the colon.
func (s system) field(path, name, sep string) string {
	return strings.TrimSpace(s.prefixed(path, name+sep))
}

// number is the number that a file holds, and whether it holds one that is a limit.
func (s system) number(path string) (uint64, bool) {
	n, err := strconv.ParseUint(s.text(path), 10, 64)
	return n, err == nil && n < math.MaxInt64/2 // version 1 has no word for "no limit", but a huge number
}

func kilobytes(text string) uint64 {
	n, _ := strconv.ParseUint(strings.TrimSuffix(text, " kB"), 10, 64)
	return n << 10
}
