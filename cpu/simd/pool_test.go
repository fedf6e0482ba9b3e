package simd

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestPoolRunsEachTaskOnce(t *testing.T) {
	for workers := 1; workers <= 5; workers++ {
		p := NewPool(workers)
		defer p.Close()
		counts := make([]atomic.Int32, 100)
		busy := make([]atomic.Int32, workers)
		f := func(w, i int) {
			if busy[w].Add(1) != 1 {
				t.Error("two tasks on one worker at once")
			}
			counts[i].Add(1)
			busy[w].Add(-1)
		}
		for round := 0; round < 300; round++ {
			n := round % 101
			p.Run(n, f)
			for i := range counts {
				want := int32(0)
				if i < n {
					want = 1
				}
				if got := counts[i].Swap(0); got != want {
					t.Fatalf("%d workers, %d tasks: task %d ran %d times", workers, n, i, got)
				}
			}
			if round%60 == 59 {
				time.Sleep(2 * idleSpin) // let them fall asleep
			}
		}
	}
}

func TestPoolNestedAndConcurrent(t *testing.T) {
	p := NewPool(3)
	defer p.Close()
	var sum atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				p.Run(8, func(_, i int) {
					p.Run(4, func(_, k int) { sum.Add(int64(i * k)) })
				})
			}
		})
	}
	wg.Wait()
	if want := int64(4 * 50 * 28 * 6); sum.Load() != want {
		t.Errorf("sum %d, want %d", sum.Load(), want)
	}
}

func TestPoolPanicComesOut(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	for bad := range 10 {
		func() {
			defer func() {
				if v := recover(); v != "no" {
					t.Errorf("recovered %v", v)
				}
			}()
			p.Run(10, func(_, i int) {
				if i == bad {
					panic("no")
				}
			})
		}()
	}
	var n atomic.Int32
	p.Run(10, func(_, _ int) { n.Add(1) })
	if n.Load() != 10 {
		t.Errorf("after a panic %d of 10 tasks ran", n.Load())
	}
}

func TestClosedPool(t *testing.T) {
	p := NewPool(2)
	p.Close()
	p.Close()
	ran := 0
	p.Run(3, func(_, _ int) { ran++ })
	if ran != 3 {
		t.Error("a closed pool does not run on the caller")
	}
}

func TestPoolAllocatesNothing(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	var n atomic.Int64
	f := func(_, _ int) { n.Add(1) }
	if got := testing.AllocsPerRun(100, func() { p.Run(10, f) }); got != 0 {
		t.Errorf("%v allocations a run", got)
	}
}

func BenchmarkPoolRun(b *testing.B) {
	p := NewPool(0)
	defer p.Close()
	f := func(_, _ int) {}
	for b.Loop() {
		p.Run(8, f)
	}
}
