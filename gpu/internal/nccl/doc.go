// Package nccl binds at run time what data-parallel training needs of NCCL: a communicator of the ranks' GPUs, sums over
// them and broadcasts. The absence of the library is an error value, and one rank needs none.
package nccl
