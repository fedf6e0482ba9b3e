package dist

import "syscall"

// withParent has a process end with the one that started it.
func withParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }
