//go:build cuda

package nccl

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// stub compiles an NCCL of that version, which lacks a function, to a library at path.
func stub(t *testing.T, path string, version int, lacks string) {
	t.Helper()
	source := fmt.Sprintf("int ncclGetVersion(int *v) { *v = %d; return 0; }\n", version)
	source += "const char *ncclGetErrorString(int e) { return \"a wire is cut\"; }\nconst char *ncclGetLastError(void *c) { return \"\\nsocket: refused\\nmore\"; }\n"
	for _, f := range []string{"GetUniqueId", "CommInitRank", "AllReduce", "Broadcast", "CommGetAsyncError", "CommAbort", "CommDestroy"} {
		if f != lacks {
			source += "int nccl" + f + "() { return 2; }\n"
		}
	}
	c := exec.Command("cc", "-shared", "-fPIC", "-x", "c", "-o", path, "-")
	c.Stdin = strings.NewReader(source)
	if out, err := c.CombinedOutput(); err != nil {
		t.Skipf("no C compiler: %v: %s", err, out)
	}
}

// TestLoad chooses the library of a process, so it runs in one of its own.
func TestLoad(t *testing.T) {
	if os.Getenv("NCCL_LOAD") == "" {
		c := exec.Command(os.Args[0], "-test.run", "^TestLoad$", "-test.v")
		c.Env = append(os.Environ(), "NCCL_LOAD=1", "CUDA_HOME=", "CUDA_PATH=", Env+"=")
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	root := t.TempDir()
	at := func(name string) string {
		path := filepath.Join(root, "lib/python3.12/site-packages", name, "libnccl.so.2")
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		return path
	}
	broken, old, good := at("broken"), at("old"), at("nvidia/nccl/lib")
	stub(t, broken, 21805, "AllReduce")
	stub(t, old, 2804, "")
	stub(t, good, 22703, "")
	if Path() != "" || Version() != "" {
		t.Errorf("%s of version %s is loaded", Path(), Version())
	}
	for _, c := range []struct{ set, want string }{
		{"/nowhere/libnccl.so.2", "/nowhere/libnccl.so.2: cannot open"}, {broken, "undefined symbol: ncclAllReduce"},
		{old, "it is version 2.8.4, and 2.14 or newer is needed"},
	} {
		if _, err := NewID(c.set); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want a line with %q", c.set, err, c.want)
		}
	}
	t.Setenv("PATH", "")
	t.Setenv("HOME", root)
	if _, err := NewID(""); err == nil || !strings.Contains(err.Error(), "pip install nvidia-nccl-cu12") || !strings.Contains(err.Error(), "one rank needs none") {
		if Path() != "" {
			t.Skipf("the machine has NCCL: %s", Path())
		}
		t.Errorf("where there is none: %v", err)
	}
	t.Setenv("VIRTUAL_ENV", root)
	_, err := NewID("")
	if Path() != good || Version() != "2.27.3" {
		t.Errorf("%q of version %s is taken, want %q", Path(), Version(), good)
	}
	if want := "NCCL: a wire is cut (2): socket: refused"; err == nil || err.Error() != want {
		t.Errorf("an identity that is not made: %v, want %q", err, want)
	}
	if _, err := Join("", make([]byte, 128), 1, 2); err == nil || !strings.HasPrefix(err.Error(), "joining as rank 1 of 2: NCCL: a wire is cut") {
		t.Errorf("joining: %v", err)
	}
}
