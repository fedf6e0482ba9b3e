package main

import . "github.com/mmcloughlin/avo/build"

// writePause emits the spin-loop hint.
func writePause() {
	TEXT("pause", NOSPLIT, "func()")
	PAUSE()
	RET()
}
