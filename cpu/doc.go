// Package cpu is the device that every machine has: [backend.Device] on the
// processor's cores.
//
// Operations run at once, in the caller's goroutine and a pool of workers that
// lives as long as the device. Work is cut into pieces by its shape alone, and
// partial sums are added in the order of the pieces, so that results are the same
// bits for any number of workers.
package cpu
