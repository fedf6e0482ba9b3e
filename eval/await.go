package eval

import "context"

// await runs f, which computes on the host and cannot be stopped, and returns its error, or the context's where that ends
// first. f then goes on by itself: what it writes must not be looked at any more.
func await(ctx context.Context, f func() error) error {
	if ctx.Done() == nil {
		return f()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
