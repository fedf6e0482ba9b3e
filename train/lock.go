package train

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/aegpu/aegpu/internal/filelock"
)

// lockFile is in a run directory while a process has it, and holds that process's id and host.
const lockFile = ".lock"

var (
	// ErrInUse is wrapped by the error of a run directory that another process, or another run of this one, writes to.
	ErrInUse = errors.New("in use by another process")

	errLockIsGone = errors.New("the lock is gone") // removed by who had it, while it was waited for
)

// lock is a lock file that this process has locked. The system gives it up when the process ends, however it does.
type lock struct {
	file *os.File
	path string
}

// takeLock locks a directory. The error wraps [ErrInUse] where somebody else has it, and filelock.ErrNone where nobody can.
func takeLock(dir string) (*lock, error) {
	path := filepath.Join(dir, lockFile)
	for range 100 {
		l, err := tryLockFile(path)
		if errors.Is(err, errLockIsGone) {
			continue
		}
		return l, err
	}
	return nil, fmt.Errorf("%s is %w", dir, ErrInUse)
}

func tryLockFile(path string) (*lock, error) {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return nil, wrong("%s is not a plain file: remove it", path)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	switch err := filelock.Try(f); {
	case errors.Is(err, filelock.ErrLocked):
		defer f.Close()
		return nil, fmt.Errorf("%s is %w%s", filepath.Dir(path), ErrInUse, holder(f))
	case err != nil:
		f.Close()
		os.Remove(path)
		return nil, err
	}
	// Who had it before removes the file while it is still locked: this may be one that is gone.
	mine, err := f.Stat()
	there, gone := os.Lstat(path)
	if err != nil || gone != nil || !os.SameFile(mine, there) {
		f.Close()
		return nil, errLockIsGone
	}
	host, _ := os.Hostname()
	if err := f.Truncate(0); err == nil {
		fmt.Fprintf(f, "%d %s\n", os.Getpid(), host) // for the message alone
	}
	return &lock{f, path}, nil
}

// holder is who has a lock, as far as the file says.
func holder(f *os.File) string {
	text, _ := io.ReadAll(io.LimitReader(f, 300))
	words := strings.Fields(string(text))
	if len(words) == 0 {
		return ""
	}
	if host, err := os.Hostname(); len(words) > 1 && (err != nil || words[1] != host) {
		return fmt.Sprintf(" (pid %s on %s)", words[0], words[1])
	}
	return fmt.Sprintf(" (pid %s)", words[0])
}

// release removes the lock file and gives the lock up. nil has none.
func (l *lock) release() {
	if l == nil {
		return
	}
	if runtime.GOOS == "windows" { // a file that is open cannot be removed there, by whoever has it
		l.file.Close()
		os.Remove(l.path)
		return
	}
	os.Remove(l.path)
	l.file.Close()
}

// isNotThere reports whether an error is that a file or folder does not exist.
func isNotThere(err error) bool { return errors.Is(err, fs.ErrNotExist) }
