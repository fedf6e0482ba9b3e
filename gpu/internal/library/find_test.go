package library

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// lt is cuBLASLt.
func lt() *Library {
	return &Library{Name: "cuBLASLt", Flag: "--cublaslt", Env: "AEGPU_LIBCUBLASLT", Files: []string{"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so.11"}}
}

// opener is a loader: it knows what opens, and keeps what it was asked for.
type opener struct {
	opens string
	why   map[string]string // it does not, where it is not that it is not there
	asked []string
}

func (o *opener) open(path string) error {
	o.asked = append(o.asked, path)
	if path == o.opens {
		return nil
	}
	if why := o.why[path]; why != "" {
		return errors.New(why)
	}
	return errors.New(path + ": cannot open shared object file: No such file or directory")
}

func none(t *testing.T) func() []place {
	return func() []place { t.Error("places are looked into"); return nil }
}

func TestWhatIsSetIsAllThatIsTried(t *testing.T) {
	o := &opener{opens: "/a/lib"}
	if path, err := lt().find("/a/lib", none(t), o.open); path != "/a/lib" || err != nil {
		t.Errorf("%q, %v", path, err)
	}
	o = &opener{opens: "libcublasLt.so.13"}
	_, err := lt().find("/b/lib", none(t), o.open)
	if err == nil || !strings.Contains(err.Error(), "/b/lib: cannot open") || !strings.Contains(err.Error(), lt().Env) || len(o.asked) != 1 {
		t.Errorf("%v after trying %q, want an error that names the one that is set", err, o.asked)
	}
}

func TestTheLoaderComesFirst(t *testing.T) {
	o := &opener{opens: "libcublasLt.so.12"}
	path, err := lt().find("", none(t), o.open)
	if path != "libcublasLt.so.12" || err != nil || !slices.Equal(o.asked, []string{"libcublasLt.so.13", "libcublasLt.so.12"}) {
		t.Errorf("%q, %v after trying %q", path, err, o.asked)
	}
}

// TestTheSearchGoesOn has libraries that do not serve before one that does.
func TestTheSearchGoesOn(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, "a/libcublasLt.so.13", "a/libcublasLt.so.11", "b/libcublasLt.so.12")
	list := func() []place {
		return []place{{"A", under(dir, "a"), lt().Files}, {"B", under(dir, "b"), lt().Files}, {"C", under(dir, "c"), lt().Files}}
	}
	broken, old, good := filepath.Join(dir, "a/libcublasLt.so.13"), filepath.Join(dir, "a/libcublasLt.so.11"), filepath.Join(dir, "b/libcublasLt.so.12")
	o := &opener{opens: good, why: map[string]string{broken: broken + ": file too short"}}
	if path, err := lt().find("", list, o.open); path != good || err != nil {
		t.Errorf("%q, %v", path, err)
	}
	if want := []string{"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so.11", broken, old, good}; !slices.Equal(o.asked, want) {
		t.Errorf("tried\n%q, want\n%q", o.asked, want)
	}
}

func TestTheErrorSaysWhereAndWhy(t *testing.T) {
	dir := t.TempDir()
	plant(t, dir, "a/libcublasLt.so.13")
	lib := filepath.Join(dir, "a/libcublasLt.so.13")
	if err := os.Symlink(lib, filepath.Join(dir, "libcublasLt.so.13")); err != nil {
		t.Skip(err)
	}
	o := &opener{why: map[string]string{
		lib:                 lib + ": invalid ELF header",
		"libcublasLt.so.12": "libother.so: cannot open shared object file: No such file or directory",
	}}
	_, err := lt().find("", func() []place {
		return []place{{"the toolkit", under(dir, "a"), lt().Files}, {"the packages", under(dir, "."), lt().Files}}
	}, o.open)
	if err == nil {
		t.Fatal("found")
	}
	text := err.Error()
	for _, want := range []string{"the toolkit, the packages", ".13, .12 or .11", lib + ": invalid ELF header", "libother.so: cannot open", "--cublaslt PATH", lt().Env} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in: %s", want, text)
		}
	}
	if strings.Contains(text, "\n") || strings.Contains(text, "libcublasLt.so.11: cannot") || strings.Contains(text, filepath.Join(dir, "libcublasLt.so.13")) {
		t.Errorf("what is not there, or a library under two names, is told of: %s", text)
	}
}
