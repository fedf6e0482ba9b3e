package backend

import "errors"

// ErrOutOfMemory is wrapped by the error of an allocation that does not fit.
var ErrOutOfMemory = errors.New("out of device memory")

// Info says what a device is.
type Info struct {
	Kind   string // "cpu" or "cuda"
	Name   string // "cpu", "cuda:0"
	Detail string // for people: model, cores or memory, instruction set or driver
	Total  uint64 // bytes of memory, 0 if unknown
	Free   uint64 // bytes free when the device was opened, 0 if unknown
}

// Program is a recorded step.
type Program interface {
	// Launch enqueues the step, times over.
	Launch(times int)
	// Free gives back what the recording holds. It may be called twice.
	Free()
}

// Device computes. Its methods are called from one goroutine at a time. Unless
// said otherwise operands do not overlap, and every element of a destination is
// written, whatever it held before.
type Device interface {
	Info() Info

	// Alloc is a zeroed tensor in memory of its own. The error wraps
	// ErrOutOfMemory, with bytes needed and free, where that is the cause.
	Alloc(rows, cols int) (Tensor, error)
	// AllocSums is n zeroed accumulators in memory of their own.
	AllocSums(n int) (Sums, error)
	// AllocBytes is a resident data set of bytes, copied from v (rows*cols).
	AllocBytes(rows, cols int, v []byte) (Data, error)
	// AllocClock is a clock that can hold tables of up to steps rows.
	AllocClock(steps int) (Clock, error)

	// Upload copies host values to dst; Download waits and copies to the host.
	Upload(dst Tensor, src []float32)
	Download(dst []float32, src Tensor)
	// ReadSums waits and copies accumulators to the host; ZeroSums clears them.
	ReadSums(dst []float64, src Sums)
	ZeroSums(s Sums)
	// FetchSums enqueues a copy of accumulators to the host: as they are when all that
	// was enqueued before it is done. What is enqueued after it does not wait for it.
	FetchSums(src Sums) Reading
	// WriteSums sets accumulators from the host.
	WriteSums(dst Sums, src []float64)

	// SetClock sets the time and the table of the steps ahead (its first row is
	// for the next step). An empty table leaves every Hyper zero.
	SetClock(c Clock, t Time, table []Hyper)
	// Tick ends a step of rows examples: Step+1, Row+rows, next row of the table
	// (which stays on its last row).
	Tick(c Clock, rows int)

	// Record runs step, which enqueues operations, and returns a program that
	// repeats them. Recording itself computes nothing. A device that knows the whole
	// step may do two of its operations as one, and may keep in the precision of
	// products what no other operation of the step reads: every launch then gives
	// the same bits, but not always those of the operations enqueued one by one,
	// which it agrees with as another device would in that precision.
	Record(step func()) (Program, error)
	// Sync waits for all that is enqueued and returns the device's first error.
	Sync() error
	// Close waits, frees everything and returns the device's first error.
	Close() error

	Layers
	Losses
	Codes
	Penalties
	Updates
}

// HostData is what a device can do besides that gathers from the host's memory: a
// data set that its own has no room for stays there. AllocBytes does so too.
type HostData interface {
	// OnHost reports whether a data set of that many bytes would stay on the host.
	OnHost(bytes int) bool
	// StageBytes is the device memory that recorded gathers of up to so many rows at a
	// time, of so many bytes each, take for data on the host.
	StageBytes(rows, bytes int) int
	// AllocFloats is a data set copied from v (rows*cols).
	AllocFloats(rows, cols int, v []float32) (Data, error)
}

// Layers are the dense layers and what stands around them.
type Layers interface {
	// Gather fetches the batch clean[b] = data[perm(Row+b)] (bytes as v/255), drawn
	// to 0 or 1 where asked, and its corrupted copy. Either output may be none, but
	// not both. Noise indices are those of the output's elements.
	//
	//	clean, noisy: B x D; Row+B must not pass data.Rows
	Gather(clean, noisy Tensor, data Data, spec Batch)

	// Linear is y = s(x W^T + b), and pre = x W^T + b where pre is given.
	// With transposed, y = s(x W + b): the tied decoder's use of an encoder's W.
	// Where s is ReLU, y may be 0 for a NaN: see Update.
	//
	//	x: B x in, y, pre: B x out, w: out x in (transposed: in x out), b: 1 x out or none
	Linear(y, pre, x, w, b Tensor, act Activation, transposed bool)

	// LinearBackInput is dx = (dy W) . s'(saved), s and saved being those of the
	// layer below, which made x. With Identity, saved may be none. For what ReLU's
	// derivative is at 0 see [Activation].
	//
	//	dx, saved: B x in, dy: B x out, w as in Linear
	LinearBackInput(dx, dy, w, saved Tensor, act Activation, transposed bool)

	// LinearBackWeights is dw = dy^T x (transposed: x^T dy) and db = column sums of
	// dy; both are added to what is there with accumulate. db may be none.
	//
	//	dy: B x out, x: B x in, dw: as w in Linear, db: 1 x out
	LinearBackWeights(dw, db, dy, x Tensor, transposed, accumulate bool)

	// Activate is y = s(x); y may be x.
	Activate(y, x Tensor, act Activation)
	// ActivateBack is dx = dy . s'(saved); dx may be dy.
	ActivateBack(dx, dy, saved Tensor, act Activation)

	// Dropout is y = x . m / (1-p), m = [u >= p] drawn from noise (Srivastava et
	// al. 2014, inverted). The same call on dy is its backward pass. y may be x.
	Dropout(y, x Tensor, noise Noise, p float32)

	// Add is dst += src.
	Add(dst, src Tensor)
	// Copy is dst = src.
	Copy(dst, src Tensor)
	// CopyColumns is dst[r,j] = src[r,from+j], the means out of (mu, l).
	CopyColumns(dst, src Tensor, from int)
	// Zero is dst = 0.
	Zero(dst Tensor)
	// ScaleRows is t[r,:] *= w[r].
	//
	//	t: R x C, w: R x 1
	ScaleRows(t, w Tensor)
}

// Losses end the forward pass and begin the backward one.
type Losses interface {
	// Loss is rows[r] = loss(out[r], target[r/K]) and dout = scale * its gradient
	// by out, K = out.Rows / target.Rows. dout may be none, and may be out itself.
	//
	//	out: B*K x D (GaussianNLL: 2D), target: B x D (Categorical: B x 1), rows: B*K x 1
	Loss(dout, rows, out, target Tensor, kind LossKind, scale float32)

	// Correct is s[i] += number of rows whose largest logit is the target class
	// (the lowest index wins a tie).
	//
	//	logits: B x C, target: B x 1
	Correct(s Sums, i int, logits, target Tensor)

	// Accumulate is s[i] += scale * sum of all elements of v.
	Accumulate(s Sums, i int, v Tensor, scale float64)
}

