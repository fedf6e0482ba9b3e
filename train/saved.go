package train

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/aegpu/aegpu/settings"
)

// mostHeader is how many bytes of a checkpoint's header are read to learn its settings.
const mostHeader = 100 << 20

// Saved returns the settings that the checkpoint in a run directory was written with, and that checkpoint's file. It
// reads the header alone, whose digest is not checked: the settings tell whether [ConfigFile] has been changed since,
// and are not to train by. The error is fs.ErrNotExist where there is no checkpoint.
func Saved(dir string) (c settings.Config, file string, err error) {
	if err := CheckFiles(dir); err != nil {
		return c, dir, err
	}
	for _, name := range []string{CheckpointFile, PreviousFile} {
		file = filepath.Join(dir, name)
		if c, err = savedIn(file); !isNotThere(err) {
			break
		}
	}
	return c, file, err
}

func savedIn(file string) (c settings.Config, err error) {
	f, err := os.Open(file)
	if err != nil {
		return c, err
	}
	defer f.Close()
	var length [8]byte
	if _, err := io.ReadFull(f, length[:]); err != nil {
		return c, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if info, err := f.Stat(); err != nil || n > mostHeader || int64(n) > info.Size() {
		return c, errors.Join(err, fmt.Errorf("%s: a header of %d bytes", file, n))
	}
	var header struct {
		Metadata map[string]string `json:"__metadata__"`
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(f, text); err != nil {
		return c, err
	}
	if err := json.Unmarshal(text, &header); err != nil {
		return c, fmt.Errorf("%s: %w", file, err)
	}
	var state struct{ Config string }
	if err := json.Unmarshal([]byte(header.Metadata[checkpointKey]), &state); err != nil {
		return c, fmt.Errorf("%s: %w", file, err)
	}
	return settings.ReadConfig(strings.NewReader(state.Config))
}

// freeToChange are the settings that may be others when a run is resumed, as long as that comes to the same course.
var freeToChange = []string{"epochs", "classifier-epochs", "patience", "device"}

// tellChanges calls Changed for each setting that the run goes on with otherwise than it was begun.
func (r *run) tellChanges(was *settings.Config) {
	if r.opts.Changed == nil {
		return
	}
	for _, name := range freeToChange {
		if a, b := fmt.Sprint(was.Get(name)), fmt.Sprint(r.config.Get(name)); a != b {
			r.opts.Changed(name, a, b)
		}
	}
}
