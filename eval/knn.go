package eval

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/backend/hostmemory"
)

// KNN is the share of test rows whose class is that of the majority among the k
// training rows nearest to them in Euclidean distance. A tie between classes goes
// to the one with the nearest row, a tie between distances to the lower index.
// k larger than the training part means all of it.
//
// The nearest t to x has the largest x·t - |t|²/2, which for all pairs is a linear
// layer with the training rows as weights; both parts are centred first, so that
// the difference of large numbers keeps its digits. The context's error is returned when
// it ends first.
func KNN(ctx context.Context, dev backend.Device, train, test Labelled, k int) (accuracy float64, err error) {
	if k < 1 {
		return 0, fmt.Errorf("knn: %d neighbours: expected at least 1", k)
	}
	const anyClass = 1 << 31
	if err := train.check("training", train.Width, anyClass); err != nil {
		return 0, fmt.Errorf("knn: %w", err)
	}
	if err := test.check("test", train.Width, anyClass); err != nil {
		return 0, fmt.Errorf("knn: %w", err)
	}
	found, err := nearest(ctx, dev, train, test, min(k, train.Len()))
	if err != nil {
		return 0, fmt.Errorf("knn: %w", err)
	}
	correct := 0
	for i, want := range test.Labels {
		if vote(found[i], train.Labels) == want {
			correct++
		}
	}
	return float64(correct) / float64(test.Len()), nil
}

// neighbour is a training row and its closeness x·t - |t|²/2.
type neighbour struct {
	row  int
	near float32
}

// nearest is the k training rows nearest to every test row, the nearest first.
func nearest(ctx context.Context, dev backend.Device, train, test Labelled, k int) ([][]neighbour, error) {
	mean, _, err := moments(ctx, Dense(train.X, train.Width))
	if err != nil {
		return nil, err
	}
	c := narrow(mean)
	g, err := newGrid(dev, train.Len(), test.Len(), train.Width)
	if err != nil {
		return nil, err
	}
	defer g.mem.Free()
	if err := hostmemory.Ask("nearest neighbours", test.Len(), k, 8); err != nil {
		return nil, err
	}
	found := make([][]neighbour, test.Len())
	// Training rows in the outer loop: each chunk is sent once. Test rows are read again for each; they are few.
	for from := 0; from < train.Len(); from += g.t.Rows {
		n := min(g.t.Rows, train.Len()-from)
		g.train(centred{Dense(train.X, train.Width), c}, from, n)
		for start := 0; start < test.Len(); start += g.x.Rows {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			m := min(g.x.Rows, test.Len()-start)
			near := g.compare(centred{Dense(test.X, test.Width), c}, start, m, n)
			if err := dev.Sync(); err != nil {
				return nil, err
			}
			parallel(m, func(i int) {
				found[start+i] = keepNearest(found[start+i], near[i*n:(i+1)*n], from, k)
			})
		}
	}
	return found, nil
}

// grid is the device memory for chunks of test rows x: B x D against training
// rows t: T x D, half: 1 x T holding -|t|²/2, near: B x T.
type grid struct {
	dev              backend.Device
	mem              backend.Memory
	x, t, half, near backend.Tensor
	host, out        []float32
}

func newGrid(dev backend.Device, train, test, width int) (*grid, error) {
	const chunk = 4096
	t, b := min(train, chunk), min(test, chunk/4)
	g := &grid{dev: dev, host: make([]float32, max(t, b)*width), out: make([]float32, t*b)}
	mem, err := backend.Plan(dev, func(alloc backend.Alloc) {
		g.x, g.t, g.half, g.near = alloc(b, width), alloc(t, width), alloc(1, t), alloc(1, b*t)
	})
	g.mem = mem
	return g, err
}

// train sends n training rows and their half squared norms.
func (g *grid) train(rows Rows, from, n int) {
	d := rows.Width()
	v := g.host[:n*d]
	rows.Read(v, from, n)
	g.dev.Upload(g.t.Top(n), v)
	half := make([]float32, n)
	for i := range half {
		sum := 0.0
		for _, e := range v[i*d : (i+1)*d] {
			sum += float64(e) * float64(e)
		}
		half[i] = float32(-sum / 2)
	}
	g.dev.Upload(g.half.Slice(0, 1, n), half)
}

// compare is the closeness of m test rows to the n training rows sent last, m x n.
func (g *grid) compare(rows Rows, start, m, n int) []float32 {
	v := g.host[:m*rows.Width()]
	rows.Read(v, start, m)
	x, near := g.x.Top(m), g.near.Slice(0, m, n)
	g.dev.Upload(x, v)
	g.dev.Enqueue(backend.Linear{Y: near, X: x, W: g.t.Top(n), B: g.half.Slice(0, 1, n)})
	g.dev.Download(g.out[:m*n], near)
	return g.out[:m*n]
}

// keepNearest merges the closeness of training rows from, from+1, ... into the k
// nearest so far. Later rows lose ties, being of higher index.
func keepNearest(best []neighbour, near []float32, from, k int) []neighbour {
	if best == nil {
		best = make([]neighbour, 0, k)
	}
	for j, v := range near {
		if len(best) == k {
			if v <= best[k-1].near {
				continue
			}
			best = best[:k-1]
		}
		i := len(best)
		best = append(best, neighbour{})
		for ; i > 0 && best[i-1].near < v; i-- {
			best[i] = best[i-1]
		}
		best[i] = neighbour{from + j, v}
	}
	return best
}

// vote is the class of the majority; the neighbours stand nearest first.
func vote(found []neighbour, labels []int32) int32 {
	count := map[int32]int{}
	most := 0
	for _, f := range found {
		count[labels[f.row]]++
		most = max(most, count[labels[f.row]])
	}
	for _, f := range found {
		if count[labels[f.row]] == most {
			return labels[f.row]
		}
	}
	return -1
}

// parallel runs each(0) to each(n-1) on all processors; they share nothing.
func parallel(n int, each func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := w; i < n; i += workers {
				each(i)
			}
		})
	}
	wait.Wait()
}
