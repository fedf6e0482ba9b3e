package data

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

// WriteAtomic writes a file so that path holds, at any instant, either what it held before or all of the new content:
// write fills a temporary file in the same folder, which is synced to the disk and renamed. Where anything fails the
// temporary file is removed and path is as it was; what a killed process left in the folder is removed by the next write. New files have mode 0644 less the umask. A path that is there and is
// not a regular file (a device, a pipe) is written directly; a link is followed.
//
// A folder that is not there or may not be written is an [*Error]; write's own error is returned as it is.
func WriteAtomic(path string, write func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return writeDirect(path, write)
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	return Replace(path, "", write)
}

// Replace is WriteAtomic for a file in a folder that may hold anything: a link at path is replaced, and never written
// through. What path held is then found at kept, unless that is "".
func Replace(path, kept string, write func(io.Writer) error) error {
	dir, _ := filepath.Split(path)
	f, err := createTemporary(dir)
	if err != nil {
		return pathError(path, err)
	}
	defer f.Close() // at the end, as it is locked until then
	temp := f.Name()
	unfinished.Store(temp, nil)
	done := false
	defer func() {
		if !done {
			f.Close()
			os.Remove(temp)
		}
		unfinished.Delete(temp)
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if runtime.GOOS == "windows" { // what is open cannot be renamed there
		if err := f.Close(); err != nil {
			return err
		}
	}
	if kept != "" {
		if err := os.Rename(path, kept); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return pathError(kept, err)
		}
	}
	if err := os.Rename(temp, path); err != nil {
		return pathError(path, err)
	}
	done = true
	return syncFolder(dir)
}

// unfinished are the names of the temporary files and folders that are being written.
var unfinished sync.Map

// Abandon removes the temporary files of writes that are under way and will not be finished, because the program is
// about to end.
func Abandon() {
	unfinished.Range(func(temp, _ any) bool {
		os.RemoveAll(temp.(string))
		return true
	})
}

// syncFolder makes a rename in dir last through a loss of power. Systems that cannot sync a folder are forgiven.
func syncFolder(dir string) error {
	if dir == "" {
		dir = "."
	}
	d, err := os.Open(dir)
	if err != nil {
		return nil // the folder can be written but not listed: the file itself is synced
	}
	defer d.Close()
	d.Sync()
	return nil
}

// writeDirect writes to something that cannot be renamed over.
func writeDirect(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return pathError(path, err)
	}
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
