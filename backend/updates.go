package backend

import "fmt"

// The updates watch over the gradient and apply it.

// Check writes the step's mean row loss and the squared norm of every parameter
// tensor's gradient to the Guard; Ends[i] is the end of tensor i in Grads, the
// tensors following each other. Where one of them is not finite it notes
// the step and from then on leaves the Guard alone.
//
//	Guard: N = GuardNorm + len(Ends); Rows: any x 1
type Check struct {
	Guard Sums
	Grads Tensor
	Ends  []int
	Rows  Tensor
	Clock Clock
}

// Check checks the operands.
func (o Check) Check() error {
	const op = "Check"
	begin := 0
	for _, end := range o.Ends {
		if end < begin || end > o.Grads.Len() {
			return fmt.Errorf("backend: Check: ends %v in grads %v", o.Ends, o.Grads)
		}
		begin = end
	}
	if o.Guard.Mem == nil || o.Guard.N != GuardNorm+len(o.Ends) {
		return fmt.Errorf("backend: Check: a guard of %d slots for %d parameter tensors, expected %d", o.Guard.N, len(o.Ends), GuardNorm+len(o.Ends))
	}
	return first(present(op, "grads", o.Grads), present(op, "rows", o.Rows), shape(op, "rows", o.Rows, o.Rows.Rows, 1))
}

// Access is what it reads and writes.
func (o Check) Access() Access {
	return Access{Reads: []Tensor{o.Grads, o.Rows}, Sums: []Sums{o.Guard}, Clock: o.Clock, Timed: true}
}

// Update moves the parameters one step, unless Guard says that a step was not
// finite. Where ReLU makes 0 of NaN, so that neither loss nor gradient need show
// that a parameter is not finite, Update and UpdateLAMB look at what they write,
// and note the step as Check would have; the other parameters may have moved in
// that step or not. g is the gradient, multiplied by min(1, Clip/|g|) if Clip > 0,
// |g| being the root of the guard's norms; d is WeightDecay on the first Decayed
// parameters and 0 on the rest; h is the clock's Hyper.
//
//	sgd       p -= h.LR (g + d p)
//	momentum  M = h.Momentum M + g + d p;  p -= h.LR M
//	nesterov  M = h.Momentum M + g + d p;  p -= h.LR (g + d p + h.Momentum M)
//	adam      g += d p;  M = b1 M + (1-b1) g;  V = b2 V + (1-b2) g^2
//	          p -= h.LR h.Correct1 M / (sqrt(V) h.Correct2 + eps)       (Kingma and Ba 2015)
//	adamw     p -= h.LR d p first, then adam without decay              (Loshchilov and Hutter 2019)
//
// A device whose ReLU swallows NaN, and which therefore notes a step here, leaves
// a parameter whose new value is not finite as it was, with its moments. It does
// not find a NaN that a product makes of finite operands, where |w x| within one
// sum passes float32, nor one in a parameter that is not among Params.
//
//	Params, Grads, M, V: 1 x N; M and V none where the rule keeps fewer
type Update struct {
	Params, Grads, M, V Tensor
	Optimiser           Optimiser
	Guard               Sums
	Clock               Clock
}

// Check checks the operands.
func (o Update) Check() error {
	const op = "Update"
	switch {
	case o.Optimiser.Kind == LAMB:
		return fmt.Errorf("backend: Update: %v is UpdateLAMB's", o.Optimiser.Kind)
	case o.Optimiser.Kind > LAMB:
		return fmt.Errorf("backend: Update: unknown optimiser %d", o.Optimiser.Kind)
	case o.Guard.Mem == nil || o.Guard.N < GuardNorm:
		return fmt.Errorf("backend: Update: a guard of %d slots", o.Guard.N)
	case o.Optimiser.Decayed < 0 || o.Optimiser.Decayed > o.Params.Len():
		return fmt.Errorf("backend: Update: %d decayed of params %v", o.Optimiser.Decayed, o.Params)
	}
	err := first(present(op, "params", o.Params), shape(op, "grads", o.Grads, o.Params.Rows, o.Params.Cols), apart(op, o.Params, o.Grads, o.M, o.V))
	if err == nil && o.Optimiser.Kind.Moments() > 0 {
		err = first(shape(op, "m", o.M, o.Params.Rows, o.Params.Cols), apart(op, o.M, o.Grads, o.V))
	}
	if err == nil && o.Optimiser.Kind.Moments() > 1 {
		err = first(shape(op, "v", o.V, o.Params.Rows, o.Params.Cols), apart(op, o.V, o.Grads))
	}
	return err
}

