package data

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// blockBytes is how much of a large set is looked at together: little enough to stay in a cache between who look at it.
const blockBytes = 2 << 20

// walk gives all rows in order, a block at a time and in memory, to what makes tasks of them; those of a block run on all
// cores, beside the reading of the next. It ends early where there is none for a block.
func (s *Set) walk(tasks func(start int, block *Set) []func()) {
	rows := int(max(blockBytes/max(s.rowBytes(), 1), 1))
	var (
		next   *Set
		spares [2]Set // whose memory is used again: one is looked at while the other is read
		at     int
	)
	part := func(start int) *Set {
		n := min(rows, s.Rows-start)
		if s.under == nil {
			return s.Part(start, n)
		}
		at = 1 - at
		spares[at] = *s.loaded(start, n, &spares[at])
		return &spares[at]
	}
	for start := 0; start < s.Rows; start += rows {
		block := next
		if block == nil {
			block = part(start)
		}
		todo := tasks(start, block)
		if todo == nil {
			return
		}
		if next = nil; s.under != nil && start+rows < s.Rows {
			todo = append([]func(){func() { next = part(start + rows) }}, todo...)
		}
		together(todo)
	}
}

// together runs tasks on all cores. What one panics with, as of a file that cannot be read any more, the caller does.
func together(tasks []func()) {
	var (
		taken atomic.Int64
		fault atomic.Pointer[any]
		wait  sync.WaitGroup
	)
	work := func() {
		for k := taken.Add(1) - 1; int(k) < len(tasks); k = taken.Add(1) - 1 {
			tasks[k]()
		}
	}
	for range min(runtime.GOMAXPROCS(0), len(tasks)) - 1 {
		wait.Go(func() {
			defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
			defer func() {
				if f := recover(); f != nil {
					fault.Store(&f)
				}
			}()
			work()
		})
	}
	defer func() { // the caller's own fault waits for the others too
		wait.Wait()
		if f := fault.Load(); f != nil {
			panic(*f)
		}
	}()
	work()
}

// share cuts n things in so many pieces, of some things at least.
func share(n, least, pieces int, use func(from, to int)) (tasks []func()) {
	size := max(least, (n+pieces-1)/pieces)
	for from := 0; from < n; from += size {
		tasks = append(tasks, func() { use(from, min(from+size, n)) })
	}
	return tasks
}

// byColumns shares columns among the cores.
func (s *Set) byColumns(use func(from, to int)) []func() {
	return share(s.Cols, leastColumns, runtime.GOMAXPROCS(0), use)
}

// leastColumns is how many columns are worth a task of their own.
const leastColumns = 32

// wideColumns gives the values of columns from one to another of all rows in order, as wideRow does, of a set in memory.
func (s *Set) wideColumns(from, to int, use func(row int, values []float64)) {
	row := make([]float64, to-from)
	for i := range s.Rows {
		s.wideSection(row, i*s.Cols+from)
		use(i, row)
	}
}

// wideSection writes the values from one on to dst as value returns them, of a set that holds its numbers.
func (s *Set) wideSection(dst []float64, at int) {
	switch {
	case s.U8 != nil:
		for j, v := range s.U8[at : at+len(dst)] {
			dst[j] = float64(float32(v) / 255)
		}
	case s.F64 != nil:
		copy(dst, s.F64[at:at+len(dst)])
	default:
		for j, v := range s.F32[at : at+len(dst)] {
			dst[j] = float64(v)
		}
	}
}
