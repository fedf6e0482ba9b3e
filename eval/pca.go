package eval

import (
	"context"
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
)

// PCA is the linear baseline: the projection on the k directions in which the
// training data varies most. No linear autoencoder with a code of k numbers has
// a smaller squared error on the data it was fitted to (Eckart and Young 1936;
// Baldi and Hornik 1989).
//
// The fields are all there is, so that a PCA can be kept as JSON. Components is
// k x D, rows orthonormal, the largest variance first; the element of a row with
// the largest magnitude (the first of equal ones) is positive.
type PCA struct {
	Mean       []float32 `json:"mean"`       // D
	Components []float32 `json:"components"` // k x D
	Variance   []float64 `json:"variance"`   // k variances along the components, divisor n-1
	Total      float64   `json:"total"`      // variance of the data, summed over its columns
}

// K is the size of the code, Width that of an example.
func (p *PCA) K() int { return len(p.Variance) }

// Width is the number of columns of the data.
func (p *PCA) Width() int { return len(p.Mean) }

// FitPCA fits k components to the rows of x, D = x.Width() columns wide. k is 1 to
// min(rows, D). Constant columns are allowed; directions in which the data does
// not vary fill up a k beyond its rank, with variance 0.
//
// Products run on the device over chunks of centred rows; chunks are summed, and
// the eigenproblem is solved, in float64 on the host. The context's error is returned
// when it ends first; a product of the eigenproblem may then go on by itself for a
// while, and is forgotten. Ranks fit to their rows together (see [Shared]).
func FitPCA(ctx context.Context, dev backend.Device, x Rows, k int) (*PCA, error) {
	n, d := x.Len(), x.Width()
	if n < 1 || d < 1 {
		return nil, fmt.Errorf("pca: %d rows of %d columns: expected at least one of each", n, d)
	}
	if k < 1 || k > min(n, d) {
		return nil, fmt.Errorf("pca: %d components: expected 1 to %d for %d rows of %d columns", k, min(n, d), n, d)
	}
	p, err := fitPCA(ctx, dev, x, k)
	if err = ownOf(x).agree(err); err != nil {
		return nil, fmt.Errorf("pca: %w", err)
	}
	return p, nil
}

func fitPCA(ctx context.Context, dev backend.Device, x Rows, k int) (*PCA, error) {
	mean, variance, err := moments(ctx, x)
	if err != nil {
		return nil, err
	}
	p := &PCA{Mean: narrow(mean)}
	for _, v := range variance {
		p.Total += v
	}
	values, vectors, err := leading(ctx, dev, centre(x, p.Mean), k, p.Total)
	if err != nil {
		return nil, err
	}
	p.take(values, vectors)
	return p, nil
}

// take makes eigenvalues and their vectors the components.
func (p *PCA) take(values, vectors []float64) {
	d := len(p.Mean)
	for i := range values {
		values[i] = max(0, values[i]) // rounding may leave a zero slightly negative
		orient(vectors[i*d : (i+1)*d])
	}
	p.Variance, p.Components = values, narrow(vectors)
}

// orient flips v so that its element of largest magnitude is positive.
func orient(v []float64) {
	top := 0.0
	for _, e := range v {
		if math.Abs(e) > math.Abs(top) {
			top = e
		}
	}
	if top < 0 {
		for i := range v {
			v[i] = -v[i]
		}
	}
}

func narrow(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, e := range v {
		out[i] = float32(e)
	}
	return out
}

// centred is x with mean taken from every row.
type centred struct {
	Rows
	mean []float32
}

// centre returns rows with a mean taken from each.
func centre(x Rows, mean []float32) Rows {
	if s, is := x.(shared); is {
		return shared{centred{s.Rows, mean}, s.portion}
	}
	return centred{x, mean}
}

func (c centred) Read(dst []float32, start, n int) {
	c.Rows.Read(dst, start, n)
	d := len(c.mean)
	for i := range n {
		row := dst[i*d : (i+1)*d]
		for j, m := range c.mean {
			row[j] -= m
		}
	}
}

// Encode is the code (x - mean) Components^T of every row of x, rows x k.
func (p *PCA) Encode(ctx context.Context, dev backend.Device, x Rows) ([]float32, error) {
	k := p.K()
	if err := hostmemory.Ask("PCA's codes", x.Len(), k, 4); err != nil {
		return nil, ownOf(x).agree(err)
	}
	codes := make([]float32, x.Len()*k)
	err := p.project(ctx, dev, x, false, func(f *projection, start, n int) {
		dev.Download(codes[start*k:(start+n)*k], f.z.Top(n))
	})
	return codes, ownOf(x).gather(err, codes, k)
}

