// The end of a step: the gradient watched over and applied.
#include "bfloat16.cuh"
#include "noise.cuh"
#include "reduce.cuh"

DEVICE bool is_finite(double x) { return x - x == 0; }
DEVICE bool is_finite(float x) { return x - x == 0; }

// squares is what a thread adds up of the squares of n elements; which of them does not depend on the alignment.
DEVICE double squares(const float *p, i64 n, bool wide) {
	double v = 0;
	for (i64 q = threadIdx.x; 4 * q < n; q += 4 * BLOCK) {
		Four f[4];
		for (int k = 0; k < 4; k++) { // all loads before the first sum
			i64 at = q + k * BLOCK;
			f[k] = load(p, at, count(at, n), wide);
		}
		for (int k = 0; k < 4; k++)
			for (int i = 0; i < 4; i++)
				v += (double)f[k].v[i] * f[k].v[i];
	}
	return v;
}

// check writes to the guard the mean of rows and the squared norm of every parameter tensor's gradient, and notes the
// first step at which one of them is not finite; the guard is left alone from then on. Block i adds up span i of the
// gradient; the blocks after the spans add up ROW_SPAN rows each. *sum += scale sum rows, whatever the guard, where sum is not
// null.
//
//	guard: 2 + tensors, spans: items x (begin, end), first: tensors + 1 (tensor t is spans first[t] to first[t+1]),
//	rows: n, part: grid
KERNEL check_fwd_f32(double *guard, const float *grads, const i64 *spans, const i64 *first, i64 items, i64 tensors,
                     const float *rows, i64 n, const Clock *clock, double *part, u32 *count,
                     double *sum, double scale) {
	__shared__ Scratch s;
	i64 item = blockIdx.x;
	double v = 0;
	if (item < items) {
		const float *g = grads + spans[2 * item];
		i64 size = spans[2 * item + 1] - spans[2 * item];
		v = squares(g, size, aligned(g));
	} else {
		i64 from = (item - items) * ROW_SPAN, to = from + ROW_SPAN < n ? from + ROW_SPAN : n;
		for (i64 r = from + threadIdx.x; r < to; r += blockDim.x)
			v += rows[r];
	}
	v = block_sum(v, &s);
	if (threadIdx.x == 0)
		part[item] = v;
	if (!last_block(count, gridDim.x, &s))
		return;
	bool open = guard[GUARD_STEP] == 0;
	int lane = threadIdx.x & 31;
	double bad = 0;
	for (i64 t = threadIdx.x / 32; t <= tensors; t += WARPS) { // a warp a tensor, and one the rows
		i64 from = t < tensors ? first[t] : items, to = t < tensors ? first[t + 1] : (i64)gridDim.x;
		v = warp_sum(warp_part(part, from, to, 1, lane));
		if (lane == 0 && t == tensors && sum)
			*sum += scale * v;
		v = t < tensors ? v : v / (double)n;
		if (lane == 0 && open)
			guard[t < tensors ? GUARD_NORM + t : GUARD_LOSS] = v;
		bad += is_finite(v) ? 0 : 1;
	}
	bad = block_sum(bad, &s);
	if (threadIdx.x == 0 && bad > 0 && open)
		guard[GUARD_STEP] = (double)(clock->step + 1);
}

// shrinkage is what the gradient is multiplied by: min(1, clip / its norm) if clip > 0.
DEVICE float shrinkage(const double *guard, i64 tensors, float clip) {
	if (!(clip > 0))
		return 1;
	double norm = 0;
	for (i64 t = 0; t < tensors; t++)
		norm += guard[GUARD_NORM + t];
	return (float)fmin(1.0, clip / sqrt(norm));
}

struct Rule { float lr, momentum, correct1, correct2, beta1, beta2, eps; };

// moved is p after one step of the rule with gradient g (clipped), and leaves the moments in *m and *v.
DEVICE float moved(int kind, Rule o, float p, float g, float decay, float *m, float *v) {
	if (kind == ADAMW)
		p -= o.lr * decay * p;
	else
		g += decay * p;
	if (kind == SGD)
		return p - o.lr * g;
	if (kind == MOMENTUM || kind == NESTEROV) {
		*m = o.momentum * *m + g;
		return p - o.lr * (kind == MOMENTUM ? *m : g + o.momentum * *m);
	}
	*m = o.beta1 * *m + (1 - o.beta1) * g;
	*v = o.beta2 * *v + (1 - o.beta2) * g * g;
	return p - o.lr * o.correct1 * *m / (sqrtf(*v) * o.correct2 + o.eps);
}

