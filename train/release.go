package train

// release frees everything but the model that comes out.
func (r *run) release() {
	if p := r.phase; p != nil {
		p.close()
		if p.model != nil && p.model != r.whole {
			p.model.Close()
		}
		if p.data.Rows.Mem != nil && p.data.Rows.Mem != r.data.Rows.Mem { // the outputs of the layers below
			p.data.Rows.Mem.Free()
		}
		r.phase = nil
	}
	if r.window.free(); r.window == nil {
		r.data.Free()
	}
	r.val.Free()
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
