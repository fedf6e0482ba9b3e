// Losses of tables whose columns have likelihoods of their own (backend.ColumnLoss), and their means and totals.
#include "counts.cuh"
#include "reduce.cuh"

// Run is columns from to to of one kind.
struct Run { i64 kind, from, to; };

// run_of is the run that column j lies in.
DEVICE Run run_of(const Run *runs, i64 number, i64 j) {
	i64 i = 0;
	for (i64 after = number - 1; i < after;) {
		i64 middle = (i + after) / 2;
		if (runs[middle].to > j)
			after = middle;
		else
			i = middle + 1;
	}
	return runs[i];
}

// Mean is that of a count: m, its logarithm, and the derivative of that by the output.
struct Mean { float m, log, slope; };

DEVICE Mean mean_of(float o, float size, float log_size) {
	float over = o - LINEAR_LOG_RATE, slope = 1;
	if (over > 0) {
		o = LINEAR_LOG_RATE + log1pf(over);
		slope = 1.0f / (1.0f + over);
		return {size * expf(LINEAR_LOG_RATE) * (1.0f + over), log_size + o, slope};
	}
	return {size * expf(o), log_size + o, slope};
}

struct Element { float loss, grad; };

// spread_of is a spread, or a zero logit, of what the tensor of spreads holds.
DEVICE float spread_of(float v) { return SPREAD_RATE * v; }

// Variance is that of a Gaussian column of spread s: 1/v, ln v, and (dv/ds) / v. Without e^s above 0, so that no spread
// overflows; and a NaN is none of the cases, so that it shows.
struct Variance { float precision, log, slope; };

DEVICE Variance variance_of(float s) {
	float up = s > 0 ? 1.0f : expf(s), down = s > 0 ? expf(-s) : 1.0f, v = up + MIN_VARIANCE * down;
	return {down / v, (s > 0 ? s : 0.0f) + logf(v), up / v};
}

// grown is e^s, which is the inverse dispersion but for its floor.
DEVICE float grown(float s) { return expf(s > MOST_SPREAD ? MOST_SPREAD : s); }

// element is the loss of one element of another kind than softmax, and its gradient by the output, of a Gaussian times its
// variance if even; spread is what its column's tensor holds.
DEVICE Element element(i64 kind, float o, float x, const float *spread, i64 cols, float size, float log_size, bool even) {
	if (x != x)
		return {0, 0};
	if (kind == GAUSSIAN_COLUMN) {
		Variance v = variance_of(spread_of(*spread));
		float d = o - x;
		return {0.5f * (d * d * v.precision + v.log + LOG_TWO_PI), even ? d : d * v.precision};
	}
	if (kind == BERNOULLI_COLUMN)
		return {softplus(o) - o * x, logistic(o) - x};
	Mean m = mean_of(o, size, log_size);
	float grad = m.slope * (m.m - x);
	if (kind == POISSON_COLUMN)
		return {poisson(x, m.m, m.log), grad};
	float r = grown(spread_of(*spread)) + MIN_DISPERSION, loss = negative_binomial(x, m.m, m.log, r);
	grad /= 1.0f + m.m / r;
	if (kind == NEGATIVE_BINOMIAL_COLUMN)
		return {loss, grad};
	float zero = spread_of(spread[cols]);
	if (x == 0)
		return {zeros(zero, loss), grad * logistic(-zero - loss)};
	return {loss + softplus(zero), grad};
}

// over is the sum of v over the block, or the warp.
DEVICE double over(double v, bool wide, Scratch *s) { return wide ? block_sum(v, s) : warp_sum(v); }

// softmax is a lane's share of the loss of a group of n columns, which the block does together, or a warp. A multinomial is
// Poisson counts whose total is known: beyond a few counts that keeps the digits which ln N! would take.
DEVICE double softmax(Sink to, float *each, const float *o, const float *x, i64 r, i64 from, i64 n, float scale, bool wide, Scratch *s) {
	i64 first = wide ? threadIdx.x : threadIdx.x & 31, step = wide ? BLOCK : 32;
	double total = 0, sum = 0, loss = 0;
	float top = o[0];
	for (i64 j = first; j < n; j += step) {
		total += x[j];
		top = fmaxf(top, o[j]);
	}
	total = over(total, wide, s);
	top = wide ? block_max(top, s) : warp_max(top);
	for (i64 j = first; j < n; j += step)
		sum += expf(o[j] - top);
	sum = over(sum, wide, s);
	bool missing = total != total;
	float all = logf((float)sum), count = (float)total, share = (float)(total / sum);
	for (i64 j = first; j < n && !missing; j += step) {
		float below = (top - o[j]) + all, m = expf(o[j] - top) * share;
		if (count > FEW_COUNTS)
			loss += poisson(x[j], m, logf(count) - below);
		else if (x[j] != 0)
			loss += x[j] * below + log_factorial(x[j]);
		put(to, r, from + j, scale * (m - x[j]));
	}
	for (i64 j = first; j < n && missing; j += step)
		put(to, r, from + j, 0.0f);
	if (first == 0 && !missing)
		loss -= count > FEW_COUNTS ? poisson(count, count, logf(count)) : log_factorial(count);
	if (!each)
		return loss;
	double whole = over(loss, wide, s);
	for (i64 j = first; j < n; j += step)
		each[j] = j == 0 ? (float)whole : 0.0f;
	return loss;
}