// WeightCopy is where the copy in bfloat16 of the parameters from begin to end lies, in rows of cols that are ld apart.
struct WeightCopy { i64 begin, end, cols, ld; u16 *copy; };

DEVICE void copy_weights(const WeightCopy *copies, i64 number, i64 q, Four p) {
	for (i64 s = 0; s < number; s++) {
		i64 from = 4 * q - copies[s].begin, n = copies[s].end - copies[s].begin, cols = copies[s].cols, ld = copies[s].ld;
		if (from >= n || from + 4 <= 0)
			continue;
		if (from >= 0 && from % 4 == 0) {
			put({0, copies[s].copy, cols, ld}, from / 4, count(from / 4, n), false, p);
			continue;
		}
		for (int i = 0; i < 4; i++)
			if (from + i >= 0 && from + i < n) {
				i64 r = quotient(from + i, cols);
				put({0, copies[s].copy, cols, ld}, r, from + i - r * cols, p.v[i]);
			}
	}
}

// end_last ends the update in the block that gets here last, when all have read the guard and the time: only then may they
// change. Where a thread has left a parameter as it was, the guard notes the step, unless it holds one. Then the step of
// the clock ends, but for rows below 0.
//
//	finished: 2, of which the second counts the threads that left one; the last block leaves both at zero
DEVICE void end_last(bool left, double *guard, Clock *clock, i64 rows, u32 *finished, Scratch *s) {
	if (left)
		atomicAdd(&finished[1], 1u);
	if (!last_block(finished, gridDim.x, s) || threadIdx.x != 0)
		return;
	if (finished[1] != 0 && guard[GUARD_STEP] == 0)
		guard[GUARD_STEP] = (double)(clock->step + 1);
	finished[1] = 0;
	if (rows >= 0)
		tick(clock, rows);
}

// update moves the parameters one step (rules: backend.Update), unless the guard holds a step that was not finite. The
// gradient is multiplied by min(1, clip / its norm) if clip > 0; decay applies to the first decayed parameters. m and v
// may be null where the rule keeps fewer moments. A parameter whose new value is not finite stays as it was, with its
// moments, and the guard notes the step; then a step of rows examples ends (end_last).
//
//	params, grads, m, v: n, guard: 2 + tensors, copies: copy_count, whose copies are written too
KERNEL update_fwd_f32(float *params, const float *grads, float *m, float *v, double *guard, Clock *clock, i64 n,
                      i64 tensors, i64 kind, i64 decayed, float decay, float clip, float beta1, float beta2, float eps,
                      const WeightCopy *copies, i64 copy_count, i64 rows, u32 *finished) {
	__shared__ Scratch scratch;
	if (guard[GUARD_STEP] != 0)
		n = 0;
	Hyper h = hyper(clock);
	Rule o = {h.lr, h.momentum, h.correct1, h.correct2, beta1, beta2, eps};
	float shrink = shrinkage(guard, tensors, clip);
	bool wide = aligned(params, grads, m, v), left = false;
	EACH(q, (n + 3) / 4) {
		int some = count(q, n);
		Four p = load(params, q, some, wide), g = load(grads, q, some, wide), mq = {{0, 0, 0, 0}}, vq = mq;
		if (m)
			mq = load(m, q, some, wide);
		if (v)
			vq = load(v, q, some, wide);
		for (int i = 0; i < 4; i++) {
			float mi = mq.v[i], vi = vq.v[i];
			float to = moved((int)kind, o, p.v[i], shrink * g.v[i], 4 * q + i < decayed ? decay : 0.0f, &mi, &vi);
			if (i >= some || is_finite(to)) {
				p.v[i] = to;
				mq.v[i] = mi;
				vq.v[i] = vi;
			} else {
				left = true;
			}
		}
		store(params, q, some, wide, p);
		copy_weights(copies, copy_count, q, p);
		if (m)
			store(m, q, some, wide, mq);
		if (v)
			store(v, q, some, wide, vq);
	}
	end_last(left, guard, clock, rows, finished, &scratch);
}

