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
		return &RequestError{&settings.Error{Field: "Init", Msg: fmt.Sprintf("is %v: a model starts as PCA by way of pairs of units that together are linear, which does not go with %v", c.Init, unfit)}}
	case r.startsFromPCA():
		return r.startFromPCA(ctx)
	}
	return nil
}

// startsFromPCA reports whether the weights that the run begins with contain PCA. Where it is left open those of a conditional
// model do not, since what PCA tells of rows is what the condition tells too, and its codes are to be free of that.
func (r *run) startsFromPCA() bool {
	c := &r.config
	_, unfit := r.whole.Spec.CarriesLinear()
	return c.InitFrom == "" && unfit == nil && (c.Init == model.PCAInit || c.Init == model.AutoInit && c.PretrainEpochs == 0 && c.Condition == "")
}

// badInit is what is wrong with the weights that are to be started from.
func badInit(path, format string, args ...any) error {
	return &RequestError{&settings.Error{Field: "InitFrom", Msg: "is " + path + ": " + fmt.Sprintf(format, args...)}}
}

// initFile reads the file of weights that the settings name, and returns its digest too: what the settings say of it is
// checked.
func initFile(c *settings.Config) (file []byte, now string, err error) {
	path, digest := c.InitFile()
	name := path
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		name = filepath.Join(path, ModelFile)
		if err := CheckFiles(path); err != nil {
			return nil, "", badInit(path, "%v", err)
		}
	}
	if err := plainFile(name); err != nil {
		return nil, "", badInit(path, "%v", err)
	}
	if file, err = os.ReadFile(name); err != nil {
		return nil, "", badInit(path, "%s", reason(err))
	}
	sum := sha256.Sum256(file)
	now = hex.EncodeToString(sum[:])
	if digest != "" && digest != now {
		return nil, "", badInit(path, "its weights are others than those that the settings were written with (sha256 %.12s, now %.12s); name the path without a digest to take them as they are", digest, now)
	}
	return file, now, nil
}

// inInit is an error of the file of weights, by its name where a folder was named.
func inInit(path string, err error) error {
	if info, stat := os.Stat(path); stat == nil && info.IsDir() {
		err = fmt.Errorf("%s: %w", ModelFile, err)
	}
	return badInit(path, "%v", err)
}

// initFrom takes the weights of another run, or model file, and notes the digest of its file in the config: with it the
// config gives the same bits, or is refused.
func (r *run) initFrom() error {
	path, _ := r.config.InitFile()
	file, now, err := initFile(&r.config)
	if err != nil {
		return err
	}
	if err := r.whole.TakeFrom(file); err != nil {
		if errors.Is(err, backend.ErrOutOfMemory) {
			return err
		}
		return inInit(path, err)
	}
	if r.whole.Classifier.FineTuned && len(r.stages) > 0 && r.stages[0].objective == model.Frozen {
		return badInit(path, "%v: a frozen classifier needs {Epochs} of the autoencoder before it", model.ErrNoDecoder)
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
