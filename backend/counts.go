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
