package simd

import (
	"fmt"
	"os"
	"strings"
)

// Path is one implementation of the package's operations. Its methods may only be called where
// [Path.Supported] is true.
type Path uint8

const (
	Gonum  Path = iota // plain Go and gonum's BLAS: runs everywhere
	AVX2               // 256-bit vectors with FMA: Haswell, Zen and newer
	AVX512             // 512-bit vectors (F, VL, DQ, BW): Skylake-X, Zen 4 and newer
	NEON               // 128-bit vectors with FMA: every arm64
)

var pathNames = [...]string{Gonum: "gonum", AVX2: "avx2", AVX512: "avx512", NEON: "neon"}

// String is the name that AEGPU_CPU has for the path.
func (p Path) String() string {
	if int(p) < len(pathNames) {
		return pathNames[p]
	}
	return fmt.Sprintf("Path(%d)", uint8(p))
}

// Paths lists the paths this machine can run, the portable one first and the best one last.
func Paths() []Path {
	paths := []Path{Gonum}
	for _, p := range []Path{AVX2, AVX512, NEON} {
		if p.Supported() {
			paths = append(paths, p)
		}
	}
	return paths
}

// Best is the fastest path this machine can run.
func Best() Path {
	paths := Paths()
	return paths[len(paths)-1]
}

// ParsePath turns a path's name into the path. The empty name and "auto" mean [Best].
// It is an error if the name is unknown or the machine cannot run the path.
func ParsePath(name string) (Path, error) {
	if name == "" || name == "auto" {
		return Best(), nil
	}
	for i, known := range pathNames {
		if name != known {
			continue
		}
		if p := Path(i); p.Supported() {
			return p, nil
		}
		return Gonum, fmt.Errorf("this machine's CPU cannot run %q; it can run %s", name, join(Paths()))
	}
	return Gonum, fmt.Errorf("%q is not a CPU path; want auto, %s", name, strings.Join(pathNames[:], ", "))
}

// FromEnv is the path the environment variable AEGPU_CPU names, [Best] if it is unset.
func FromEnv() (Path, error) {
	p, err := ParsePath(os.Getenv("AEGPU_CPU"))
	if err != nil {
		return Gonum, fmt.Errorf("AEGPU_CPU: %w", err)
	}
	return p, nil
}

func join(paths []Path) string {
	names := make([]string, len(paths))
	for i, p := range paths {
		names[i] = p.String()
	}
	return strings.Join(names, ", ")
}
