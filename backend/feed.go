package backend

// Feeder is what a device can do besides that the host's memory reaches over a bus: rows come to it while it computes on
// others.
type Feeder interface {
	// NewFeed returns a way to a tensor, which takes the tensor's size once more of the device's memory, and twice of the
	// host's, page-locked. The error wraps ErrOutOfMemory where that is the cause.
	NewFeed(to Tensor) (Feed, error)
}

// Feed brings rows to a tensor in two moves: to the device, beside what it computes, and then to the tensor. Next, Send and
// Take follow each other in this order.
type Feed interface {
	// Next returns the host's memory, of the tensor's size, for the rows to come. It waits until what was sent from there
	// has left it.
	Next() []float32
	// Send begins to bring the first rows of what Next returned to the device. Another goroutine than that of the device's
	// methods may call it.
	Send(rows int) error
	// Take enqueues the second move, of what was sent last to the tensor's first rows: after all that is enqueued.
	Take()
	// Free waits, and gives back what the feed holds. It may be called twice.
	Free()
}
