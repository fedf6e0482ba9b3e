// Package mpitest has tests start ranks by mpirun.
package mpitest

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// Command is a program, with its arguments, as n ranks under mpirun, or what MPIRUN names, which is to be of the MPI that the
// program was built for. The test is skipped where there is none.
func Command(t testing.TB, n int, program ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), mpirun(t), append([]string{"-np", strconv.Itoa(n)}, program...)...)
	cmd.Env = append(os.Environ(), // what follows lets Open MPI run as root, with few cores, in a container
		"OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", "OMPI_MCA_rmaps_base_oversubscribe=1",
		"PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe", "OMPI_MCA_btl_vader_single_copy_mechanism=none")
	return cmd
}

// Hydra reports whether mpirun is that of MPICH, which kills the ranks that are left as soon as one has died.
func Hydra(t testing.TB) bool {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), mpirun(t), "--version").CombinedOutput()
	if err != nil {
		t.Fatalf("mpirun --version: %v: %s", err, out)
	}
	return bytes.Contains(out, []byte("HYDRA"))
}

func mpirun(t testing.TB) string {
	t.Helper()
	name := os.Getenv("MPIRUN")
	if name == "" {
		name = "mpirun"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s: not tested", name)
	}
	return path
}
