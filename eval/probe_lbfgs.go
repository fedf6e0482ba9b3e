package eval

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// lbfgsPairs is how many steps L-BFGS remembers.
const lbfgsPairs = 20

// lbfgs minimises a smooth convex function by limited-memory BFGS (Nocedal and
// Wright, "Numerical Optimization", 2006, algorithm 7.5) with a backtracking line
// search; f returns the value and writes the gradient.
type lbfgs struct {
	f         func(x, grad []float64) float64
	x, grad   []float64
	value     float64
	s, y      [][]float64 // the last steps and changes of the gradient, oldest first
	steps     int
	converged bool
}

// minimise starts at zero. It ends after most steps, or, converged, where no
// element of the gradient exceeds tol or no step along the search direction
// lowers the value: in float32 products that is where rounding takes over.
func minimise(f func(x, grad []float64) float64, n, most int, tol float64) *lbfgs {
	m := &lbfgs{f: f, x: make([]float64, n), grad: make([]float64, n)}
	m.value = f(m.x, m.grad)
	for ; m.steps < most; m.steps++ {
		if floats.Norm(m.grad, math.Inf(1)) <= tol {
			m.converged = true
			break
		}
		if m.step() {
			continue
		}
		if m.s == nil {
			m.converged = true
			break
		}
		m.s, m.y = nil, nil // old curvature may be to blame: once more, straight down
	}
	return m
}

// direction is -H grad, H being the inverse Hessian that the pairs describe.
func (m *lbfgs) direction() []float64 {
	q := make([]float64, len(m.grad))
	floats.ScaleTo(q, -1, m.grad)
	if m.s == nil {
		floats.Scale(math.Min(1, 1/floats.Norm(m.grad, 2)), q)
		return q
	}
	a := make([]float64, len(m.s))
	for i := len(m.s) - 1; i >= 0; i-- {
		a[i] = floats.Dot(m.s[i], q) / floats.Dot(m.s[i], m.y[i])
		floats.AddScaled(q, -a[i], m.y[i])
	}
	s, y := m.s[len(m.s)-1], m.y[len(m.y)-1]
	floats.Scale(floats.Dot(s, y)/floats.Dot(y, y), q)
	for i := range m.s {
		b := floats.Dot(m.y[i], q) / floats.Dot(m.s[i], m.y[i])
		floats.AddScaled(q, a[i]-b, m.s[i])
	}
	return q
}

// step moves to a lower place along the direction and reports whether there was one.
func (m *lbfgs) step() bool {
	dir := m.direction()
	slope := floats.Dot(dir, m.grad)
	x, grad := make([]float64, len(m.x)), make([]float64, len(m.x))
	for t := 1.0; t > 1e-6; t /= 2 {
		floats.AddScaledTo(x, m.x, t, dir)
		value := m.f(x, grad)
		if !(value < m.value+1e-4*t*slope) {
			continue
		}
		floats.Sub(m.grad, grad) // becomes minus the change
		floats.Scale(-1, m.grad)
		floats.Scale(t, dir)
		m.remember(dir, m.grad)
		m.x, m.grad, m.value = x, grad, value
		return true
	}
	return false
}

// remember keeps a pair where it shows upward curvature; the rest would make the
// direction point uphill.
func (m *lbfgs) remember(s, y []float64) {
	if floats.Dot(s, y) <= 1e-12*floats.Dot(y, y) {
		return
	}
	m.s, m.y = append(m.s, s), append(m.y, y)
	if len(m.s) > lbfgsPairs {
		m.s, m.y = m.s[1:], m.y[1:]
	}
}