// Codes are the stochastic and sparse codes.
type Codes interface {
	// Reparam draws z = mu + exp(l/2) eps, eps standard normal (Kingma and Welling
	// 2014; Rezende et al. 2014); ml = (mu, l) side by side, l clamped to
	// [MinLogVar, MaxLogVar], K = z.Rows / ml.Rows samples an example.
	//
	//	z: B*K x L, ml: B x 2L; noise indices are those of z
	Reparam(z, ml Tensor, noise Noise)

	// GaussianKL is the divergence from N(0, I) per latent unit, mean over the
	// batch: kl[j] = mean_b (mu^2 + e^l - 1 - l) / 2.
	//
	//	kl: 1 x L, ml: B x 2L
	GaussianKL(kl, ml Tensor)

	// ReparamBack is the gradient by ml of the decoder's loss (through dz) plus
	// scale * w * sum_bj KL_bj, w being the clock's KL weight; a unit whose kl[j]
	// is at most freeBits has no KL gradient (Kingma et al. 2016).
	//
	//	dmu = sum_k dz + scale w mu
	//	dl  = sum_k dz eps exp(l/2) / 2 + scale w (e^l - 1) / 2, 0 where l is clamped
	//	dml, ml: B x 2L, dz: B*K x L, kl: 1 x L; noise as in Reparam
	ReparamBack(dml, dz, ml, kl Tensor, noise Noise, freeBits, scale float32)

	// ImportanceWeights turns K samples an example into normalised weights and the
	// bound of Burda et al. 2016:
	//
	//	log w[b,k] = -rows[b,k] + sum_j (l_j + eps_j^2 - z_j^2) / 2
	//	bound[b]   = logsumexp_k log w[b,k] - log K;  w[b,k] = softmax_k log w[b,k]
	//
	//	w, rows: B*K x 1, bound: B x 1, z: B*K x L, ml: B x 2L; noise as in Reparam
	ImportanceWeights(w, bound, rows, z, ml Tensor, noise Noise)

	// ImportanceBack is the gradient by ml of -scale * sum_b bound[b]; dz is the
	// decoder's gradient with its rows already multiplied by w.
	//
	//	g = dz + scale w z;  dmu = sum_k g;  dl = sum_k (g eps exp(l/2) - scale w) / 2, 0 where l is clamped
	ImportanceBack(dml, dz, z, ml, w Tensor, noise Noise, scale float32)

	// TopK keeps the k largest elements of every row and zeroes the rest (Makhzani
	// and Frey 2013); the lowest index wins a tie. TopKBack is dx = [y != 0] . dy;
	// dx may be dy.
	TopK(y, x Tensor, k int)
	TopKBack(dx, dy, y Tensor)
}

// Penalties are the regularisers of the code. Each adds the unweighted penalty
// to an accumulator and the weighted gradient to what is already in dh or da.
// scale is weight / B, share is what the accumulator adds per example (1 / B).
type Penalties interface {
	// ColumnMeans is m[j] = mean_b h[b,j].
	//
	//	m: 1 x C, h: B x C
	ColumnMeans(m, h Tensor)

	// SparseKL is KL(rho || m_j) summed over the units, m being the batch's mean
	// activations, clamped to [MinSparsity, 1-MinSparsity] (Ng, CS294A notes):
	//
	//	s[i] += sum_j rho ln(rho/m_j) + (1-rho) ln((1-rho)/(1-m_j))
	//	dh[b,j] += scale (-rho/m_j + (1-rho)/(1-m_j))
	SparseKL(dh Tensor, s Sums, i int, m Tensor, rho, scale float32)

	// L1 is s[i] += share * sum |h| and dh += scale sign(h).
	L1(dh Tensor, s Sums, i int, h Tensor, share float64, scale float32)

	// RowSquares is r[j] = sum_i w[j,i]^2.
	//
	//	r: 1 x out, w: out x in
	RowSquares(r, w Tensor)

	// ContractShallow is the squared Frobenius norm of a one-layer encoder's
	// Jacobian in closed form (Rifai et al. 2011), s' and s'' of v = saved[b,j]:
	//
	//	s[i] += share * sum_bj s'^2 r_j;  da[b,j] += scale 2 s' s'' r_j;  dr[j] = scale * sum_b s'^2
	//
	//	da, saved: B x C; r, dr: 1 x C
	ContractShallow(da, dr Tensor, s Sums, i int, saved, r Tensor, act Activation, share float64, scale float32)

	// AddScaledRows is dw[j,i] += 2 c_j w[j,i], the gradient of RowSquares.
	//
	//	dw, w: out x in, c: 1 x out
	AddScaledRows(dw, w, c Tensor)

	// Probes fills v with K = v.Rows / B vectors an example: the K unit vectors
	// (K = C) with exact, otherwise independent signs +-1 (bit 31 of the noise word
	// set means -1), whose mean of |J^T v|^2 is |J|_F^2 (Hutchinson 1990).
	//
	//	v: B*K x C
	Probes(v Tensor, batch int, noise Noise, exact bool)

	// ScaleByDerivative is u[b,k,:] = v[b,k,:] . s'(saved[b,:]), one layer of the
	// Jacobian's transpose. u may be v.
	//
	//	u, v: B*K x C, saved: B x C
	ScaleByDerivative(u, v, saved Tensor, act Activation)

	// ScaleByDerivativeBack is dv = du . s'(saved) (dv may be none, and may be du)
	// and da[b,:] = sum_k du . v . s''(saved[b,:]).
	//
	//	dv, du, v: B*K x C, da, saved: B x C
	ScaleByDerivativeBack(dv, da, du, v, saved Tensor, act Activation)

	// SquareSum is s[i] += share * sum v^2 and dv = 2 scale v; dv may be v.
	SquareSum(dv Tensor, s Sums, i int, v Tensor, share float64, scale float32)
}

