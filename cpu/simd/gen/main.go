// Command gen writes the assembly of package simd. Each run writes one file:
//
//	go run . -what gemm -out ../gemm_amd64.s -stubs ../gemm_amd64.go -pkg simd
//
// or, of what it has for arm64, two:
//
//	go run . -what gemm -arm64 ../gemm_arm64
//
// and the Go tables of all their functions:
//
//	go run . -tables ..
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

// writers maps the -what flag to the function that emits that file, neonWriters to the one for arm64.
var (
	writers = map[string]func(){
		"gemm":      writeGemm,
		"pack":      writePack,
		"pause":     writePause,
		"functions": func() { writeFunctions(avx{}) },
		"training":  func() { writeTraining(avx{}) },
		"random":    func() { writeRandom(avx{}) },
	}
	neonWriters = map[string]func(*writer){
		"gemm":      neonGemm,
		"functions": func(w *writer) { neonLoops(w, writeFunctions) },
		"training":  func(w *writer) { neonLoops(w, writeTraining) },
		"random":    func(w *writer) { neonLoops(w, writeRandom) },
	}
)

func main() {
	what := flag.String("what", "", "which file to write: "+strings.Join(names(), ", "))
	arm64 := flag.String("arm64", "", "the files to write for arm64, without .s and .go")
	tables := flag.String("tables", "", "the folder to write the tables of functions to")
	flag.Parse()
	if *tables != "" {
		if err := writeTables(*tables); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
		return
	}
	if writeNEON, ok := neonWriters[*what]; ok && *arm64 != "" {
		w := newWriter()
		writeNEON(w)
		if err := w.save(*arm64); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
		return
	}
	write, ok := writers[*what]
	if !ok || *arm64 != "" {
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
