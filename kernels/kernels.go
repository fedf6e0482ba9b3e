// Package kernels holds the CUDA kernels: their sources, the PTX made from them by
// scripts/cuda-kernels.py, and a struct for each, with its arguments by name, that it is
// launched with. Those are made from the sources by go generate, and the header that
// tells the sources what the host knows from seam.go and package backend.
//
// A file holds one family. Every kernel runs in blocks of [Block] threads on a
// one-dimensional grid of any size, takes 64-bit sizes, guards its tail and
// reduces in a fixed order, so that a run repeats bit for bit.
package kernels

import (
	"embed"
	"fmt"
)

// Kernel is an entry of the PTX. Params has one letter a parameter: p for a
// device address, i for a 64-bit integer, f for float32, d for float64.
type Kernel struct {
	Name, File, Params string
}

//go:embed ptx/*.ptx
var ptx embed.FS

// Files lists the families that have PTX, once each.
func Files() []string {
	var files []string
	for _, k := range All {
		if len(files) == 0 || files[len(files)-1] != k.File {
			files = append(files, k.File)
		}
	}
	return files
}

// PTX is the code of a family.
func PTX(file string) string {
	code, err := ptx.ReadFile("ptx/" + file + ".ptx")
	if err != nil {
		panic(fmt.Sprintf("kernels: %v: run scripts/cuda-kernels.py", err))
	}
	return string(code)
}