// column_loss is rows[r] = sum of the losses of row r of out, each those of its elements, dout = scale times the gradient by
// out, of a Gaussian times its variance if even, a block a row; each, dout and size may be null, and dout may be out. Groups
// wider than a block are done by the block, the others by a warp each.
//
//	dout (half: n x ld), each, out: n x cols, rows: n, target: n/k x cols, spread: 1 or 2 x cols, size: n/k,
//	runs: run_count x (kind, from, to)
KERNEL column_loss_bwd_f32(float *dout, u16 *half, i64 ld, float *rows, float *each, const float *out, const float *target,
                           const float *spread, const float *size, const i64 *runs, i64 run_count, i64 n, i64 cols, i64 k,
                           float scale, i64 even) {
	__shared__ Scratch s;
	Sink to = {dout, half, cols, ld};
	const Run *all = (const Run *)runs;
	for (i64 r = blockIdx.x; r < n; r += gridDim.x) {
		const float *o = out + r * cols, *x = target + r / k * cols;
		float sized = size ? size[r / k] : 1.0f, log_size = logf(sized);
		double v = 0;
		for (i64 j = threadIdx.x; j < cols; j += blockDim.x) {
			i64 kind = run_of(all, run_count, j).kind;
			if (kind == SOFTMAX_COLUMNS)
				continue;
			Element e = element(kind, o[j], x[j], spread + j, cols, sized, log_size, even);
			v += e.loss;
			put(to, r, j, scale * e.grad);
			if (each)
				each[r * cols + j] = e.loss;
		}
		for (i64 i = 0; i < run_count; i++) {
			Run g = all[i];
			bool wide = g.to - g.from > BLOCK;
			if (g.kind == SOFTMAX_COLUMNS && (wide || i % WARPS == threadIdx.x / 32))
				v += softmax(to, each ? each + r * cols + g.from : 0, o + g.from, x + g.from, r, g.from, g.to - g.from, scale, wide, &s);
		}
		v = block_sum(v, &s);
		if (threadIdx.x == 0)
			rows[r] = (float)v;
	}
}

// by_spread is the gradient of an element's loss by its column's spread (spread_of(*spread)) or, if own, by its zero logit.
DEVICE float by_spread(i64 kind, bool own, float o, float x, const float *spread, i64 cols, float size) {
	if (x != x || (own && kind != ZERO_INFLATED_COLUMN))
		return 0;
	float s = spread_of(*spread);
	if (kind == GAUSSIAN_COLUMN) {
		Variance v = variance_of(s);
		return 0.5f * v.slope * (1.0f - (x - o) * (x - o) * v.precision);
	}
	if (kind != NEGATIVE_BINOMIAL_COLUMN && kind != ZERO_INFLATED_COLUMN)
		return 0;
	Mean m = mean_of(o, size, logf(size));
	float up = grown(s), r = up + MIN_DISPERSION, counted = 1;
	if (kind == ZERO_INFLATED_COLUMN) {
		float zero = spread_of(spread[cols]);
		if (x == 0)
			counted = logistic(-zero - negative_binomial(x, m.m, m.log, r));
		if (own)
			return x == 0 ? counted - logistic(-zero) : logistic(zero);
	}
	return counted * up * negative_binomial_back(x, m.m, r);
}

