package backendtest

import (
	"fmt"
	"runtime"
	"sync"
)

// recorder is a tester that notes failures instead of failing.
type recorder struct {
	name   string
	parent *recorder

	failing func() // called for every failure, of the root

	mu       sync.Mutex
	failed   bool
	messages []string // of the whole tree, kept at its root
}

func (r *recorder) Helper()             {}
func (r *recorder) Logf(string, ...any) {}
func (r *recorder) Failed() bool        { return r.failed }

func (r *recorder) Errorf(format string, args ...any) {
	message := r.name + ": " + fmt.Sprintf(format, args...)
	for at := r; at != nil; at = at.parent {
		at.failed = true
		if at.parent == nil {
			at.mu.Lock()
			at.messages = append(at.messages, message)
			at.mu.Unlock()
			if at.failing != nil {
				at.failing()
			}
		}
	}
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// Run runs f on a goroutine of its own, which Fatalf may end.
func (r *recorder) Run(name string, f func(tester)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(&recorder{name: r.name + "/" + name, parent: r})
	}()
	<-done
}
