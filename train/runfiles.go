package train

import (
	"os"
	"path/filepath"
)

// runFiles are the files of a run directory that are read again.
var runFiles = []string{ConfigFile, ModelFile, CheckpointFile, PreviousFile, HistoryFile, AlgorithmsFile}

// RunFiles are the files of a run directory that are read again, be they there or not.
func RunFiles(dir string) []string {
	paths := make([]string, len(runFiles))
	for i, name := range runFiles {
		paths[i] = filepath.Join(dir, name)
	}
	return paths
}

// CheckFiles refuses a run directory one of whose files is a folder, a pipe or a device, or a link out of the directory
// to a file that may be another run's. The directory may be a link itself. The error is a [RequestError].
func CheckFiles(dir string) error {
	for _, name := range runFiles {
		if err := plainFile(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	own, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil // what reads it says more
	}
	for _, name := range runFiles {
		path := filepath.Join(dir, name)
		if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 {
			continue
		}
		if target, err := filepath.EvalSymlinks(path); err == nil && filepath.Dir(target) != own {
			return wrong("%s is a link to %s, which is not the run's: expected the file itself; copy it there if it is", path, target)
		}
	}
	return nil
}

// plainFile refuses what is there and is no file, a link to one counting as one.
func plainFile(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode().IsRegular() {
		return nil
	}
	what := "a device"
	switch mode := info.Mode(); {
	case mode.IsDir():
		what = "a folder"
	case mode&os.ModeNamedPipe != 0:
		what = "a pipe"
	case mode&os.ModeSocket != 0:
		what = "a socket"
	}
	return wrong("%s is %s: expected a plain file", path, what)
}
