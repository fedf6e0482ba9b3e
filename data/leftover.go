package data

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/aegpu/aegpu/internal/filelock"
)

// What the names of temporary files are made of: a prefix and so many random characters.
const (
	tempPrefix = ".tmp-"
	tempRandom = 12
)

// temporaryName returns a new name for a temporary file in a folder.
func temporaryName(dir string) string { return filepath.Join(dir, tempPrefix+rand.Text()[:tempRandom]) }

// Temporary reports whether a file of that name is what [WriteAtomic] and [Replace] write to before they rename it.
func Temporary(name string) bool {
	rest, ok := strings.CutPrefix(name, tempPrefix)
	return ok && len(rest) == tempRandom && strings.Trim(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

// createTemporary makes a temporary file in a folder, which is locked for as long as it is open, where the file system
// has locks.
func createTemporary(dir string) (*os.File, error) {
	clearLeftovers(dir)
	for {
		name := temporaryName(dir)
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return nil, err
		}
		err = filelock.Try(f)
		if !errors.Is(err, filelock.ErrLocked) && (err != nil || still(f, name)) { // without a lock nobody removes it
			return f, nil
		}
		f.Close() // who clears leftovers was faster
		os.Remove(name)
	}
}

// createTemporaryFolder makes a temporary folder in another, which is locked until unlock is called, where the file
// system has locks.
func createTemporaryFolder(dir string) (name string, unlock func(), err error) {
	clearLeftovers(dir)
	for {
		name = temporaryName(dir)
		if err := os.Mkdir(name, 0o755); err != nil {
			return "", nil, err
		}
		f, err := os.Open(name)
		if err != nil { // it is gone, or has no lock
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			return name, func() {}, nil
		}
		err = filelock.Try(f)
		if !errors.Is(err, filelock.ErrLocked) && (err != nil || still(f, name)) {
			return name, func() { f.Close() }, nil
		}
		f.Close()
	}
}

// still reports whether an open file is the one of that name.
func still(f *os.File, name string) bool {
	mine, err := f.Stat()
	there, gone := os.Lstat(name)
	return err == nil && gone == nil && os.SameFile(mine, there)
}

// cleared are the folders that this process has cleared.
var cleared sync.Map

// clearLeftovers removes what writes of processes that were killed have left in a folder, once: temporary files that
// nobody has locked. It is no matter where it cannot.
func clearLeftovers(dir string) {
	if dir == "" {
		dir = "."
	}
	if full, err := filepath.Abs(dir); err == nil {
		if _, done := cleared.LoadOrStore(full, nil); done {
			return
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if Temporary(e.Name()) && (e.Type().IsRegular() || e.IsDir()) {
			removeLeftover(filepath.Join(dir, e.Name()), e)
		}
	}
}

// removeLeftover removes a temporary file or folder that nobody has locked.
func removeLeftover(path string, e fs.DirEntry) {
	const onWindows = time.Minute // a file is closed there before it is renamed, and free in between
	if info, err := e.Info(); err != nil || runtime.GOOS == "windows" && time.Since(info.ModTime()) < onWindows {
		return
	}
	mode := os.O_RDWR // locks of network file systems want it
	if e.IsDir() {
		mode = os.O_RDONLY
	}
	f, err := os.OpenFile(path, mode, 0)
	if err != nil {
		return
	}
	free := filelock.Try(f) == nil && still(f, path)
	if runtime.GOOS == "windows" { // what is open cannot be removed there
		f.Close()
	}
	if free {
		os.RemoveAll(path)
	}
	f.Close()
}
