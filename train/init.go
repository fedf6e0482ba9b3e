package train

import (
	"context"
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
func (r *run) initialise(ctx context.Context) error {
	c := &r.config
	if c.InitFrom != "" {
		return r.initFrom()
	}
	if c.OutputBias == settings.MeanBias {
		if err := r.whole.CentreOutput(r.means); err != nil {
			return err
		}
	}
	_, unfit := r.whole.Spec.CarriesLinear()
	switch {
	case c.Init == model.PCAInit && unfit != nil:
		return &RequestError{&settings.Error{Field: "Init", Msg: fmt.Sprintf("is %v: a model starts as PCA by way of pairs of units that act as a linear one, and here is %v", c.Init, unfit)}}
	case c.Init == model.PCAInit, c.Init == model.AutoInit && unfit == nil && c.PretrainEpochs == 0:
		return r.startFromPCA(ctx)
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
