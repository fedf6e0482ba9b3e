package simd

import "github.com/aegpu/aegpu/backend"

// Activate is dst = s(src), s as backend.Activation defines it. src is at least as long as
// dst and may be dst. The errors are those of the functions in it; tanh's is 4 ulp [2.43] and
// softplus's 4 [1.68]. Those of gelu (9 ulp) and silu (4 ulp) have one rounding more, and where NormalCDF or Sigmoid is denormal, up to |x| * 2^-149.
func (p Path) Activate(act backend.Activation, dst, src []float32) {
	src = src[:len(dst)]
	l := p.do()
	switch act {
	case backend.Identity:
		copy(dst, src)
	case backend.ReLU:
		l.relu(dst, src)
	case backend.LeakyReLU:
		l.leakyReLU(dst, src)
	case backend.ELU:
		l.elu(dst, src)
	case backend.GELU:
		l.gelu(dst, src)
	case backend.SiLU:
		l.silu(dst, src)
	case backend.Softplus:
		l.softplus(dst, src)
	case backend.Sigmoid:
		l.sigmoid(dst, src)
	case backend.Tanh:
		l.tanh(dst, src)
	default:
		panic("simd: no loop for " + act.String())
	}
}

// ActivateBias is dst = s(src + bias), in one pass where that is worth it.
func (p Path) ActivateBias(act backend.Activation, dst, src, bias []float32) {
	src, bias = src[:len(dst)], bias[:len(dst)]
	l := p.do()
	switch act {
	case backend.ReLU:
		l.reluBias(dst, src, bias)
	case backend.LeakyReLU:
		l.leakyReLUBias(dst, src, bias)
	case backend.ELU:
		l.eluBias(dst, src, bias)
	case backend.Softplus:
		l.softplusBias(dst, src, bias)
	case backend.Sigmoid:
		l.sigmoidBias(dst, src, bias)
	case backend.Tanh:
		l.tanhBias(dst, src, bias)
	default:
		l.add(dst, src, bias)
		if act != backend.Identity {
			p.Activate(act, dst, dst)
		}
	}
}

// Derive is dst = dy * s'(saved), saved being the pre-activation where act.SavesPre() and the
// output otherwise. dst may be dy. With Identity, saved is not looked at.
func (p Path) Derive(act backend.Activation, dst, dy, saved []float32) {
	dy = dy[:len(dst)]
	if act == backend.Identity {
		copy(dst, dy)
		return
	}
	saved = saved[:len(dst)]
	l := p.do()
	switch act {
	case backend.ReLU:
		l.reluBack(dst, dy, saved)
	case backend.LeakyReLU:
		l.leakyReLUBack(dst, dy, saved)
	case backend.ELU:
		l.eluBack(dst, dy, saved)
	case backend.GELU:
		l.geluBack(dst, dy, saved)
	case backend.SiLU:
		l.siluBack(dst, dy, saved)
	case backend.Softplus:
		l.softplusBack(dst, dy, saved)
	case backend.Sigmoid:
		l.sigmoidBack(dst, dy, saved)
	case backend.Tanh:
		l.tanhBack(dst, dy, saved)
	default:
		panic("simd: no loop for the derivative of " + act.String())
	}
}
