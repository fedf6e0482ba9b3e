package backend

// MemoryCounter is a [Device] that knows how much of its memory is taken.
type MemoryCounter interface {
	// Memory is what this device holds, with what it keeps for itself, and what is
	// free for anyone, in bytes.
	Memory() (held, free uint64)
}

// LaunchCounter is a [Program] that knows how many launches its step takes:
// kernels, products, copies and fills.
type LaunchCounter interface {
	Nodes() int
}
