package train

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// initialise gives a new model the weights that the settings ask for beside those that are drawn.
func (r *run) initialise() error {
	if r.config.InitFrom != "" {
		return r.initFrom()
	}
	if r.config.OutputBias == settings.MeanBias {
		return r.whole.CentreOutput(r.means)
	}
	return nil
}

// initFrom takes the weights of another run, or model file, and notes the digest of its file in the config: with it the
// config gives the same bits, or is refused.
func (r *run) initFrom() error {
	path, digest := r.config.InitFile()
	bad := func(format string, args ...any) error {
		return &RequestError{&settings.Error{Field: "InitFrom", Msg: "is " + path + ": " + fmt.Sprintf(format, args...)}}
	}
	name := path
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		name = filepath.Join(path, ModelFile)
		if err := CheckFiles(path); err != nil {
			return bad("%v", err)
		}
	}
	if err := plainFile(name); err != nil {
		return bad("%v", err)
	}
	file, err := os.ReadFile(name)
	if err != nil {
		return bad("%s", reason(err))
	}
	sum := sha256.Sum256(file)
	now := hex.EncodeToString(sum[:])
	if digest != "" && digest != now {
		return bad("its weights are others than those that the settings were written with (sha256 %.12s, now %.12s); name the path without a digest to take them as they are", digest, now)
	}
	if err := r.whole.TakeFrom(file); err != nil {
		if errors.Is(err, backend.ErrOutOfMemory) {
			return err
		}
		if name != path {
			err = fmt.Errorf("%s: %w", ModelFile, err)
		}
		return bad("%v", err)
	}
	if r.whole.Classifier.FineTuned && len(r.stages) > 0 && r.stages[0].objective == model.Frozen {
		return bad("%v: a frozen classifier needs {Epochs} of the autoencoder before it", model.ErrNoDecoder)
	}
	r.whole.Classifier = model.Classifier{} // what is trained now makes it fit again, or says so itself
	r.config.SetInitFile(path, now)
	return nil
}

// reason is the system's word for what went wrong, without the path.
func reason(err error) string {
	if e := (*os.PathError)(nil); errors.As(err, &e) {
		return e.Err.Error()
	}
	return err.Error()
}
