package data

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// names lists a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestWriteAtomicLeavesAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	put := func(text string, then error) error {
		return WriteAtomic("f", func(w io.Writer) error {
			io.WriteString(w, text)
			return then
		})
	}
	full := errors.New("no space left on device")
	if err := put("half", full); !errors.Is(err, full) {
		t.Errorf("got %v, want the writer's own error", err)
	}
	if n := names(t, dir); len(n) != 0 {
		t.Errorf("a failed write left %v", n)
	}
	if err := put("one", nil); err != nil {
		t.Fatal(err)
	}
	if err := put("ha", full); !errors.Is(err, full) {
		t.Errorf("got %v, want the writer's own error", err)
	}
	func() {
		defer func() { recover() }()
		WriteAtomic("f", func(io.Writer) error { panic("writer") })
	}()
	if got, _ := os.ReadFile("f"); string(got) != "one" || len(names(t, dir)) != 1 {
		t.Errorf("after failures the folder holds %v and the file %q", names(t, dir), got)
	}
	if err := put("two", nil); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile("f"); string(got) != "two" {
		t.Errorf("the file holds %q", got)
	}
	if info, _ := os.Stat("f"); info.Mode().Perm()&0o644&^0o022 != info.Mode().Perm()&^0o022 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestWriteRefusesWhatCannotBe(t *testing.T) {
	dir := t.TempDir()
	err := Write(filepath.Join(dir, "none", "a.npy"), small())
	wantError(t, err, "none", "no such file or folder")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}
	wantError(t, Write(filepath.Join(dir, "a.xls"), small()), "a.xls", ".npy")
	bad := small()
	bad.Rows = 5
	wantError(t, Write(filepath.Join(dir, "a.npy"), bad), "12 values")
	os.Mkdir(filepath.Join(dir, "b.npy"), 0o755)
	wantError(t, Write(filepath.Join(dir, "b.npy"), small()), "b.npy", "directory")
	if n := names(t, dir); len(n) != 1 {
		t.Errorf("refused writes left %v", n)
	}
}

func TestWriteAtomicKeepsDevices(t *testing.T) {
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Skip("no null device here")
	}
	if err := WriteAtomic(os.DevNull, func(w io.Writer) error { _, err := io.WriteString(w, "x"); return err }); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("the null device is gone: %v, %v", info, err)
	}
}

func TestWriteAtomicFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	os.WriteFile(target, nil, 0o644)
	if err := os.Symlink(target, link); err != nil {
		t.Skip("no links here: ", err)
	}
	if err := WriteAtomic(link, func(w io.Writer) error { _, err := io.WriteString(w, "x"); return err }); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(target); string(got) != "x" || len(names(t, dir)) != 2 {
		t.Errorf("the target holds %q, the folder %v", got, names(t, dir))
	}
}

// A full disk is the machine's failure, not the user's.
func TestFullDiskIsNotTheUsersError(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	err := WriteAtomic("/dev/full", func(w io.Writer) error {
		return (&parts{w: newPartWriter("npy", w), left: small().Rows}).write(func(use func(*Set) error) error { return use(small()) })
	})
	var e *Error
	if err == nil || errors.As(err, &e) {
		t.Errorf("got %v (%T), want the system's own error", err, err)
	}
}

func TestReplaceWritesThroughNoLink(t *testing.T) {
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "elsewhere")
	if err := os.WriteFile(elsewhere, []byte("theirs"), 0o666); err != nil {
		t.Fatal(err)
	}
	path, kept := filepath.Join(dir, "f"), filepath.Join(dir, "kept")
	if err := os.Symlink(elsewhere, path); err != nil {
		t.Skip(err)
	}
	write := func(text string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
	}
	for _, text := range []string{"one", "two"} {
		if err := Replace(path, "", write(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Replace(path, kept, write("three")); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{elsewhere: "theirs", path: "three", kept: "two"} {
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v: want %q", file, got, err, want)
		}
	}
}

func TestTemporaryNames(t *testing.T) {
	dir := t.TempDir()
	err := WriteAtomic(filepath.Join(dir, "f"), func(io.Writer) error {
		if n := names(t, dir); len(n) != 1 || !Temporary(n[0]) {
			t.Errorf("%v is not one temporary file", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"f", ".tmp-", ".tmp-notes", ".tmp-my_own_notes"} {
		if Temporary(name) {
			t.Errorf("%s counts as temporary", name)
		}
	}
}

// TestLeftoverFolders removes a temporary folder that nobody has locked, once, and leaves one that is being written.
func TestLeftoverFolders(t *testing.T) {
	dir := t.TempDir()
	mine, unlock, err := createTemporaryFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	dead := temporaryName(dir)
	if err := os.MkdirAll(filepath.Join(dead, "x"), 0o777); err != nil {
		t.Fatal(err)
	}
	cleared.Clear() // as another process
	clearLeftovers(dir)
	if n := names(t, dir); len(n) != 1 || n[0] != filepath.Base(mine) {
		t.Errorf("%v is left, want %s", n, mine)
	}
	unlock()
	cleared.Clear()
	clearLeftovers(dir)
	if n := names(t, dir); len(n) != 0 {
		t.Errorf("%v is left", n)
	}
}