// Updates watch over the gradient and apply it.
type Updates interface {
	// Check writes the step's mean row loss and the squared norm of every parameter
	// tensor's gradient to the guard; ends[i] is the end of tensor i in grads, the
	// tensors following each other. Where one of them is not finite it notes
	// the step and from then on leaves the guard alone.
	//
	//	guard: N = GuardNorm + len(ends); rows: any x 1
	Check(guard Sums, grads Tensor, ends []int, rows Tensor, c Clock)

	// Update moves the parameters one step, unless guard says that a step was not
	// finite. Where ReLU makes 0 of NaN, so that neither loss nor gradient need show
	// that a parameter is not finite, Update and UpdateLAMB look at what they write,
	// and note the step as Check would have; the other parameters may have moved in
	// that step or not. g is the gradient, multiplied by min(1, Clip/|g|) if Clip > 0,
	// |g| being the root of the guard's norms; d is WeightDecay on the first Decayed
	// parameters and 0 on the rest; h is the clock's Hyper.
	//
	//	sgd       p -= h.LR (g + d p)
	//	momentum  m = h.Momentum m + g + d p;  p -= h.LR m
	//	nesterov  m = h.Momentum m + g + d p;  p -= h.LR (g + d p + h.Momentum m)
	//	adam      g += d p;  m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2
	//	          p -= h.LR h.Correct1 m / (sqrt(v) h.Correct2 + eps)       (Kingma and Ba 2015)
	//	adamw     p -= h.LR d p first, then adam without decay              (Loshchilov and Hutter 2019)
	//
	// A device whose ReLU swallows NaN, and which therefore notes a step here, leaves
	// a parameter whose new value is not finite as it was, with its moments. It does
	// not find a NaN that a product makes of finite operands, where |w x| within one
	// sum passes float32, nor one in a parameter that is not among params.
	//
	//	params, grads, m, v: 1 x N; m and v none where the rule keeps fewer
	Update(params, grads, m, v Tensor, o Optimiser, guard Sums, c Clock)

	// UpdateLAMB moves the parameters one step of LAMB (You et al. 2020, algorithm
	// 2), unless guard says that a step was not finite; g is clipped as in Update,
	// d and h are those of Update. For every tensor t, which ends[t] ends as in
	// Check, the last of them params:
	//
	//	m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2
	//	r = h.Correct1 m / (sqrt(v) h.Correct2 + eps) + d p
	//	trust[t] = |p| / |r|, 1 where one of them is 0
	//	p -= h.LR trust[t] r
	//
	// Trust stays 1 for a tensor that does not end within the first Decayed
	// parameters, a bias: it starts at 0, so that its own norm would hold it there.
	// (The paper's algorithm makes no exception; its code in TensorFlow Addons makes
	// one, by default of the tensors that do not decay.) The guard is noted to as in
	// Update; the moments have moved by then.
	//
	//	params, grads, m, v: 1 x N, trust: N = len(ends); grads holds r afterwards
	UpdateLAMB(params, grads, m, v Tensor, ends []int, trust Sums, o Optimiser, guard Sums, c Clock)
}
