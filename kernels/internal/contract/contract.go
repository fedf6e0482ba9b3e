// Package contract makes what kernels and those who launch them must know alike, each from the one place where it is
// written: typed launchers in Go from the kernels' sources, and the header seam.cuh from declarations of package backend
// and of kernels/seam.go. It imports neither, so that it runs whatever state the generated files are in.
package contract

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// File is a generated file.
type File struct {
	Path string // from the module's root
	Text []byte
}

// Files are the generated files as the sources in the module at root make them.
func Files(root string) ([]File, error) {
	l, err := launchers(filepath.Join(root, "kernels"))
	if err != nil {
		return nil, err
	}
	h, err := header(root)
	if err != nil {
		return nil, err
	}
	return []File{{"kernels/launchers.go", l}, {"kernels/seam.cuh", h}}, nil
}

// Write writes the generated files.
func Write(root string) error {
	files, err := Files(root)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(root, f.Path), f.Text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// Check is an error that names the generated files which are not what their sources make, if there are any.
func Check(root string) error {
	files, err := Files(root)
	if err != nil {
		return err
	}
	var stale []string
	for _, f := range files {
		if have, err := os.ReadFile(filepath.Join(root, f.Path)); err != nil || !bytes.Equal(have, f.Text) {
			stale = append(stale, f.Path)
		}
	}
	if len(stale) > 0 {
		return fmt.Errorf("%s: not what the sources make: run go generate ./kernels", strings.Join(stale, ", "))
	}
	return nil
}
