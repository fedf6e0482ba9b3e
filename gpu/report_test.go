//go:build cuda

package gpu

import (
	"encoding/json"
	"os"
	"testing"
)

// reportEnv names the variable with a file that tests add what they found to, a line of
// JSON each, for scripts/gpu-check.sh.
const reportEnv = "AEGPU_TEST_REPORT"

func reporting() bool { return os.Getenv(reportEnv) != "" }

// report adds a line: the test and what it found.
func report(t *testing.T, found any) {
	t.Helper()
	path := os.Getenv(reportEnv)
	if path == "" {
		return
	}
	line, err := json.Marshal(struct {
		Test  string `json:"test"`
		Found any    `json:"found"`
	}{t.Name(), found})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
}
