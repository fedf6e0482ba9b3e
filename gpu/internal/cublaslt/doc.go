// Package cublaslt binds the fused matrix products of cuBLASLt at run time.
//
// One binary serves every CUDA runtime: the library of version 13, 12 or 11 is
// found (package library says where), and its absence is an error value. Matrices here are
// column-major, as in cuBLAS; package gpu turns row-major products into these in
// one place.
package cublaslt
