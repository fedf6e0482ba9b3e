package cpu

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/aegpu/aegpu/cpu/simd"
)

// describe is the processor for people: "AMD EPYC, 2 cores, avx512".
func describe(workers int, path simd.Path) string {
	model := field("/proc/cpuinfo", "model name", ":")
	if model == "" {
		model = runtime.GOARCH
	}
	parts := []string{model, fmt.Sprintf("%d cores", workers)}
	if workers == 1 {
		parts[1] = "1 core"
	}
	return strings.Join(append(parts, path.String()), ", ")
}

// machineMemory is the bytes of memory there are and those that are free, 0
// where the system does not say.
func machineMemory() (total, free uint64) {
	total = kilobytes(field("/proc/meminfo", "MemTotal", ":"))
	free = kilobytes(field("/proc/meminfo", "MemAvailable", ":"))
	// A container may be allowed less than the machine has.
	if limit := number("/sys/fs/cgroup/memory.max"); limit > 0 && limit < total {
		used, _ := strconv.ParseUint(field("/sys/fs/cgroup/memory.stat", "anon", " "), 10, 64)
		total, free = limit, min(free, limit-min(limit, used))
	}
	return total, free
}

// freeMemory is the bytes that may be asked for: a terabyte where the system does
// not say what it has, so that a size gone wrong is an error there too.
func freeMemory() uint64 {
	if _, free := machineMemory(); free > 0 {
		return free
	}
	return 1 << 40
}

// field is the value of the first line "name : value" of a file, "" without one;
// sep is what stands for the colon.
func field(path, name, sep string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), sep); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func kilobytes(s string) uint64 {
	n, _ := strconv.ParseUint(strings.TrimSuffix(s, " kB"), 10, 64)
	return n << 10
}

// number is the number that a file holds, 0 if none.
func number(path string) uint64 {
	b, _ := os.ReadFile(path)
	n, _ := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64)
	return n
}
