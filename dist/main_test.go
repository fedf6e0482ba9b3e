package dist

import (
	"os"
	"testing"
)

// roles are what this test binary does instead of tests where it is started as a rank; each returns the exit code.
var roles = map[string]func() int{}

const roleVariable = "AEGPU_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(roles[role]())
	}
	os.Exit(m.Run())
}
