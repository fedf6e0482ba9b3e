// Package plan turns a list of operations into a list of launches for a GPU. It is
// plain Go: it knows shapes and what cuBLASLt refuses, and neither a driver nor an
// address, so that what a step comes to is read and tested without a GPU.
//
// [Make] takes the list through passes, one after the other:
//
//   - fuse.go: which operations another one does on its way;
//   - forms.go: in which form a tensor is left and found (float32, bfloat16, both;
//     the bits of a ReLU's mask), from who reads it; weightcopies.go: which copies of
//     weights outlive a step;
//   - lower*.go: the kernels, products, fills and copies of each operation, and
//     fetch.go: the batches of data on the host;
//   - streams.go: what runs beside the first stream, and who waits for it.
//
// Package gpu gives a plan memory and algorithms, and captures it.
package plan
