// Command gen writes the assembly of package simd. Each run writes one file:
//
//	go run . -what gemm -out ../gemm_amd64.s -stubs ../gemm_amd64.go -pkg simd
//
// It is a module of its own so that programs using package simd do not depend on avo.
package main

import (
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/mmcloughlin/avo/build"
)

// writers maps the -what flag to the function that emits that file.
var writers = map[string]func(){
	"gemm":      writeGemm,
	"pack":      writePack,
	"pause":     writePause,
	"functions": writeFunctions,
	"training":  writeTraining,
	"random":    writeRandom,
}

func main() {
	what := flag.String("what", "", "which file to write: "+strings.Join(names(), ", "))
	flag.Parse()
	write, ok := writers[*what]
	if !ok {
		fmt.Fprintf(os.Stderr, "gen: -what %q is not one of %s\n", *what, strings.Join(names(), ", "))
		os.Exit(2)
	}
	write()
	build.Generate()
}

func names() []string {
	var s []string
	for name := range writers {
		s = append(s, name)
	}
	sort.Strings(s)
	return s
}
