// Package realdata finds the data sets of tests that are not part of the
// repository.
package realdata

import (
	"os"
	"path/filepath"
	"testing"
)

// Path is a file or folder of the real data: under AEGPU_DATA, else under
// shared/data beside the repository's root. The test is skipped, saying so, where
// it is absent.
func Path(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("AEGPU_DATA")
	if dir == "" {
		root, err := os.Getwd()
		for err == nil {
			if _, e := os.Stat(filepath.Join(root, "go.mod")); e == nil || root == filepath.Dir(root) {
				break
			}
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "..", "shared", "data")
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no %s: set AEGPU_DATA to the folder that holds %s", path, name)
	}
	return path
}
