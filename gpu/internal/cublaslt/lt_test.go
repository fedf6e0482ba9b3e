//go:build cuda

package cublaslt

import (
	"errors"
	"strings"
	"testing"
)

func TestMissingLibraryIsAnError(t *testing.T) {
	err := open([]string{"/nowhere/libcublasLt.so.12", "/nowhere/libcublasLt.so.11"})
	if err == nil || !strings.Contains(err.Error(), "libcublasLt.so.12") || !strings.Contains(err.Error(), "libcublasLt.so.11") {
		t.Fatalf("open: %v, want an error that names both paths", err)
	}
}

func TestStatus(t *testing.T) {
	if !errors.Is(Status(15), ErrUnsupported) || errors.Is(Status(7), ErrUnsupported) {
		t.Error("only status 15 is ErrUnsupported")
	}
}
