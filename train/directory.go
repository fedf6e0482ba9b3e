package train

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/internal/filelock"
)

// Files of a run directory.
const (
	ConfigFile     = "config.yaml"
	ModelFile      = "model.safetensors" // best weights
	CheckpointFile = "last.ckpt"         // all that resuming needs
	PreviousFile   = "previous.ckpt"     // the checkpoint before it
	HistoryFile    = "metrics.jsonl"     // a Record a line
	AlgorithmsFile = "algorithms.jsonl"  // a backend.Choice a line, of a GPU
)

// ErrNotEmpty is wrapped by the error of a directory that holds something already.
var ErrNotEmpty = errors.New("not empty")

// Directory is a run directory that this process has to itself until it closes it.
type Directory struct {
	path   string
	lock   *lock             // nil where the file system has none
	made   []string          // folders that were not there, the outermost first
	before map[string][]byte // what was in the files that a run writes before its first checkpoint; nil where there was none

	mu     sync.Mutex // Close may come from elsewhere than Write
	closed bool

	choices []backend.Choice // the run's
	written int              // of them, to AlgorithmsFile
}

// OpenDirectory makes a run directory, or finds one, and locks it: it is new or empty, or may hold a run where one is to
// be resumed. What killed processes left half-written in it is removed. The error is a [RequestError] where the directory
// is wrong: it wraps [ErrInUse] or [ErrNotEmpty]. warn is told, in a line, that the file system has no locks; nil
// tells nobody.
func OpenDirectory(path string, resume bool, warn func(line string)) (*Directory, error) {
	d := &Directory{path: path}
	if err := d.take(warn); err != nil {
		d.unmake()
		return nil, &RequestError{err}
	}
	if err := d.clear(resume); err != nil {
		d.lock.release()
		d.unmake()
		return nil, err
	}
	return d, nil
}

// Path returns where the directory is.
func (d *Directory) Path() string { return d.path }

// take makes the folders that are missing and locks the last.
func (d *Directory) take(warn func(string)) error {
	for try := 0; ; try++ {
		d.made = append(d.made, missingFolders(d.path)...)
		err := os.MkdirAll(d.path, 0o777)
		vanished := isNotThere(err) || errors.Is(err, fs.ErrExist) // it was there, and was not when MkdirAll looked again
		if err == nil {
			d.lock, err = takeLock(d.path)
			vanished = isNotThere(err)
		}
		switch {
		case vanished && try < 100: // another run, which saved nothing, has just removed it
			continue
		case errors.Is(err, filelock.ErrNone):
			if warn != nil {
				warn(fmt.Sprintf("%s is on a file system without locks: see to it that no other process writes to it", d.path))
			}
			return nil
		}
		return err
	}
}

// missingFolders returns the folders of a path that are not there, the outermost first.
func missingFolders(path string) []string {
	var missing []string
	for p := filepath.Clean(path); ; p = filepath.Dir(p) {
		if _, err := os.Lstat(p); !isNotThere(err) {
			break
		}
		missing = append(missing, p)
	}
	slices.Reverse(missing)
	return missing
}

// clear removes temporary files, and refuses a directory that holds anything else unless a run is to be resumed.
func (d *Directory) clear(resume bool) error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return &RequestError{err}
	}
	var temporary []string
	for _, e := range entries {
		switch link := e.Type() == fs.ModeSymlink; {
		case e.Name() == lockFile:
		case data.Temporary(e.Name()) && (link || e.Type().IsRegular()):
			temporary = append(temporary, e.Name())
		case !resume:
			return wrong("%s is %w: choose another directory, or resume to continue the run in it", d.path, ErrNotEmpty)
		case written(e.Name()):
			if err := plainFile(d.file(e.Name())); err != nil {
				return err
			}
		}
	}
	for _, name := range temporary {
		if err := os.Remove(filepath.Join(d.path, name)); err != nil && !isNotThere(err) {
			return err
		}
	}
	return nil
}

// written reports whether a run may write a file of that name.
func written(name string) bool {
	return slices.Contains(runFiles, name) || slices.Contains([]string{".html", ".png"}, filepath.Ext(name))
}

func (d *Directory) file(name string) string { return filepath.Join(d.path, name) }

// saved reports whether there is a checkpoint, be it damaged.
func (d *Directory) saved() bool {
	return exists(d.file(CheckpointFile)) || exists(d.file(PreviousFile))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Write writes a file of the directory, whole or not at all. A link in its place is replaced, not followed.
func (d *Directory) Write(name string, write func(io.Writer) error) error {
	if !d.begin(name) {
		return fmt.Errorf("%s: the run directory is closed", d.path)
	}
	return data.Replace(d.file(name), "", write)
}

// begin prepares the writing of a file, and reports whether it may be written.
func (d *Directory) begin(name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed && !d.saved() {
		d.note(name)
	}
	return !d.closed
}

// note keeps what is in a file before it is written for the first time, unless that is more than a run writes before its
// first checkpoint and needs again.
func (d *Directory) note(name string) {
	const most = 1 << 20
	if _, noted := d.before[name]; noted {
		return
	}
	if d.before == nil {
		d.before = map[string][]byte{}
	}
	switch info, err := os.Lstat(d.file(name)); {
	case isNotThere(err):
		d.before[name] = nil
	case err == nil && info.Mode().IsRegular() && info.Size() <= most:
		if was, err := os.ReadFile(d.file(name)); err == nil {
			d.before[name] = was
		}
	}
}

// Close gives the directory up; nothing is written to it any more. One in which no checkpoint was written is as it was found.
func (d *Directory) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	d.closed = true
	saved := d.saved()
	if !saved {
		for name, was := range d.before {
			if was == nil {
				os.Remove(d.file(name))
				continue
			}
			data.Replace(d.file(name), "", func(w io.Writer) error { _, err := w.Write(was); return err })
		}
	}
	d.lock.release()
	if !saved {
		d.unmake()
	}
}

// unmake removes the folders that were made, as far as nothing is in them.
func (d *Directory) unmake() {
	for _, folder := range slices.Backward(d.made) {
		os.Remove(folder)
	}
}
