package bench

import (
	"strings"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// Net is a net that docs/benchmarks times, by the letter that it goes by there.
type Net struct {
	Name   string
	model  string
	change func(*settings.Config)
}

// Nets are those nets.
var Nets = []Net{
	{"a", "ae", nil},
	{"b", "vae", nil},
	{"c", "vae", func(c *settings.Config) {
		c.Hidden, c.Latent, c.Activation = settings.Widths{200, 200}, 50, settings.Tanh
	}},
	{"d", "denoising", nil},
	{"e", "sparse", nil},
	{"f", "contractive", func(c *settings.Config) { c.Tied, c.Latent = false, 1000 }},
	{"h", "ae", func(c *settings.Config) {
		c.Hidden, c.Latent, c.Activation = settings.Widths{1000, 500, 250}, 30, settings.Sigmoid
	}},
	{"w", "ae", func(c *settings.Config) { c.Hidden, c.Latent = settings.Widths{4096, 4096}, 64 }},
}

// Config is the net as a training's settings: a preset with sizes, and some settings of its own.
func (n *Net) Config() (settings.Config, error) {
	c, err := settings.Preset(n.model)
	if err == nil && n.change != nil {
		n.change(&c)
	}
	usual := c.Usual()
	c.Hidden, c.Latent = usual.Hidden, usual.Latent
	return c, err
}

// Peer is what another program needs to know of a net to train the same.
type Peer struct {
	Hidden     []int              `json:"hidden"`
	Latent     int                `json:"latent"`
	Activation backend.Activation `json:"activation"`

	CodeActivation string           `json:"code_activation,omitempty"` // where there is one
	Code           model.Code       `json:"code"`
	Corrupt        model.Corruption `json:"corrupt"`
	Penalties      []model.Penalty  `json:"penalties,omitempty"`

	Flags string `json:"aegpu"` // of train and bench
}

// Peer describes the net.
func (n *Net) Peer() (Peer, error) {
	c, err := n.Config()
	if err != nil {
		return Peer{}, err
	}
	flags, err := c.Flags()
	if err != nil {
		return Peer{}, err
	}
	s, err := c.Spec(1)
	if err != nil {
		return Peer{}, err
	}
	p := Peer{Hidden: s.Hidden, Latent: s.Latent, Activation: s.Activation, Code: s.Code, Corrupt: s.Corrupt, Penalties: s.Penalties, Flags: strings.Join(flags, " ")}
	if s.CodeActivation != backend.Identity {
		p.CodeActivation = s.CodeActivation.String()
	}
	if p.Hidden == nil {
		p.Hidden = []int{}
	}
	return p, nil
}