// Decode is codes Components + mean, rows x D, for codes of rows x k.
func (p *PCA) Decode(dev backend.Device, codes []float32) ([]float32, error) {
	k, d := p.K(), p.Width()
	if k == 0 || len(codes)%k != 0 {
		return nil, fmt.Errorf("pca: %d values: expected rows of %d", len(codes), k)
	}
	out := make([]float32, len(codes)/k*d)
	z := Dense(codes, k)
	f, err := p.place(dev, min(chunkRows(d), max(z.Len(), 1)))
	if err != nil {
		return nil, fmt.Errorf("pca: %w", err)
	}
	defer f.mem.Free()
	for start := 0; start < z.Len(); start += f.z.Rows {
		n := min(f.z.Rows, z.Len()-start)
		dev.Upload(f.z.Top(n), codes[start*k:(start+n)*k])
		dev.Enqueue(backend.Linear{Y: f.y.Top(n), X: f.z.Top(n), W: f.w, B: f.mean, Transposed: true})
		dev.Download(out[start*d:(start+n)*d], f.y.Top(n))
	}
	return out, dev.Sync()
}

// Errors is the squared reconstruction error of every row, summed over its
// columns: the linear baseline's anomaly score.
func (p *PCA) Errors(ctx context.Context, dev backend.Device, x Rows) ([]float32, error) {
	errs, err := p.errors(ctx, dev, x)
	return errs, ownOf(x).gather(err, errs, 1)
}

// errors is Errors of the rank's rows, 0 of others.
func (p *PCA) errors(ctx context.Context, dev backend.Device, x Rows) ([]float32, error) {
	errs := make([]float32, x.Len())
	err := p.project(ctx, dev, x, true, func(f *projection, start, n int) {
		dev.Download(errs[start:start+n], f.rows.Top(n))
	})
	return errs, err
}

// SSE is the squared reconstruction error summed over an example's columns,
// averaged over the examples.
func (p *PCA) SSE(ctx context.Context, dev backend.Device, x Rows) (float64, error) {
	if x.Len() == 0 {
		return 0, fmt.Errorf("pca: no rows to reconstruct")
	}
	errs, err := p.errors(ctx, dev, x)
	sum := []float64{0}
	for _, e := range errs {
		sum[0] += float64(e)
	}
	err = ownOf(x).sum(err, sum)
	return sum[0] / float64(x.Len()), err
}

// projection is the device memory of a pass over rows: centred x: B x D, codes
// z: B x k, reconstruction y: B x D, row errors: B x 1, components w: k x D.
type projection struct {
	mem           backend.Memory
	x, z, y, rows backend.Tensor
	w, mean       backend.Tensor
}

// place takes the memory for batches of that many rows and sends the components.
func (p *PCA) place(dev backend.Device, batch int) (*projection, error) {
	k, d := p.K(), p.Width()
	if k < 1 || d < 1 || len(p.Components) != k*d {
		return nil, fmt.Errorf("%d component values: expected %d x %d", len(p.Components), k, d)
	}
	f := &projection{}
	mem, err := backend.Plan(dev, func(alloc backend.Alloc) {
		f.x, f.z, f.y, f.rows = alloc(batch, d), alloc(batch, k), alloc(batch, d), alloc(batch, 1)
		f.w, f.mean = alloc(k, d), alloc(1, d)
	})
	if err != nil {
		return nil, err
	}
	f.mem = mem
	dev.Upload(f.w, p.Components)
	dev.Upload(f.mean, p.Mean)
	return f, nil
}

// project encodes x chunk by chunk, decodes it again where errors are wanted, and
// hands every chunk to use.
func (p *PCA) project(ctx context.Context, dev backend.Device, x Rows, errors bool, use func(f *projection, start, n int)) error {
	if x.Width() != p.Width() {
		return fmt.Errorf("pca: rows of %d columns: fitted to %d", x.Width(), p.Width())
	}
	f, err := p.place(dev, min(chunkRows(p.Width()), max(x.Len(), 1)))
	if err != nil {
		return fmt.Errorf("pca: %w", err)
	}
	defer f.mem.Free()
	err = eachChunk(ctx, centre(x, p.Mean), func(v []float32, start, n int) error {
		cx, cz, none := f.x.Top(n), f.z.Top(n), backend.Tensor{}
		dev.Upload(cx, v)
		dev.Enqueue(backend.Linear{Y: cz, Pre: none, X: cx, W: f.w, B: none})
		if errors {
			dev.Enqueue(backend.Linear{Y: f.y.Top(n), Pre: none, X: cz, W: f.w, B: none, Transposed: true})
			dev.Enqueue(backend.Loss{DOut: none, Rows: f.rows.Top(n), Out: f.y.Top(n), Target: cx, Kind: backend.SquaredError, Scale: 1})
		}
		use(f, start, n)
		return dev.Sync()
	})
	if err != nil {
		return fmt.Errorf("pca: %w", err)
	}
	return nil
}
