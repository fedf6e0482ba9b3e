package cpu

import "github.com/aegpu/aegpu/backend"

// activationOps are the operations of this file: see [operations].
type activationOps struct {
	activate activateOp
	derive   deriveOp
}

// Activate is y = s(x).
func (d *Device) activate(o backend.Activate) {
	if d.begin("Activate", o.Check()) {
		d.ops.activate = activateOp{o.Act, d.floats(o.Y), d.floats(o.X)}
		d.each(&d.ops.activate, o.Y.Len(), heavy)
	}
}

type activateOp struct {
	act  backend.Activation
	y, x []float32
}

func (o *activateOp) part(s *scratch, _, lo, hi int) {
	s.path.Activate(o.act, o.y[lo:hi], o.x[lo:hi])
}

// ActivateBack is dx = dy . s'(saved).
func (d *Device) activateBack(o backend.ActivateBack) {
	if !d.begin("ActivateBack", o.Check()) {
		return
	}
	if o.Act == backend.Identity {
		o.Saved = o.DY // not looked at
	}
	d.ops.derive = deriveOp{o.Act, d.floats(o.DX), d.floats(o.DY), d.floats(o.Saved)}
	d.each(&d.ops.derive, o.DX.Len(), heavy)
}

type deriveOp struct {
	act       backend.Activation
	dx, dy, v []float32
}

func (o *deriveOp) part(s *scratch, _, lo, hi int) {
	s.path.Derive(o.act, o.dx[lo:hi], o.dy[lo:hi], o.v[lo:hi])
}

// slope is dst = s'(v), for at most a block of elements.
func (s *scratch) slope(act backend.Activation, dst, v []float32) {
	s.path.Derive(act, dst, s.ones[:len(dst)], v)
}

// curve is the second derivative at v, of any number of elements.
func (s *scratch) curve(act backend.Activation, dst, v []float32) {
	v = v[:len(dst)]
	switch act {
	case backend.ELU:
		for i, y := range v {
			dst[i] = 0
			if !(y > 0) {
				dst[i] = y + 1
			}
		}
	case backend.GELU:
		s.path.NormalPDF(dst, v)
		for i, a := range v {
			dst[i] *= 2 - a*a
		}
	case backend.SiLU:
		s.path.Sigmoid(dst, v)
		for i, a := range v {
			g := dst[i]
			dst[i] = g * (1 - g) * (2 + a*(1-2*g))
		}
	case backend.Softplus:
		s.path.Scale(dst, v, -1)
		s.path.Expm1(dst, dst)
		for i, e := range dst {
			dst[i] = -e * (1 + e)
		}
	case backend.Sigmoid:
		s.slope(act, dst, v) // s'' = s' (1 - 2s)
		one := s.c[:len(dst)]
		s.path.Scale(one, v, -2)
		s.path.Add(one, one, s.ones[:len(dst)])
		s.path.Mul(dst, dst, one)
	case backend.Tanh:
		s.slope(act, dst, v) // s'' = -2 s s'
		s.path.Mul(dst, dst, v)
		s.path.Scale(dst, dst, -2)
	default:
		clear(dst)
	}
}
