package train

import (
	"context"
	"errors"
	"os"
	"runtime/debug"
	"slices"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// blocksOfWindow is how many blocks make a window at least: so many places of the data meet in every batch.
const blocksOfWindow = 512

// mostOfBlock is how many rows a block has at most, where its size is left open.
const mostOfBlock = 4096

// settleWindow decides how many rows are on the device at a time where the settings leave it open: all, or as many as a
// share of the memory holds where the data lie on disk. A run that goes on keeps what it was begun with.
func (r *run) settleWindow() {
	c := &r.config
	if !r.goesOn {
		r.sets.settleWindow(r.dev, c)
	} else if was, err := configOf(r.dir.file(ConfigFile)); err == nil && (c.Window == 0 || c.Window == was.Window && c.Block == 0) {
		c.Window, c.Block = was.Window, was.Block
	}
}

func (s *Sets) settleWindow(dev backend.Device, c *settings.Config) {
	if c.Window == 0 && (s.Train.OnDisk() || s.Targets != nil && made(s.Train).OnDisk()) {
		const share = 8 // of the memory, for the rows of a window: the next one's are beside them (feedBytes)
		memory := s.Train.Memory()
		if s.Targets != nil {
			memory = max(memory, made(s.Train).Memory())
		}
		if total := dev.Info().Total; total > 0 { // what is free changes, and the rows' order with it
			memory = min(memory, int64(total))
		}
		row := 4 * int64(s.width())
		c.Window = int(max(memory/share/row, blocksOfWindow))
	}
	if c.Window > 0 && c.Block == 0 {
		c.Block = min(max(c.Window/blocksOfWindow, 1), mostOfBlock)
	}
}

// configOf reads the settings of a run.
func configOf(path string) (settings.Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return settings.Config{}, err
	}
	defer f.Close()
	return settings.ReadConfig(f)
}

// windowRows returns how many rows of a training part of so many are on the device at a time, whole updates of them; 0 for all.
func windowRows(c *settings.Config, rows int) int {
	update := c.UpdateRows(rows)
	window := max(c.Window/update, 1) * update
	if c.Window == 0 || window >= rows {
		return 0
	}
	return window
}

// windowRows returns how many rows of the training part are trained on at a time, by all ranks together; 0 for all where
// they stay on the device. A rank's are others in every epoch, so that it has them brought there anew.
func (s *Sets) windowRows(c *settings.Config) int {
	n := windowRows(c, s.Train.Rows)
	if n == 0 && !s.Share.Alone() {
		return s.Train.Rows
	}
	return n
}

// matched returns a part as rows of the preparations, nil of none.
func (s *Sets) matched(part *data.Set) (*data.Set, error) {
	if part == nil {
		return nil, nil
	}
	rows, err := s.Preparation.Match(part)
	if err != nil || s.Targets == nil {
		return rows, err
	}
	both := *rows
	both.Target, err = s.Targets.Match(made(part))
	return &both, err
}

// outputs has a phase train on the outputs of the layers below: of all rows, or of those of each window anew.
func (r *run) outputs(ctx context.Context, p *phase, layers int) error {
	h, err := r.whole.NewOutputs(r.data.Rows.Rows, layers)
	if err != nil {
		return err
	}
	p.data.Rows = h.Data()
	if r.window == nil {
		return r.whole.Outputs(ctx, h, r.data.Rows, layers)
	}
	p.below = func(ctx context.Context, n int) error {
		return r.whole.Outputs(ctx, h, r.data.Rows.Head(n), layers)
	}
	return nil
}

// window is the place on a device for some rows of a part at a time, prepared, and what reads them.
type window struct {
	dev                         backend.Device
	cut                         *cut              // which rows of the phase's windows are this rank's; nil where it is alone
	prep, targets               *data.Preparation // targets is nil where the decoder is to make the rows
	rows, block                 int               // rows that there is room for
	shared                      bool              // targets are the rows as they are
	seed                        uint64
	at                          model.Resident
	toRows, toTargets, toLabels backend.Feed // how they get to their place in at; nil where there are none
	toConditions                backend.Feed // likewise
	ahead                       chan *windowRead
	want                        windowKey // of ahead
}

// windowKey says which rows a window holds: those at n places from start on in an epoch's order.
type windowKey struct {
	set      *data.Set
	epoch    int // below 0 for the rows' own order
	start, n int
}

// windowRead is rows as they are read, to the memory of the feeds.
type windowRead struct {
	rows, targets, labels, conditions []float32
	err                               error
}

// open takes the device's memory for the window.
func (w *window) open(labels, conditions bool) (err error) {
	w.at.Rows, w.toRows, err = fedData(w.dev, w.rows, w.prep.Inputs())
	switch {
	case err != nil || w.targets == nil:
	case w.shared:
		w.at.Targets = w.at.Rows
	default:
		w.at.Targets, w.toTargets, err = fedData(w.dev, w.rows, w.targets.Inputs())
	}
	if err == nil && labels {
		w.at.Labels, w.toLabels, err = fedData(w.dev, w.rows, 1)
	}
	if err == nil && conditions {
		w.at.Conditions, w.toConditions, err = fedData(w.dev, w.rows, 1)
	}
	return err
}

