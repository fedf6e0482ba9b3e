//go:build cuda

package cublaslt

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// compiled compiles C source to a library at path.
func compiled(t *testing.T, path, source string) {
	t.Helper()
	c := exec.Command("cc", "-shared", "-fPIC", "-x", "c", "-o", path, "-")
	c.Stdin = strings.NewReader(source)
	if out, err := c.CombinedOutput(); err != nil {
		t.Skipf("no C compiler: %v: %s", err, out)
	}
}

// plant writes files under root that are no libraries.
func plant(t *testing.T, root string, names ...string) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("no library"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOnRealFiles tries files that are no library, and a library without the symbols.
func TestOnRealFiles(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, "none.so")
	compiled(t, filepath.Join(dir, "other.so"), "int cublasLtCreate(void **h) { return 1; }")
	for file, want := range map[string]string{"none.so": "none.so: ", "other.so": "other.so: undefined symbol: cublasLtDestroy", "nowhere.so": "cannot open"} {
		if err := bind(filepath.Join(dir, file)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want a line with %q", file, err, want)
		}
	}
}

// A library that was copied in part is an error, wherever it ends.
func TestLibraryCutShort(t *testing.T) {
	dir := t.TempDir()
	path, cut := filepath.Join(dir, "whole.so"), filepath.Join(dir, "cut.so")
	compiled(t, path, stub("0")+"int big[1 << 16] = {1};")
	all, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for size := 0; size < len(all)*9/10; size += 997 {
		if err := os.WriteFile(cut, all[:size], 0o666); err != nil {
			t.Fatal(err)
		}
		if err := bind(cut); err == nil || !strings.HasPrefix(err.Error(), cut+": ") {
			t.Errorf("%d bytes of %d: %v", size, len(all), err)
		}
	}
	if err := bind(path); err != nil {
		t.Errorf("all of them: %v", err)
	}
}

// stub is a cuBLASLt whose handles are made with that status.
func stub(status string) string {
	source := "int cublasLtCreate(void **h) { return " + status + "; }\n"
	for _, f := range []string{"Destroy", "GetVersion", "MatmulDescCreate", "MatmulDescDestroy", "MatmulDescSetAttribute", "MatrixLayoutCreate",
		"MatrixLayoutDestroy", "MatmulPreferenceCreate", "MatmulPreferenceDestroy", "MatmulPreferenceSetAttribute", "MatmulAlgoGetHeuristic", "Matmul"} {
		source += "int cublasLt" + f + "(void) { return 0; }\n"
	}
	return source
}

// TestOpen chooses the library of a process, so it runs in one of its own.
func TestOpen(t *testing.T) {
	if os.Getenv("CUBLASLT_OPEN") == "" {
		c := exec.Command(os.Args[0], "-test.run", "^TestOpen$", "-test.v")
		c.Env = append(os.Environ(), "CUBLASLT_OPEN=1", "CUDA_HOME=", "CUDA_PATH=", Env+"=")
		out, err := c.CombinedOutput()
		t.Logf("%s", out)
		if err != nil {
			t.Error(err)
		}
		return
	}
	root := t.TempDir()
	packages := filepath.Join(root, "lib/python3.12/site-packages")
	plant(t, packages, "nvidia/cu13/lib/x", "nvidia/cublas/lib/x", "torch/lib/x")
	plant(t, packages, "nvidia/cublas/lib/libcublasLt.so.13")
	newer, older := filepath.Join(packages, "nvidia/cu13/lib/libcublasLt.so.13"), filepath.Join(packages, "nvidia/cublas/lib/libcublasLt.so.12")
	compiled(t, newer, stub("1")) // too new for the driver
	compiled(t, older, stub("0"))
	t.Setenv("VIRTUAL_ENV", root)
	if Path() != "" {
		t.Errorf("%s is loaded", Path())
	}
	if _, err := Open(newer); err == nil || !strings.Contains(err.Error(), newer+": cuBLAS status 1 (not initialised)") || Path() != "" {
		t.Errorf("set to %s: %v, at %q", newer, err, Path())
	}
	if _, err := Open("/nowhere/lib.so"); err == nil || !strings.Contains(err.Error(), "/nowhere/lib.so: cannot open") {
		t.Errorf("set to what is not there: %v", err)
	}
	h, err := Open("")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	if Path() == "" {
		t.Error("nothing is said to be loaded")
	} else if Path() != older {
		t.Skipf("the loader knows cuBLASLt here: %s", Path())
	}
	for _, set := range []string{"", older} {
		if _, err := Open(set); err != nil {
			t.Errorf("again, %q: %v", set, err)
		}
	}
	t.Chdir(filepath.Dir(newer))
	if _, err := Open(filepath.Base(newer)); err == nil || !strings.Contains(err.Error(), `not that of "./libcublasLt`) {
		t.Errorf("the name of a file that is here: %v", err)
	}
	t.Setenv(Env, newer)
	if _, err := Open(""); err == nil || !strings.Contains(err.Error(), older) {
		t.Errorf("another one in the same process: %v", err)
	}
	if _, err := Open(older); err != nil {
		t.Errorf("what is asked for wins over %s: %v", Env, err)
	}
}

func TestStatus(t *testing.T) {
	if !errors.Is(Status(15), ErrUnsupported) || errors.Is(Status(7), ErrUnsupported) {
		t.Error("only status 15 is ErrUnsupported")
	}
}
