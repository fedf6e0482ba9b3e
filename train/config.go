package train

import (
	"io"

	"github.com/aegpu/aegpu/settings"
)

// Config is everything that decides what a run computes.
type Config = settings.Config

// Widths are the widths of hidden layers.
type Widths = settings.Widths

// Models returns the presets' names.
func Models() []string { return settings.Models() }

// Preset returns the complete config of a named model.
func Preset(name string) (Config, error) { return settings.Preset(name) }

// ReadConfig is [settings.ReadConfig].
func ReadConfig(r io.Reader) (Config, error) { return settings.ReadConfig(r) }

// ReadConfigAs is [settings.ReadConfigAs].
func ReadConfigAs(r io.Reader, as string) (Config, error) { return settings.ReadConfigAs(r, as) }

// complete is the config with what was left out, or the request's error.
func complete(c Config) (Config, error) {
	c, err := c.Complete()
	if err != nil {
		return c, &RequestError{err}
	}
	return c, nil
}
