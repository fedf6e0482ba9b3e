// Package backend is the seam between what an autoencoder is (package model)
// and what computes it (packages cpu and gpu).
//
// An [Operation] is a value: a struct with named operands, a whole fused step of a
// network rather than an elementwise primitive. A [Device] enqueues operations, and
// compiles a [List] of them. Five rules make one model run everywhere and run fast:
//
//   - Operations enqueue and return nothing. The first error sticks to the
//     device and comes out of [Device.Sync], as with bufio.Writer; after it,
//     operations do nothing.
//   - All memory is planned before the first step ([Plan]). An operation
//     allocates nothing.
//   - [Device.Compile] turns a step into a [Program] that is launched again and
//     again: a CUDA graph on a GPU, the list itself on a CPU. What changes
//     from step to step (the step number that keys the noise, the position in
//     the epoch, learning rate, KL weight) lives in a [Clock] in device memory.
//   - Noise is a function of (seed, stream, step, index), never a state: see
//     [Philox]. Every device draws the same bits.
//   - Destination first; the caller allocates. A zero [Tensor] stands for an
//     output that is not wanted or an input that is absent, where the operation
//     says so.
//
// Tensors are dense row-major float32 matrices. B is the batch, K the samples or
// probes per example (rows are ordered example by example: r = b*K + k), D the
// data width. Sums over features, means over examples, is the convention of
// every loss.
package backend
