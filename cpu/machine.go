package cpu

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
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
