package ref64

import (
	"math"

	"github.com/aegpu/aegpu/backend"
)

// Check writes the step's loss and gradient norms to the guard.
func (d *Device) check(o backend.Check) {
	if d.stop(o.Check()) {
		return
	}
	g := sums(o.Guard)
	if g[backend.GuardStep] != 0 {
		return
	}
	g[backend.GuardLoss] = 0
	for _, x := range vec(o.Rows) {
		g[backend.GuardLoss] += x / float64(o.Rows.Rows)
	}
	begin := 0
	for i, end := range o.Ends {
		norm := &g[backend.GuardNorm+i]
		*norm = 0
		for _, x := range vec(o.Grads)[begin:end] {
			*norm += x * x
		}
		begin = end
	}
	for _, x := range g[backend.GuardLoss:] {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			g[backend.GuardStep] = float64(at(o.Clock).Step + 1)
		}
	}
}

// Update moves the parameters one step.
func (d *Device) update(o backend.Update) {
	if d.stop(o.Check()) || sums(o.Guard)[backend.GuardStep] != 0 {
		return
	}
	shrink, h := shrinkage(o.Optimiser, o.Guard), at(o.Clock).hyper()
	for i, g := range vec(o.Grads) {
		decay := pick(i < o.Optimiser.Decayed, float64(o.Optimiser.WeightDecay), 0)
		var mi, vi *float64
		if o.Optimiser.Kind.Moments() > 0 {
			mi = &vec(o.M)[i]
		}
		if o.Optimiser.Kind.Moments() > 1 {
			vi = &vec(o.V)[i]
		}
		move(o.Optimiser, h, &vec(o.Params)[i], shrink*g, mi, vi, decay)
	}
}

// shrinkage is what the gradient is multiplied by to clip it.
func shrinkage(o backend.Optimiser, guard backend.Sums) float64 {
	norm := 0.0
	for _, x := range sums(guard)[backend.GuardNorm:] {
		norm += x
	}
	if o.Clip > 0 {
		return min(1, float64(o.Clip)/math.Sqrt(norm))
	}
	return 1
}

// move is the update rule of one parameter p with gradient g.
func move(o backend.Optimiser, h backend.Hyper, p *float64, g float64, m, v *float64, decay float64) {
	lr, momentum := float64(h.LR), float64(h.Momentum)
	b1, b2 := float64(o.Beta1), float64(o.Beta2)
	if o.Kind == backend.AdamW {
		*p -= lr * decay * *p
	} else {
		g += decay * *p
	}
	switch o.Kind {
	case backend.SGD:
		*p -= lr * g
	case backend.Momentum:
		*m = momentum**m + g
		*p -= lr * *m
	case backend.Nesterov:
		*m = momentum**m + g
		*p -= lr * (g + momentum**m)
	case backend.Adam, backend.AdamW:
		*m = b1**m + (1-b1)*g
		*v = b2**v + (1-b2)*g*g
		*p -= lr * float64(h.Correct1) * *m / (math.Sqrt(*v)*float64(h.Correct2) + float64(o.Eps))
	}
}

// UpdateLAMB moves the parameters one step of LAMB.
func (d *Device) updateLAMB(o backend.UpdateLAMB) {
	if d.stop(o.Check()) || sums(o.Guard)[backend.GuardStep] != 0 {
		return
	}
	shrink, h := shrinkage(o.Optimiser, o.Guard), at(o.Clock).hyper()
	b1, b2 := float64(o.Optimiser.Beta1), float64(o.Optimiser.Beta2)
	p, r, mean, square := vec(o.Params), vec(o.Grads), vec(o.M), vec(o.V)
	begin := 0
	for t, end := range o.Ends {
		var pp, rr float64
		for i := begin; i < end; i++ {
			g := shrink * r[i]
			mean[i] = b1*mean[i] + (1-b1)*g
			square[i] = b2*square[i] + (1-b2)*g*g
			r[i] = float64(h.Correct1)*mean[i]/(math.Sqrt(square[i])*float64(h.Correct2)+float64(o.Optimiser.Eps)) +
				pick(i < o.Optimiser.Decayed, float64(o.Optimiser.WeightDecay), 0)*p[i]
			pp += p[i] * p[i]
			rr += r[i] * r[i]
		}
		ratio := 1.0
		if end <= o.Optimiser.Decayed && pp > 0 && rr > 0 {
			ratio = math.Sqrt(pp / rr)
		}
		sums(o.Trust)[t] = ratio
		for i := begin; i < end; i++ {
			p[i] -= float64(h.LR) * ratio * r[i]
		}
		begin = end
	}
}
