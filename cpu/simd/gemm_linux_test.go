package simd

import (
	"os"
	"runtime/debug"
	"syscall"
	"testing"
	"unsafe"
)

// beforeNothing is n floats that end where memory that may not be read begins.
func beforeNothing(t *testing.T, n int) []float32 {
	t.Helper()
	page := os.Getpagesize()
	size := roundUp(4*n, page)
	mem, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(mem); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mprotect(mem[size:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&mem[size-4*n])), n)
}

// A product reads and writes nothing past its operands.
func TestGemmStaysInside(t *testing.T) {
	const m, n, k = 15, 34, 9
	a, b, c := beforeNothing(t, m*k), beforeNothing(t, k*n), beforeNothing(t, m*n)
	eachPath(t, func(t *testing.T, path Path) {
		debug.SetPanicOnFault(true) // of this goroutine, which ends with the test
		g := NewGemm(path, NewPool(1))
		var p product
		defer func() {
			if r := recover(); r != nil {
				t.Fatalf("%v: %v", p, r)
			}
		}()
		for i := range 4 * m * n * k {
			p = product{tA: transposes[i%2], tB: transposes[i/2%2], m: 1 + i/4%m, n: 1 + i/4/m%n, k: 1 + i/4/m/n, alpha: 1}
			p.beta = float32((p.m + p.n + p.k) % 2)
			lda, ldb := p.k, p.n
			if i%2 == 1 {
				lda = p.m
			}
			if i/2%2 == 1 {
				ldb = p.k
			}
			g.Sgemm(p.tA, p.tB, p.m, p.n, p.k, p.alpha, a[len(a)-p.m*p.k:], lda, b[len(b)-p.k*p.n:], ldb, p.beta, c[len(c)-p.m*p.n:], p.n)
		}
	})
}
