package train

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// listing is the names in a directory, nil where there is none.
func listing(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !isNotThere(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestFinishedRunLeavesItsFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := runIn(t, t.Context(), small(t, "ae"), Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	want := []string{ConfigFile, CheckpointFile, HistoryFile, ModelFile, PreviousFile}
	if got := listing(t, dir); !slices.Equal(got, want) {
		t.Errorf("a finished run leaves %v, want %v", got, want)
	}
}

func TestTwoRunsInOneDirectory(t *testing.T) {
	c := small(t, "ae")
	dir := filepath.Join(t.TempDir(), "run")
	var second error
	_, err := runIn(t, t.Context(), c, Options{Dir: dir, Epoch: func(Record) {
		for _, resume := range []bool{false, true} {
			_, second = runIn(t, t.Context(), c, Options{Dir: dir, Resume: resume})
			var request *RequestError
			if !errors.As(second, &request) || !errors.Is(second, ErrInUse) || !strings.Contains(second.Error(), "(pid ") {
				t.Errorf("resume %v: the second run came to %v", resume, second)
			}
		}
	}})
	if err != nil || second == nil {
		t.Fatal(err, second)
	}
}

// Of many that want a directory at once, one has it at a time, and none is left with a lock of its own.
func TestLockIsHeldByOne(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	held, done := make(chan struct{}, 1), make(chan error)
	for range 8 {
		go func() {
			for range 200 {
				d, err := OpenDirectory(dir, false, nil)
				if errors.Is(err, ErrInUse) {
					continue
				}
				if err != nil {
					done <- err
					return
				}
				select {
				case held <- struct{}{}:
				default:
					done <- errors.New("two have the directory")
					return
				}
				<-held
				d.Close()
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	// The folder itself stays where one made it and another had it first.
	if names := listing(t, dir); names != nil {
		t.Errorf("%v was left", names)
	}
}

func TestRunWithoutCheckpointLeavesNothing(t *testing.T) {
	top := t.TempDir()
	outer := filepath.Join(top, "a")
	d, err := OpenDirectory(filepath.Join(outer, "b"), false, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Write(ConfigFile, small(t, "ae").Write); err != nil {
		t.Fatal(err)
	}
	d.Close()
	d.Close()
	if names := listing(t, top); names != nil {
		t.Errorf("%v was left", names)
	}

	// What was there before is there again.
	if err := os.WriteFile(filepath.Join(top, ConfigFile), []byte("latent: 3\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if d, err = OpenDirectory(top, true, nil); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, name := range []string{ConfigFile, HistoryFile} {
			if err := d.Write(name, small(t, "vae").Write); err != nil {
				t.Fatal(err)
			}
		}
	}
	d.Close()
	if got := string(read(t, top, ConfigFile)); got != "latent: 3\n" || len(listing(t, top)) != 1 {
		t.Errorf("%v, the config %q", listing(t, top), got)
	}

	// A run that diverges in its first epoch.
	c := small(t, "ae")
	c.Loss, c.Optimizer, c.LR = squared, 1, 1e30
	dir := filepath.Join(t.TempDir(), "run")
	var diverged *DivergedError
	if _, err := runIn(t, t.Context(), c, Options{Dir: dir}); !errors.As(err, &diverged) {
		t.Fatal(err)
	}
	if names := listing(t, filepath.Dir(dir)); diverged.Epoch == 1 && names != nil {
		t.Errorf("%v was left of a run that diverged at once", names)
	}
}

func TestWhatKilledRunsLeftIsCleared(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".tmp-ABCDEFGHIJ23", ".tmp-notes", lockFile} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("1234 elsewhere\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := OpenDirectory(dir, false, nil); !errors.Is(err, ErrNotEmpty) {
		t.Fatalf("with a file of somebody's: %v", err)
	}
	if names := listing(t, dir); len(names) != 2 || names[1] != ".tmp-notes" && names[0] != ".tmp-ABCDEFGHIJ23" {
		t.Errorf("a directory that was refused holds %v", names)
	}
	d, err := OpenDirectory(dir, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if names := listing(t, dir); !slices.Equal(names, []string{lockFile, ".tmp-notes"}) {
		t.Errorf("%v is left", names)
	}
}

func TestLinksAreNotWrittenThrough(t *testing.T) {
	c := small(t, "ae")
	c.Epochs = 1
	dir, elsewhere := t.TempDir(), t.TempDir()
	for _, name := range []string{ConfigFile, ModelFile, HistoryFile} {
		file := filepath.Join(elsewhere, name)
		if err := os.WriteFile(file, []byte("theirs"), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(file, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	if _, err := runIn(t, t.Context(), c, Options{Dir: dir, Resume: true}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{ConfigFile, ModelFile, HistoryFile} {
		if got := string(read(t, elsewhere, name)); got != "theirs" {
			t.Errorf("%s was written through a link: %.20q", name, got)
		}
		if info, err := os.Lstat(filepath.Join(dir, name)); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s is %v, %v", name, info.Mode(), err)
		}
	}
	dir = t.TempDir()
	if err := os.Symlink(filepath.Join(elsewhere, "lock"), filepath.Join(dir, lockFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDirectory(dir, true, nil); err == nil || exists(filepath.Join(elsewhere, "lock")) {
		t.Errorf("a lock that is a link: %v", err)
	}
}

// A disk that is full at the first checkpoint: the error is the disk's, and the directory gone.
func TestFailedFirstCheckpoint(t *testing.T) {
	full := errors.New("disk full")
	top := t.TempDir()
	d, err := OpenDirectory(filepath.Join(top, "run"), false, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Write(ModelFile, func(w io.Writer) error { io.WriteString(w, "half"); return full }); !errors.Is(err, full) {
		t.Fatal(err)
	}
	d.Close()
	if names := listing(t, top); names != nil {
		t.Errorf("%v was left", names)
	}
}
