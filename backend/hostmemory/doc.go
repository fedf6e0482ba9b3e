// Package hostmemory says how much of the host's memory the process may still take, so that what does not fit is
// refused before it is taken: Go's own runtime, once it is refused memory, ends the program.
package hostmemory
