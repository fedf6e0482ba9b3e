// Package cudasim talks to the simulator that CUDA code is tested with where
// there is no GPU. It is a test tool and never a device for users.
//
// The simulator (src/, built by scripts/cuda-sim.sh) is a shared library with the
// part of libcuda, cuBLASLt and NCCL that package gpu calls. It is loaded in their
// place, and runs the same kernels, compiled for the CPU:
//
//   - Every load and store of a kernel is held against the allocations (out of
//     bounds, after a free) and against the other threads' accesses since the
//     last barrier (races), in shared and in device memory. That is the
//     instrumentation of g++'s -fsanitize=thread with checks of our own. Blocks
//     are ordered by a fence, an atomic and a fence, and by nothing less.
//   - Barriers and warp operations run on fibers. Threads that wait at different
//     barriers, or for ever, are reported.
//   - Allocations stand between red zones, begin as NaNs to the last byte and are
//     counted; what is live when its context goes is a leak.
//   - Streams run only when something waits for them, so that a missing wait
//     shows as stale data. With AEGPU_CUDASIM_GRAPH_ORDER=early those beside the first
//     that was made run as soon as what they wait for is done.
//   - A graph captured from several streams runs what was forked as late as its
//     dependencies allow, or as early with AEGPU_CUDASIM_GRAPH_ORDER=early, so that
//     a missing one shows. AEGPU_CUDASIM_DROP_WAITS=join leaves out what the first
//     stream waits for, =fork what the others do, for tests of that, in captures and
//     outside.
//   - There are AEGPU_CUDASIM_DEVICES of them, 1 by default, each for a thread of its
//     own; memory and streams of another device are refused. Communicators of NCCL go over the
//     devices of a process, and over processes, by shared memory. Ranks that call for
//     different things are an error, and one that does not come is, after
//     AEGPU_CUDASIM_PATIENCE milliseconds (a minute), or when it aborts; so are memory at the first collective
//     inside a capture, and a communicator that is given back before its graphs.
//   - cuBLASLt's rules on layouts, alignment and algorithms are checked.
//   - What hardware does that a simpler simulator would not is done here too: the
//     quirks, which tests turn on and off ([QuirksEnv]).
//   - Launches, graph nodes, copied bytes and the accesses of checked kernels are
//     counted ([Stats]); so are, instead of everything else, the bytes that launches
//     move ([BytesEnv]). Then nodes of a graph that may run at the same time must not
//     write what the other touches.
package cudasim
