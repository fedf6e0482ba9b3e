//go:build !unix

package dist

import (
	"os"
	"os/exec"
)

// apart does nothing: here a console's Ctrl-C is the only one that a process can get.
func apart(*exec.Cmd) {}

func killAll(p *os.Process) { _ = p.Kill() }

func exitCode(s *os.ProcessState) (code int, signalled bool) { return s.ExitCode(), false }
