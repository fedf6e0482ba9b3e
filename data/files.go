package data

import (
	"os"
	"path/filepath"
	"slices"
)

// Files returns the files that data of a name may be read from, so that nothing is written over them: the file and the labels
// beside it, or what a folder holds. Built-in data have none.
func Files(name string) []string {
	if name == StandardInput {
		name = "/dev/stdin" // it may come from a file
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil
	}
	if !info.IsDir() {
		return slices.DeleteFunc([]string{name, labelsBeside(name)}, func(f string) bool { return f == "" })
	}
	return filesIn(name, 0)
}

// filesIn are the files of a folder of data and, below it, those of parts and the pictures.
func filesIn(dir string, depth int) (files []string) {
	entries, err := os.ReadDir(dir)
	if err != nil || depth > maxTree {
		return nil
	}
	for _, e := range entries {
		path, isFolder := filepath.Join(dir, e.Name()), e.IsDir()
		if depth == 0 && e.Type()&os.ModeSymlink != 0 { // folders of parts may be links
			info, err := os.Stat(path)
			isFolder = err == nil && info.IsDir()
		}
		switch {
		case isFolder:
			files = append(files, filesIn(path, depth+1)...)
		case depth == 0 || depth == 1 && partNamed(filepath.Base(dir)) >= 0 || isPictureName(path):
			files = append(files, path)
		}
	}
	return files
}
