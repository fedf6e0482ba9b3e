package backend

// MemoryCounter is a [Device] that knows how much of its memory it has taken,
// with what it keeps for itself.
type MemoryCounter interface {
	HeldBytes() int
}

// ByteCounter is a [Device] that may know how many bytes of its memory launches
// have read and written so far: every byte once a launch, and none that the launch
// has itself written before. It is not ok where they are not counted.
type ByteCounter interface {
	MovedBytes() (read, written int, ok bool)
}

// StepPlanner is a [Device] that takes memory of its own beside a program's operands.
type StepPlanner interface {
	// StepBytes is what a program of the step would take of its own, and what it
	// would share with other programs of the same weights; nothing is taken yet.
	StepBytes(step List) (own, shared int, err error)
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
