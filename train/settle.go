package train

import (
	"context"
	"fmt"
	"slices"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// What a training is by, where its settings leave it open.
const (
	usualUpdates = 10000 // of the autoencoder's phase; fewer rows make more epochs of them
	usualWork    = 2e12  // floating-point operations in its products, half a minute on two cores: a net for which that is fewer updates has fewer
	fewestEpochs = 10
	mostEpochs   = 3000

	usualBatch = 128
	smallBatch = 32   // of tables that have few rows
	fewRows    = 2000 // below which they have few

	// warmupShare is the part of the epochs, a tenth, over which the learning rate grows: at once at its highest it would undo
	// a start that is PCA before what is beside it has learnt anything, which small tables do not come back from.
	warmupShare = 10

	patienceShare  = 5  // the part of the epochs, a fifth, after which a training without improvement ends
	fewestPatience = 10 // epochs
)

// widest is the hidden layer of tables with the largest codes.
const widest = 1024

// imageWidths are the hidden layers of images.
var imageWidths = settings.Widths{512, 256}

// hiddenFor returns the hidden layers of a model with a code of that size.
func hiddenFor(s *Sets, latent int) settings.Widths {
	if s.Train.Height > 0 {
		return append(settings.Widths{}, imageWidths...)
	}
	return settings.Widths{min(128+2*latent, widest)}
}

// batchFor returns the rows of a batch.
func batchFor(s *Sets) int {
	if s.Train.Height == 0 && s.Train.Rows < fewRows {
		return smallBatch
	}
	return usualBatch
}

// epochsFor returns the epochs of a training that has so many updates, and so many operations, in each.
func epochsFor(updates int, work float64) int {
	usual := float64(usualUpdates+updates-1) / float64(updates)
	return int(min(max(min(usual, usualWork/work), fewestEpochs), mostEpochs))
}

// workOf returns the floating-point operations of an epoch in products: two a weight and row forward, twice as many backward.
func workOf(s *Sets, c *settings.Config) float64 {
	inputs, outputs := s.Preparation.Inputs(), s.Preparation.Inputs()
	if s.Targets != nil {
		outputs = s.Targets.Inputs()
	}
	decoder := c.Decoder
	if len(decoder) == 0 {
		decoder = slices.Clone(c.Hidden)
		slices.Reverse(decoder)
	}
	weights, below := 0.0, inputs
	for _, w := range slices.Concat(c.Hidden, settings.Widths{int(c.Latent)}, decoder, settings.Widths{outputs}) {
		weights, below = weights+float64(below)*float64(w), w
	}
	return 6 * weights * float64(s.Train.Rows)
}

// patienceFor returns the epochs without improvement after which a training of so many ends, 0 for none.
func patienceFor(epochs int) int {
	if n := max(epochs/patienceShare, fewestPatience); n < epochs {
		return n
	}
	return 0
}

// Settle turns what the settings leave open into numbers that fit the data, and notes each in s.Found: with these numbers
// the same settings give the same bits. Settings in which nothing is left open stay as they are. [Run] settles its own; a
// run that is to be resumed takes what it was begun with first, see [Directory.TakeOpen]. A [RequestError] says what is
// wrong.
func Settle(ctx context.Context, dev backend.Device, c *settings.Config, s *Sets) error {
	full, err := complete(*c)
	if err != nil {
		return err
	}
	if err := full.Validate(); err != nil {
		return &RequestError{err}
	}
	if full.Open() {
		if err := s.settleNet(ctx, dev, &full); err != nil {
			return err
		}
		s.settleCourse(&full)
		if err := full.Validate(); err != nil {
			return &RequestError{err}
		}
	}
	*c = full
	return nil
}

// settleNet decides the sizes of the net: those of the weights that it starts from, where there are some.
func (s *Sets) settleNet(ctx context.Context, dev backend.Device, c *settings.Config) error {
	if !c.Hidden.Auto() && c.Latent != settings.Auto {
		return nil
	}
	if c.InitFrom != "" {
		return s.sizesOfInit(c)
	}
	if c.Latent == settings.Auto {
		size, why, err := s.CodeSize(ctx, dev)
		if err != nil {
			return err
		}
		if least := c.LeastCode(); size < least {
			size, why = least, "so that few of its units are kept"
		}
		c.Latent = settings.Number(size)
		s.found("code of %d: %s (--latent N)", size, why)
	}
	if c.Hidden.Auto() {
		c.Hidden = hiddenFor(s, int(c.Latent))
		s.found("hidden layers %v (--hidden WIDTHS)", c.Hidden)
	}
	return nil
}

// sizesOfInit takes the sizes that are open from the file with the weights.
func (s *Sets) sizesOfInit(c *settings.Config) error {
	path, _ := c.InitFile()
	file, _, err := initFile(c)
	if err != nil {
		return err
	}
	m, err := model.Read(&backend.Paper{}, file)
	if err != nil {
		return inInit(path, err)
	}
	defer m.Close()
	if c.Hidden.Auto() {
		c.Hidden = append(settings.Widths{}, m.Spec.Hidden...)
		if len(c.Decoder) == 0 {
			c.Decoder = append(settings.Widths{}, m.Spec.Decoder...)
		}
	}
	if c.Latent == settings.Auto {
		c.Latent = settings.Number(m.Spec.Latent)
	}
	s.found("hidden layers %v and a code of %d: those of %s (--hidden WIDTHS, --latent N)", c.Hidden, c.Latent, path)
	return nil
}

// settleCourse decides how the net is trained.
func (s *Sets) settleCourse(c *settings.Config) {
	said := ""
	if c.Batch == settings.Auto {
		c.Batch = settings.Number(batchFor(s))
		said = fmt.Sprintf("batches of %d rows (--batch N)", c.Batch)
	}
	open := c.Epochs == settings.Auto
	if open {
		rows := c.UpdateRows(s.Train.Rows)
		updates := (s.Train.Rows + rows - 1) / rows
		c.Epochs = settings.Number(epochsFor(updates, workOf(s, c)))
		said = fmt.Sprintf("%d epochs: %d updates of %d rows", c.Epochs, int(c.Epochs)*updates, rows)
	}
	if c.Schedule.Kind == settings.AutoSchedule {
		c.Schedule = settings.Schedule{}
		if open {
			c.Schedule.Kind = settings.CosineSchedule
			if c.LRWarmup == 0 {
				c.LRWarmup = float64(c.Epochs) / warmupShare
			}
		}
	}
	if c.Patience == settings.Auto {
		c.Patience = 0
		if open && s.Val != nil {
			c.Patience = settings.Number(patienceFor(int(c.Epochs)))
		}
		if c.Patience > 0 {
			said += fmt.Sprintf(", ended early after %d without improvement", c.Patience)
		}
	}
	if open {
		said += " (--epochs N)"
	}
	if said != "" {
		s.found("%s", said)
	}
}

// found notes what was found out, once.
func (s *Sets) found(format string, args ...any) {
	s.Found = append(s.Found, fmt.Sprintf(format, args...))
}

// TakeOpen gives the settings that are left open the values that the run in the directory was begun with, where there is
// one to go on with.
func (d *Directory) TakeOpen(c *settings.Config) {
	full, err := complete(*c)
	if err != nil || !full.Open() || !d.saved() {
		return
	}
	was, ok := d.begun()
	if !ok {
		return
	}
	if full.Hidden.Auto() {
		if full.Hidden = was.Hidden; len(full.Decoder) == 0 {
			full.Decoder = was.Decoder
		}
	}
	for _, n := range []struct {
		now *settings.Number
		was settings.Number
	}{{&full.Latent, was.Latent}, {&full.Epochs, was.Epochs}, {&full.Batch, was.Batch}, {&full.Patience, was.Patience}} {
		if *n.now == settings.Auto {
			*n.now = n.was
		}
	}
	if full.Schedule.Kind == settings.AutoSchedule {
		full.Schedule = was.Schedule
	}
	*c = full
}

// begun returns the settings that the run in the directory was begun with.
func (d *Directory) begun() (settings.Config, bool) {
	for _, read := range []func() (settings.Config, error){
		func() (settings.Config, error) { return savedIn(d.file(CheckpointFile)) },
		func() (settings.Config, error) { return savedIn(d.file(PreviousFile)) },
		func() (settings.Config, error) { return configOf(d.file(ConfigFile)) },
	} {
		if c, err := read(); err == nil && !c.Open() {
			return c, true
		}
	}
	return settings.Config{}, false
}