// load brings the rows of key to the device, and begins to read those of next.
func (w *window) load(key, next windowKey) error {
	if w.ahead == nil || w.want != key {
		w.forget()
		w.begin(key)
	}
	read := <-w.ahead
	w.ahead = nil
	if read.err != nil {
		return read.err
	}
	for _, f := range w.feeds() {
		f.Take()
	}
	if next.n > 0 {
		w.begin(next)
	}
	return nil
}

// feeds are those that are there.
func (w *window) feeds() []backend.Feed {
	return slices.DeleteFunc([]backend.Feed{w.toRows, w.toTargets, w.toLabels, w.toConditions}, func(f backend.Feed) bool { return f == nil })
}

// evaluated brings rows of a set from one on to the device, in their own order and whole batches of them, of which a rank
// has its shares, and returns them and of how many they are.
func (w *window) evaluated(s *data.Set, from, batch int) (at model.Resident, rows int, err error) {
	batch = min(batch, s.Rows)
	most, own := w.rows/batch*batch, func(n int) int { return n }
	if w.cut != nil {
		c := evaluationCut(w.cut.share, s.Rows)
		most, own = w.rows/c.most(batch)*batch, c.count
	}
	key := windowKey{s, -1, from, min(most, s.Rows-from)}
	next := windowKey{s, -1, from + key.n, min(most, s.Rows-from-key.n)}
	err = w.load(key, next)
	return w.at.Head(own(key.n)), key.n, err
}

// begin reads rows, and sends them on their way, while others are trained on.
func (w *window) begin(key windowKey) {
	read := &windowRead{rows: nextOf(w.toRows), targets: nextOf(w.toTargets), labels: nextOf(w.toLabels), conditions: nextOf(w.toConditions)}
	w.want, w.ahead = key, make(chan *windowRead, 1)
	ahead, share := w.ahead, w.cut
	if share != nil && key.epoch < 0 {
		share = evaluationCut(share.share, key.set.Rows)
	}
	go func() {
		rows, places := key.n, []int(nil)
		if share != nil {
			places = share.places(key)
			rows = len(places)
		}
		if read.err = w.read(read, key, places, rows); read.err == nil {
			read.err = w.send(rows)
		}
		ahead <- read
	}()
}

// send begins to bring the rows that were read to the device.
func (w *window) send(n int) (err error) {
	for _, f := range w.feeds() {
		err = errors.Join(err, f.Send(n))
	}
	return err
}

// forget waits for what is read ahead, and lets go of it.
func (w *window) forget() {
	if w.ahead != nil {
		<-w.ahead
		w.ahead = nil
	}
}

// read prepares rows of a key, those that lie side by side together: all, or those at the places that are a rank's. A file
// that was cut short meanwhile is an error.
func (w *window) read(to *windowRead, key windowKey, places []int, rows int) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch fault := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			err = &data.Error{Path: key.set.Name, Msg: "its file became shorter, or cannot be read any more, while it was trained on: expected it to stay as it is"}
		default:
			panic(fault)
		}
	}()
	in, out, brought := w.at.Rows.Cols, w.at.Targets.Cols, 0
	for i := 0; i < rows; {
		at := i
		if places != nil {
			at = places[i]
		}
		from, n := w.place(key, key.start+at)
		n = min(n, sideBySide(places, i, rows))
		w.prep.Rows(to.rows[i*in:], key.set, from, n)
		if w.toTargets != nil {
			w.targets.Rows(to.targets[i*out:], key.set.Target, from, n)
		}
		if key.set.Labels != nil && to.labels != nil {
			numbers(to.labels[i:], key.set.Labels[from:from+n])
		}
		if to.conditions != nil {
			numbers(to.conditions[i:], key.set.Conditions[from:from+n])
		}
		i += n
		if brought += 4*n*in + around; brought > often {
			key.set.Shrink()
			brought = 0
		}
	}
	return nil
}

// Of a set on disk it is looked how much memory it takes each time that so many bytes were brought in, of which so many are
// what the system reads around rows.
const (
	often  = 8 << 20
	around = 256 << 10
)

// sideBySide is how many of the places from one on follow each other.
func sideBySide(places []int, i, rows int) int {
	if places == nil {
		return rows - i
	}
	n := 1
	for i+n < rows && places[i+n] == places[i]+n {
		n++
	}
	return n
}

// numbers writes labels as numbers.
func numbers(to []float32, labels []int32) {
	for i, l := range labels {
		to[i] = float32(l)
	}
}

// place returns which row stands at a place of an epoch, and how many follow it side by side: blocks of rows are shuffled
// by the seed; rows that make no whole block come last.
func (w *window) place(key windowKey, at int) (row, n int) {
	if key.epoch < 0 || w.block == 0 { // where all rows are in one window, they are shuffled there
		return at, key.set.Rows - at
	}
	whole := key.set.Rows / w.block
	b := at / w.block
	if b >= whole {
		return at, key.set.Rows - at
	}
	blocks := backend.NewPermutation(uint64(whole), w.seed^blockKey, uint64(key.epoch))
	return int(blocks.At(uint64(b)))*w.block + at%w.block, w.block - at%w.block
}

// blockKey keeps the order of blocks apart from that within a window.
const blockKey = 0x626c6f636b // "block"

func (w *window) free() {
	if w == nil {
		return
	}
	w.forget()
	for _, f := range w.feeds() {
		f.Free()
	}
	w.at.Free()
}
