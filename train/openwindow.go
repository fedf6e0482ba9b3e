package train

import (
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// openWindow takes the device's memory for some rows of the parts at a time.
func (r *run) openWindow(rows int) (err error) {
	s := r.sets
	for _, part := range []**data.Set{&s.Train, &s.Val} {
		if *part, err = s.matched(*part); err != nil {
			return err
		}
	}
	first := s.Train.Part(0, min(s.Train.Rows, rowsOfMeans))
	if s.Targets != nil {
		first, err = s.Targets.Apply(made(first))
	} else {
		first, err = s.Preparation.Apply(first)
	}
	if err != nil {
		return err
	}
	r.means = columnMeans(first, s.Likelihood)
	rows, held := s.heldRows(&r.config, rows)
	block := r.config.Block
	if windowRows(&r.config, s.Train.Rows) == 0 { // all rows are one window: a rank's alone has to come anew
		block = 0
	}
	r.window = &window{dev: r.dev, prep: s.Preparation, targets: s.Targets, shared: s.shared, rows: held, block: block, seed: r.config.Seed}
	if err := r.window.open(s.Train.Labels != nil, s.Train.Conditions != nil); err != nil {
		r.window.free()
		r.window = nil
		return err
	}
	r.data = r.window.at.Head(rows)
	return r.openVal()
}

// openVal brings a rank's share of the validation part to the device, to stay there, where the training part would have
// room there too.
func (r *run) openVal() error {
	s := r.sets
	if s.Val == nil || s.Share.Alone() || windowRows(&r.config, s.Train.Rows) > 0 {
		return nil
	}
	w := *r.window
	w.cut, w.at = evaluationCut(s.Share, s.Val.Rows), model.Resident{}
	w.toRows, w.toTargets, w.toLabels, w.toConditions = nil, nil, nil, nil
	w.rows = w.cut.most(s.Val.Rows)
	err := w.open(s.Val.Labels != nil, s.Val.Conditions != nil)
	if err == nil {
		err = w.load(windowKey{s.Val, -1, 0, s.Val.Rows}, windowKey{})
	}
	for _, f := range w.feeds() { // its rows have come
		f.Free()
	}
	if err == nil {
		r.val = w.at.Head(w.cut.count(s.Val.Rows))
	} else {
		w.at.Free()
	}
	return err
}

// heldRows returns how many of the rows of a window are on the device, and for how many there is room there, those of an
// evaluation too.
func (s *Sets) heldRows(c *settings.Config, window int) (rows, held int) {
	if s.Share.Alone() {
		rows = window
	} else {
		rows = (&cut{share: s.Share, parts: c.UpdateParts(s.Train.Rows)}).most(window)
	}
	if held = rows; s.Val != nil && windowRows(c, s.Train.Rows) > 0 {
		held = max(held, evaluationCut(s.Share, s.Val.Rows).most(min(evalBatch, s.Val.Rows)))
	}
	return rows, held
}
