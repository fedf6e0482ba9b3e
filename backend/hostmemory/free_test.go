package hostmemory

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// fake is a system of those files.
func fake(t *testing.T, files map[string]string) system {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return system{root}
}

const (
	meminfo = "MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:    8000 kB\n"
	mounts2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
	mounts1 = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
)

func TestMemory(t *testing.T) {
	for name, c := range map[string]struct {
		files       map[string]string
		total, free uint64
	}{
		"nothing said": {nil, 0, 0},
		"the machine":  {map[string]string{"proc/meminfo": meminfo}, 16000 << 10, 8000 << 10},
		"version 2, the limit is two levels up": {map[string]string{
			"proc/meminfo": meminfo, "proc/self/mountinfo": mounts2, "proc/self/cgroup": "0::/a/b/c\n",
			"sys/fs/cgroup/a/b/c/memory.max": "max\n", "sys/fs/cgroup/a/b/c/memory.current": "1\n",
			"sys/fs/cgroup/a/b/memory.max": "7000000\n", "sys/fs/cgroup/a/b/memory.current": "3000000\n",
			"sys/fs/cgroup/a/memory.max": "6000000\n", "sys/fs/cgroup/a/memory.current": "3500000\n",
			"sys/fs/cgroup/a/memory.stat": "anon 5\ninactive_file 500000\n",
		}, 6000000, 3000000},
		"version 2 in a namespace": {map[string]string{
			"proc/meminfo": meminfo, "proc/self/mountinfo": mounts2, "proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/memory.max": "5000000\n", "sys/fs/cgroup/memory.current": "6000000\n",
		}, 5000000, 1},
		"version 1, a part of the tree": {map[string]string{
			"proc/meminfo": meminfo, "proc/self/mountinfo": mounts1, "proc/self/cgroup": "4:cpu:/\n3:memory:/docker/abc\n0::/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "4000000\n", "sys/fs/cgroup/memory/memory.usage_in_bytes": "1500000\n",
			"sys/fs/cgroup/memory/memory.stat": "total_inactive_file 500000\n",
		}, 4000000, 3000000},
		"version 1 without a limit": {map[string]string{
			"proc/meminfo": meminfo, "proc/self/mountinfo": mounts1, "proc/self/cgroup": "3:memory:/docker/abc\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n", "sys/fs/cgroup/memory/memory.usage_in_bytes": "1500000\n",
		}, 16000 << 10, 8000 << 10},
	} {
		if total, free := fake(t, c.files).memory(); total != c.total || free != c.free {
			t.Errorf("%s: %d of %d, want %d of %d", name, free, total, c.free, c.total)
		}
	}
}

func TestAddressSpace(t *testing.T) {
	const head = "Limit                     Soft Limit           Hard Limit           Units     \n"
	s := fake(t, map[string]string{"proc/self/limits": head + "Max address space         2048000000           unlimited            bytes     \n", "proc/self/statm": "250 10 3 4\n"})
	if limit, ok := s.addressLimit(); !ok || limit != 2048000000 {
		t.Errorf("limit %d %v", limit, ok)
	}
	if got := s.mapped(); got != 250*uint64(os.Getpagesize()) {
		t.Errorf("mapped %d", got)
	}
	s = fake(t, map[string]string{"proc/self/limits": head + "Max address space         unlimited            unlimited            bytes     \n"})
	if limit, ok := s.addressLimit(); ok {
		t.Errorf("limit %d where there is none", limit)
	}
}

func TestAsk(t *testing.T) {
	if err := Ask("nothing much", 1000, 1000); err != nil {
		t.Error(err)
	}
	err := Ask("the codes", math.MaxInt, math.MaxInt, 4)
	var full *Error
	if !errors.As(err, &full) || !errors.Is(err, backend.ErrOutOfMemory) || !strings.Contains(err.Error(), "the codes: needs ") ||
		!strings.Contains(err.Error(), " MiB free") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}
