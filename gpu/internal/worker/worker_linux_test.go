package worker

import (
	"errors"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestOneThread(t *testing.T) {
	w := New()
	defer w.Close(func() error { return nil })
	ids := map[int]bool{}
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			w.Do(func() error { ids[syscall.Gettid()] = true; return nil })
		})
	}
	callers.Wait()
	if len(ids) != 1 {
		t.Errorf("functions ran on %d threads, want 1", len(ids))
	}
}

func TestErrorAndCleanup(t *testing.T) {
	w, boom := New(), errors.New("boom")
	var first, last int
	if err := w.Do(func() error { first = syscall.Gettid(); return boom }); !errors.Is(err, boom) {
		t.Errorf("Do: %v, want boom", err)
	}
	if err := w.Close(func() error { last = syscall.Gettid(); return boom }); !errors.Is(err, boom) {
		t.Errorf("Close: %v, want boom", err)
	}
	if first != last {
		t.Errorf("cleanup ran on thread %d, want %d", last, first)
	}
	if err := w.Do(func() error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("Do after Close: %v, want ErrClosed", err)
	}
	if err := w.Close(nil); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestPanicComesBack(t *testing.T) {
	w, boom := New(), errors.New("boom")
	defer w.Close(func() error { return nil })
	defer func() {
		p, ok := recover().(*Panic)
		if !ok || !errors.Is(p, boom) || !strings.Contains(p.Error(), "TestPanicComesBack") {
			t.Fatalf("recovered %v, want boom with the worker's stack", p)
		}
		if err := w.Do(func() error { return nil }); err != nil {
			t.Errorf("Do after a panic: %v", err)
		}
	}()
	w.Do(func() error { panic(boom) })
}
