//go:build cuda

package libcuda

// #include <cuda.h>
import "C"

import (
	"unsafe"

	"gorgonia.org/cu"
)

// Graph is a recorded sequence of operations.
type Graph struct{ g C.CUgraph }

// Exec is a graph that is ready to be launched.
type Exec struct{ e C.CUgraphExec }

func stream(s cu.Stream) C.CUstream { return C.CUstream(unsafe.Pointer(s.C())) }

// BeginCapture makes what is enqueued on s a graph instead of running it. Other
// calls of the thread stay allowed (relaxed mode).
func BeginCapture(s cu.Stream) error {
	return result(C.cuStreamBeginCapture(stream(s), C.CU_STREAM_CAPTURE_MODE_RELAXED))
}

// EndCapture ends the capture and returns its graph.
func EndCapture(s cu.Stream) (Graph, error) {
	var g Graph
	err := result(C.cuStreamEndCapture(stream(s), &g.g))
	return g, err
}

// Chain is a graph that runs g times over.
func (g Graph) Chain(times int) (Graph, error) {
	var chain Graph
	if err := result(C.cuGraphCreate(&chain.g, 0)); err != nil {
		return chain, err
	}
	var node, last C.CUgraphNode
	for i := range times {
		var deps C.size_t
		if i > 0 {
			deps = 1
		}
		if err := result(C.cuGraphAddChildGraphNode(&node, chain.g, &last, deps, g.g)); err != nil {
			chain.Destroy()
			return Graph{}, err
		}
		last = node
	}
	return chain, nil
}

// Nodes is the number of nodes of g.
func (g Graph) Nodes() (int, error) {
	var n C.size_t
	err := result(C.cuGraphGetNodes(g.g, nil, &n))
	return int(n), err
}

// Instantiate readies g for launching.
func (g Graph) Instantiate() (Exec, error) {
	var e Exec
	err := result(C.cuGraphInstantiateWithFlags(&e.e, g.g, 0))
	return e, err
}

// Destroy gives g back; executables made from it stay.
func (g Graph) Destroy() error { return result(C.cuGraphDestroy(g.g)) }

// Launch enqueues e on s.
func (e Exec) Launch(s cu.Stream) error { return result(C.cuGraphLaunch(e.e, stream(s))) }

// Destroy gives e back.
func (e Exec) Destroy() error { return result(C.cuGraphExecDestroy(e.e)) }
