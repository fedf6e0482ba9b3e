package train

import "github.com/aegpu/aegpu/backend"

// release frees everything but the model that comes out.
func (r *run) release() {
	if p := r.phase; p != nil {
		p.close()
		if p.model != nil && p.model != r.whole {
			p.model.Close()
		}
		if p.data.Mem != nil && p.data.Mem != r.data.Mem { // the outputs of the layers below
			p.data.Mem.Free()
		}
		r.phase = nil
	}
	r.window.free()
	if r.window != nil {
		return
	}
	for _, d := range []backend.Data{r.data, r.labels, r.val, r.valLabels} {
		if d.Mem != nil {
			d.Mem.Free()
		}
	}
}

func (r *run) closeModel() {
	if r.whole != nil {
		if p := r.phase; p != nil && p.model == r.whole {
			p.close()
			r.phase = nil
		}
		r.whole.Close()
		r.whole = nil
	}
}