// column_spread is dspread = scale times the gradient by what spread holds of the weighted sum of all losses, added to what is
// there or not, a tile of columns a block.
//
//	dspread, spread: spreads x cols, weights: n (may be null), the others as in column_loss, part: chunks x spreads cols, count: tiles
KERNEL column_spread_bwd_f32(float *dspread, const float *out, const float *target, const float *spread, const float *size,
                             const float *weights, const i64 *runs, i64 run_count, i64 spreads, i64 n, i64 cols, i64 k, float scale, i64 accumulate,
                             i64 chunks, double *part, u32 *count) {
	__shared__ Scratch s;
	const Run *all = (const Run *)runs;
	i64 j;
	double sum;
	auto f = [=](i64 r, i64 c) {
		bool own = c >= cols;
		i64 at = own ? c - cols : c, b = r / k;
		return (weights ? weights[r] : 1.0f) *
		       by_spread(run_of(all, run_count, at).kind, own, out[r * cols + at], target[b * cols + at], spread + at, cols, size ? size[b] : 1.0f);
	};
	if (!column_sum(f, n, spreads * cols, chunks, &j, &sum, part, count, &s) || threadIdx.x >= 32 || j >= spreads * cols)
		return;
	float v = (float)(scale * sum * SPREAD_RATE);
	dspread[j] = accumulate ? dspread[j] + v : v;
}

// shares is e^o over their sum of a group of n columns, which the block does together, or a warp; each thread has read all
// that it needs of the others before it writes, since y may be o.
DEVICE void shares(Sink to, const float *o, i64 r, i64 from, i64 n, bool wide, Scratch *s) {
	i64 first = wide ? threadIdx.x : threadIdx.x & 31, step = wide ? BLOCK : 32;
	float top = o[0];
	for (i64 j = first; j < n; j += step)
		top = fmaxf(top, o[j]);
	top = wide ? block_max(top, s) : warp_max(top);
	double sum = 0;
	for (i64 j = first; j < n; j += step)
		sum += expf(o[j] - top);
	float all = (float)over(sum, wide, s);
	for (i64 j = first; j < n; j += step)
		put(to, r, from + j, expf(o[j] - top) / all);
}

// column_mean is y = the mean of each output, or known where that is there and no NaN, a block a row; size and known may be
// null, and y may be out. Groups wider than a block are done by the block, the others by a warp each.
//
//	y (half: n x ld), out: n x cols, spread: 2 x cols, size: n/size_k, known: n/known_k x cols, runs: run_count x (kind, from, to)
KERNEL column_mean_fwd_f32(float *y, u16 *half, i64 ld, const float *out, const float *spread, const float *size, i64 size_k,
                           const float *known, i64 known_k, const i64 *runs, i64 run_count, i64 n, i64 cols) {
	__shared__ Scratch s;
	Sink to = {y, half, cols, ld};
	const Run *all = (const Run *)runs;
	for (i64 r = blockIdx.x; r < n; r += gridDim.x) {
		const float *o = out + r * cols;
		for (i64 i = 0; i < run_count; i++) {
			Run g = all[i];
			bool wide = g.to - g.from > BLOCK;
			if (g.kind == SOFTMAX_COLUMNS && (wide || i % WARPS == threadIdx.x / 32))
				shares(to, o + g.from, r, g.from, g.to - g.from, wide, &s);
		}
		for (i64 j = threadIdx.x; j < cols; j += blockDim.x) {
			i64 kind = run_of(all, run_count, j).kind;
			if (kind == SOFTMAX_COLUMNS)
				continue;
			float v = o[j];
			if (kind == BERNOULLI_COLUMN)
				v = logistic(v);
			else if (kind != GAUSSIAN_COLUMN)
				v = mean_of(v, size ? size[r / size_k] : 1.0f, 0).m;
			if (kind == ZERO_INFLATED_COLUMN)
				v *= logistic(-spread_of(spread[cols + j]));
			put(to, r, j, v);
		}
		if (!known)
			continue;
		__syncthreads(); // a group's means are written by other threads
		for (i64 j = threadIdx.x; j < cols; j += blockDim.x) {
			float x = known[r / known_k * cols + j];
			if (x == x)
				put(to, r, j, x);
		}
	}
}

// count_totals is y = scale times the total of the cells of a row of x that are counts and no NaN, or least if that is less,
// a block a row.
//
//	y: n, x: n x cols, runs: run_count x (kind, from, to)
KERNEL count_totals_fwd_f32(float *y, const float *x, const i64 *runs, i64 run_count, i64 n, i64 cols, float scale, float least) {
	__shared__ Scratch s;
	const Run *all = (const Run *)runs;
	for (i64 r = blockIdx.x; r < n; r += gridDim.x) {
		double v = 0;
		for (i64 j = threadIdx.x; j < cols; j += blockDim.x) {
			i64 kind = run_of(all, run_count, j).kind;
			float cell = x[r * cols + j];
			if ((kind == POISSON_COLUMN || kind == NEGATIVE_BINOMIAL_COLUMN || kind == ZERO_INFLATED_COLUMN) && cell == cell)
				v += cell;
		}
		float total = (float)(scale * block_sum(v, &s));
		if (threadIdx.x == 0)
			y[r] = total < least ? least : total; // as it is if it is NaN
	}
}
