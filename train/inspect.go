package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aegpu/aegpu/backend/hostmemory"
)

// Checkpoint is what a checkpoint in a run directory says of the run.
type Checkpoint struct {
	File    string   // its name in the directory
	History []Record // of the epochs that were done by then
	Err     error    // what keeps the run from going on from it: damage, or another version
}

// Checkpoints reads the checkpoints in a run directory, the last first, and checks their digests. The error says that one
// cannot be read at all, or that there is no memory for it.
func Checkpoints(dir string) ([]Checkpoint, error) {
	if err := CheckFiles(dir); err != nil {
		return nil, err
	}
	var all []Checkpoint
	for _, name := range []string{CheckpointFile, PreviousFile} {
		file, err := readWhole(filepath.Join(dir, name))
		switch {
		case isNotThere(err):
			continue
		case errors.Is(err, os.ErrPermission):
			return nil, &RequestError{err}
		case err != nil:
			return nil, err
		}
		c, _, err := parseCheckpoint(file)
		one := Checkpoint{File: name, Err: err}
		if err == nil {
			one.History = c.History
		}
		all = append(all, one)
	}
	return all, nil
}

// readWhole reads a checkpoint, where there is memory for it.
func readWhole(path string) ([]byte, error) {
	if info, err := os.Stat(path); err == nil {
		if err := hostmemory.AskBytes("the checkpoint "+path, float64(info.Size())); err != nil {
			return nil, err
		}
	}
	return os.ReadFile(path)
}

// Differs says how a history that was read from [HistoryFile] is not that of the checkpoint; "" where it is. The
// file may have more epochs, whose checkpoint was not written any more.
func (c *Checkpoint) Differs(history []Record) string {
	for i := range c.History {
		if i >= len(history) {
			return fmt.Sprintf("it has %d epochs, %s has %d", len(history), c.File, len(c.History))
		}
		a, wrong := json.Marshal(c.History[i])
		b, bad := json.Marshal(history[i])
		if wrong != nil || bad != nil || !bytes.Equal(a, b) {
			return fmt.Sprintf("line %d is not what %s has of that epoch", i+1, c.File)
		}
	}
	for i := max(len(c.History), 1); i < len(history); i++ {
		if was, is := &history[i-1], &history[i]; is.Epoch != 1 && (is.Phase != was.Phase || is.Epoch != was.Epoch+1) || is.Epoch == 1 && is.Phase == was.Phase {
			return fmt.Sprintf("line %d is not of the epoch after that of line %d", i+1, i)
		}
	}
	return ""
}
