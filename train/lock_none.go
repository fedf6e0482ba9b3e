//go:build !windows && (!unix || aix || solaris)

package train

import "os"

// tryLock finds no locks on this system.
func tryLock(*os.File) error { return errNoLocks }
