package dist

import (
	"fmt"
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

// role is one that fails with an error.
func role(do func() error) func() int {
	return func() int {
		if err := do(); err != nil {
			fmt.Fprintln(os.Stderr, "rank:", err)
			return 1
		}
		return 0
	}
}
