// Package simd is the arithmetic of the CPU device: matrix products, elementwise functions, sums,
// optimiser updates and random numbers on float32 slices, in assembly for AVX-512, AVX2 and NEON
// with fused multiply-add and in plain Go everywhere else.
//
// A [Path] names one of these instruction sets; [FromEnv] picks the best the machine has. A
// [Pool] spreads work over the cores. The bits of a result never depend on the number of workers.
package simd

//go:generate go run -C gen . -what gemm -out ../gemm_amd64.s -stubs ../gemm_amd64.go -pkg simd
//go:generate go run -C gen . -what pack -out ../pack_amd64.s -stubs ../pack_amd64.go -pkg simd
//go:generate go run -C gen . -what pause -out ../pause_amd64.s -stubs ../pause_amd64.go -pkg simd
//go:generate go run -C gen . -what functions -out ../functions_amd64.s -stubs ../functions_amd64.go -pkg simd
//go:generate go run -C gen . -what training -out ../training_amd64.s -stubs ../training_amd64.go -pkg simd
//go:generate go run -C gen . -what random -out ../random_amd64.s -stubs ../random_amd64.go -pkg simd
//go:generate go run -C gen . -what gemm -arm64 ../gemm_arm64
//go:generate go run -C gen . -what functions -arm64 ../functions_arm64
//go:generate go run -C gen . -what training -arm64 ../training_arm64
//go:generate go run -C gen . -what random -arm64 ../random_arm64
//go:generate go run -C gen . -tables ..
