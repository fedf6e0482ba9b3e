package simd

// Adam are the constants of one step of Adam or AdamW (Kingma and Ba 2015; Loshchilov and Hutter 2019):
//
//	g = GradScale*g + L2*p
//	m = Beta1*m + Rest1*g
//	v = Beta2*v + Rest2*g*g
//	p = p - Shrink*p - Step*m / (sqrt(v)*RootScale + Eps)
//
// Here and in the other rules with moments a number below the smallest normal one, 2^-126, is 0.
// Rest1 and Rest2 are 1-Beta1 and 1-Beta2; Step is the learning rate over 1-Beta1^t and RootScale
// 1/sqrt(1-Beta2^t); Shrink is the learning rate times AdamW's decay. The assembly reads the fields
// in this order.
type Adam struct {
	GradScale, L2, Beta1, Rest1, Beta2, Rest2, RootScale, Eps, Step, Shrink float32
}

// Adam moves p, m and v one step; g is only read, and may be p. All have p's length.
func (p Path) Adam(params, g, m, v []float32, a Adam) {
	n := len(params)
	p.do().adam(params, g[:n], m[:n], v[:n], a)
}

// SGD are the constants of gradient descent with momentum. The assembly reads the fields in this order.
type SGD struct {
	GradScale, L2, LR, Momentum float32
}

// SGD is p -= LR*(GradScale*g + L2*p).
func (p Path) SGD(params, g []float32, s SGD) {
	p.do().sgd(params, g[:len(params)], s)
}

// Momentum is m = Momentum*m + (GradScale*g + L2*p), p -= LR*m.
func (p Path) Momentum(params, g, m []float32, s SGD) {
	p.do().momentum(params, g[:len(params)], m[:len(params)], s)
}

// Nesterov is m = Momentum*m + g', p -= LR*(g' + Momentum*m) with g' = GradScale*g + L2*p.
func (p Path) Nesterov(params, g, m []float32, s SGD) {
	p.do().nesterov(params, g[:len(params)], m[:len(params)], s)
}
