//go:build unix

package dist

import (
	"os"
	"os/exec"
	"syscall"
)

// apart has a command run in a process group of its own.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	withParent(cmd.SysProcAttr)
}

// killAll ends a process and what it started.
func killAll(p *os.Process) {
	_ = syscall.Kill(-p.Pid, syscall.SIGKILL)
	_ = p.Kill() // it may not have had its group yet
}

func exitCode(s *os.ProcessState) (code int, signalled bool) {
	if status, ok := s.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), true
	}
	return s.ExitCode(), false
}