// Access is what it reads and writes; moments that the rule does not keep are not
// touched.
func (o Update) Access() Access {
	moved := []Tensor{o.Params, o.M, o.V}[:1+o.Optimiser.Kind.Moments()]
	return Access{Writes: moved, Reads: append([]Tensor{o.Grads}, moved...), Sums: []Sums{o.Guard}, Clock: o.Clock, Timed: true}
}

// UpdateLAMB moves the parameters one step of LAMB (You et al. 2020, algorithm
// 2), unless Guard says that a step was not finite; g is clipped as in Update,
// d and h are those of Update. For every tensor t, which Ends[t] Ends as in
// Check, the last of them Params:
//
//	M = b1 M + (1-b1) g;  V = b2 V + (1-b2) g^2
//	r = h.Correct1 M / (sqrt(V) h.Correct2 + eps) + d p
//	Trust[t] = |p| / |r|, 1 where one of them is 0
//	p -= h.LR Trust[t] r
//
// Trust stays 1 for a tensor that does not end within the first Decayed
// parameters, a bias: it starts at 0, so that its own norm would hold it there.
// (The paper's algorithm makes no exception; its code in TensorFlow Addons makes
// one, by default of the tensors that do not decay.) The Guard is noted to as in
// Update; the moments have moved by then.
//
//	Params, Grads, M, V: 1 x N, Trust: N = len(Ends); Grads holds r afterwards
type UpdateLAMB struct {
	Params, Grads, M, V Tensor
	Ends                []int
	Trust               Sums
	Optimiser           Optimiser
	Guard               Sums
	Clock               Clock
}

// Check checks the operands.
func (o UpdateLAMB) Check() error {
	const op = "UpdateLAMB"
	begin := 0
	for _, end := range o.Ends {
		if end < begin || end > o.Params.Len() {
			return fmt.Errorf("backend: UpdateLAMB: ends %v in params %v", o.Ends, o.Params)
		}
		begin = end
	}
	switch {
	case o.Optimiser.Kind != LAMB:
		return fmt.Errorf("backend: UpdateLAMB: optimiser %v", o.Optimiser.Kind)
	case begin != o.Params.Len():
		return fmt.Errorf("backend: UpdateLAMB: ends %v do not reach the end of params %v", o.Ends, o.Params)
	case o.Trust.Mem == nil || o.Trust.N != len(o.Ends):
		return fmt.Errorf("backend: UpdateLAMB: trust of %d slots for %d parameter tensors", o.Trust.N, len(o.Ends))
	case o.Guard.Mem == nil || o.Guard.N != GuardNorm+len(o.Ends):
		return fmt.Errorf("backend: UpdateLAMB: a guard of %d slots for %d parameter tensors, expected %d", o.Guard.N, len(o.Ends), GuardNorm+len(o.Ends))
	case o.Optimiser.Decayed < 0 || o.Optimiser.Decayed > o.Params.Len():
		return fmt.Errorf("backend: UpdateLAMB: %d decayed of params %v", o.Optimiser.Decayed, o.Params)
	}
	return first(present(op, "params", o.Params), shape(op, "grads", o.Grads, o.Params.Rows, o.Params.Cols), apart(op, o.Params, o.Grads, o.M, o.V),
		shape(op, "m", o.M, o.Params.Rows, o.Params.Cols), apart(op, o.M, o.Grads, o.V), shape(op, "v", o.V, o.Params.Rows, o.Params.Cols), apart(op, o.V, o.Grads))
}

// Access is what it reads and writes.
func (o UpdateLAMB) Access() Access {
	return Access{Writes: []Tensor{o.Params, o.Grads, o.M, o.V}, Reads: []Tensor{o.Params, o.Grads, o.M, o.V}, Sums: []Sums{o.Guard, o.Trust}, Clock: o.Clock, Timed: true}
}
