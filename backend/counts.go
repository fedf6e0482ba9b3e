package backend

// MemoryCounter is a [Device] that knows how much of its memory it has taken,
// with what it keeps for itself.
type MemoryCounter interface {
	HeldBytes() int
}

// LaunchCounter is a [Program] that knows how many launches its step takes:
// kernels, products, copies and fills.
type LaunchCounter interface {
	Nodes() int
}

// Timer is a [Device] with a clock of its own.
type Timer interface {
	// Time is the seconds from what enqueue enqueues first to the end of what it
	// enqueues last, by the device's clock; it waits for that end. The error is the
	// device's first.
	Time(enqueue func()) (float64, error)
}