// lamb moves the moments and turns the gradient into LAMB's direction r (backend.UpdateLAMB), and leaves every tensor's
// trust ratio |p| / |r|, or 1: where one of them is 0, and for tensors that end after the first decayed parameters.
// Block i does span i, as in check; the block that finishes last adds the norms up, a warp a tensor.
//
//	params, r, m, v: n, trust: tensors, guard: 2 + tensors, spans: items x (begin, end), first: tensors + 1, part: 2 items
KERNEL lamb_fwd_f32(const float *params, float *r, float *m, float *v, double *trust, const double *guard,
                    const Clock *clock, const i64 *spans, i64 items, i64 tensors, i64 decayed, float decay, float clip,
                    float beta1, float beta2, float eps, double *part, u32 *finished) {
	__shared__ Scratch s;
	if (guard[GUARD_STEP] != 0)
		return;
	Hyper h = hyper(clock);
	float shrink = shrinkage(guard, tensors, clip);
	i64 begin = spans[2 * blockIdx.x], n = spans[2 * blockIdx.x + 1] - begin;
	params += begin, r += begin, m += begin, v += begin;
	bool wide = aligned(params, r, m, v);
	double pp = 0, rr = 0;
	for (i64 q = threadIdx.x; 4 * q < n; q += BLOCK) {
		int some = count(q, n);
		Four p = load(params, q, some, wide), d = load(r, q, some, wide), mq = load(m, q, some, wide), vq = load(v, q, some, wide);
		for (int i = 0; i < 4; i++) {
			float g = shrink * d.v[i];
			mq.v[i] = beta1 * mq.v[i] + (1 - beta1) * g;
			vq.v[i] = beta2 * vq.v[i] + (1 - beta2) * g * g;
			d.v[i] = h.correct1 * mq.v[i] / (sqrtf(vq.v[i]) * h.correct2 + eps) + (begin + 4 * q + i < decayed ? decay : 0.0f) * p.v[i];
			pp += (double)p.v[i] * p.v[i];
			rr += i < some ? (double)d.v[i] * d.v[i] : 0;
		}
		store(m, q, some, wide, mq);
		store(v, q, some, wide, vq);
		store(r, q, some, wide, d);
	}
	pp = block_sum(pp, &s);
	rr = block_sum(rr, &s);
	if (threadIdx.x == 0) {
		part[2 * blockIdx.x] = pp;
		part[2 * blockIdx.x + 1] = rr;
	}
	if (!last_block(finished, gridDim.x, &s))
		return;
	int lane = threadIdx.x & 31;
	const i64 *first = spans + 2 * items;
	for (i64 t = threadIdx.x / 32; t < tensors; t += WARPS) {
		pp = warp_sum(warp_part(part, first[t], first[t + 1], 2, lane));
		rr = warp_sum(warp_part(part + 1, first[t], first[t + 1], 2, lane));
		bool trusted = first[t] < first[t + 1] && spans[2 * first[t + 1] - 1] <= decayed && pp > 0 && rr > 0;
		if (lane == 0)
			trust[t] = trusted ? sqrt(pp / rr) : 1.0;
	}
}

// trust takes LAMB's step, p -= lr trust r, every tensor at its ratio. What is not finite it leaves as it was, and ends the
// clock's step, as update does.
//
//	params, r: n, trust, ends: tensors, guard: 2 + tensors, copies: copy_count, as in update
KERNEL trust_fwd_f32(float *params, const float *r, const double *trust, double *guard, Clock *clock,
                     const i64 *ends, i64 n, i64 tensors, const WeightCopy *copies, i64 copy_count, i64 rows, u32 *finished) {
	__shared__ Scratch scratch;
	if (guard[GUARD_STEP] != 0)
		n = 0;
	float lr = hyper(clock).lr;
	bool wide = aligned(params, r), left = false;
	EACH(q, (n + 3) / 4) {
		int some = count(q, n);
		Four p = load(params, q, some, wide), d = load(r, q, some, wide);
		i64 t = 0;
		for (i64 after = tensors - 1; t < after;) { // the first tensor that ends after 4q
			i64 middle = (t + after) / 2;
			if (ends[middle] > 4 * q)
				after = middle;
			else
				t = middle + 1;
		}
		for (int i = 0; i < 4; i++) {
			while (t < tensors - 1 && ends[t] <= 4 * q + i)
				t++;
			float to = p.v[i] - (float)(lr * trust[t]) * d.v[i];
			if (i >= some || is_finite(to))
				p.v[i] = to;
			else
				left = true;
		}
		store(params, q, some, wide, p);
		copy_weights(copies, copy_count, q, p);
	}
	end_last(left, guard, clock, rows, finished, &scratch);
}
