// Gen writes what is generated for the kernels: launchers.go from their sources, and seam.cuh from declarations in Go. Run it
// by go generate ./kernels; with -check it only says whether the files are what it would write.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aegpu/aegpu/kernels/internal/contract"
)

func main() {
	check := flag.Bool("check", false, "only say whether the files are what would be written")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "kernels/gen:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	root, err := module()
	if err != nil {
		return err
	}
	if check {
		return contract.Check(root)
	}
	return contract.Write(root)
}

// module is the root of the module that the working directory is in.
func module() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if up := filepath.Dir(dir); up != dir {
			dir = up
			continue
		}
		return "", fmt.Errorf("no go.mod above the working directory")
	}
}
