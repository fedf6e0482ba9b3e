//go:build cuda && (amd64 || arm64)

/* Every driver function of symbols.inc, as a jump through aegpu_libcuda_table. Hidden, because the linker would
   otherwise export them and the real libcuda would call ours. */

#if defined(__x86_64__)
#define JUMP(slot) jmp *(aegpu_libcuda_table + 8 * slot)(%rip)
#elif defined(__aarch64__)
#define JUMP(slot) adrp x16, aegpu_libcuda_table ; add x16, x16, :lo12:aegpu_libcuda_table ; \
	ldr x16, [x16, 8 * slot] ; br x16
#endif

#define X(slot, name) .globl name ; .hidden name ; .type name, %function ; .p2align 4 ; name: JUMP(slot) ;

	.hidden aegpu_libcuda_table
	.text
#include "symbols.inc"

	.section .note.GNU-stack, "", %progbits
