package library

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// place is where the library may lie.
type place struct {
	name    string   // for people
	folders []string // patterns of filepath.Glob
	names   []string // of the library
}

// places are where the library is looked for if nothing is set and the loader
// knows none, in order: the toolkit's folders, the distribution's, the Python
// packages of the active environment, and those of the usual ones.
func (l *Library) places() []place {
	var list []place
	add := func(name, root string, under []string) {
		if !filepath.IsAbs(root) || slices.ContainsFunc(list, func(p place) bool { return p.name == name }) {
			return
		}
		p := place{name: name, names: l.Files}
		for _, u := range under {
			p.folders = append(p.folders, filepath.Join(root, u))
		}
		list = append(list, p)
	}
	exactly := func(root string, under []string) { add(root, literally.Replace(root), under) }

	exactly(os.Getenv("CUDA_HOME"), toolkitFolders)
	exactly(os.Getenv("CUDA_PATH"), toolkitFolders)
	for _, root := range []string{"/usr/local/cuda*", "/opt/cuda", "/usr/lib/cuda"} {
		add(root, root, toolkitFolders)
	}
	add("/usr/lib*", "/usr", []string{"lib/*-linux-gnu", "lib64", "lib"})
	exactly(os.Getenv("VIRTUAL_ENV"), pythonFolders)
	exactly(os.Getenv("CONDA_PREFIX"), pythonFolders)
	for _, prefix := range pythonPrefixes() {
		add(prefix, prefix, pythonFolders)
	}
	home := literally.Replace(os.Getenv("HOME"))
	add("~/.local", filepath.Join(home, ".local"), pythonFolders)
	for _, prefix := range []string{"/usr/local", "/usr", "/opt/conda"} {
		exactly(prefix, pythonFolders)
	}
	for _, prefix := range []string{"miniconda3", "anaconda3", "miniforge3", ".pyenv/versions/*"} {
		add("~/"+prefix, filepath.Join(home, prefix), pythonFolders)
	}
	return list
}

// literally makes a name a pattern of itself.
var literally = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)

// toolkitFolders are the library's under the root of a toolkit.
var toolkitFolders = []string{"lib64", "targets/*/lib", "lib"}

// pythonFolders are the library's under the prefix of a Python: of the packages of
// NVIDIA, of PyTorch, and of Conda.
var pythonFolders = []string{
	"lib/python3*/site-packages/nvidia/*/lib", "lib64/python3*/site-packages/nvidia/*/lib", "lib/python3*/dist-packages/nvidia/*/lib",
	"lib/python3*/site-packages/torch/lib", "lib64/python3*/site-packages/torch/lib", "lib/python3*/dist-packages/torch/lib",
	"lib", "targets/*/lib",
}

// pythonPrefixes are patterns of those of the python3 on PATH, which is not run. An
// environment's is a link to the one that it was made from; pyenv's, in shims,
// starts the one of its versions that is chosen.
func pythonPrefixes() []string {
	path, err := exec.LookPath("python3")
	if err != nil {
		return nil
	}
	prefix := literally.Replace(filepath.Dir(filepath.Dir(path)))
	if filepath.Base(filepath.Dir(path)) == "shims" {
		return []string{prefix + "/versions/*"}
	}
	prefixes := []string{prefix}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		prefixes = append(prefixes, literally.Replace(filepath.Dir(filepath.Dir(real))))
	}
	return prefixes
}

// files are the libraries that lie there: the newest version first, and of one
// version in the order of the folders, in that of the newest toolkit or Python first.
func (p place) files() (files []string) {
	for _, name := range p.names {
		for _, folder := range p.folders {
			found, err := filepath.Glob(filepath.Join(folder, name))
			if err != nil {
				continue // no pattern of ours is malformed
			}
			slices.SortFunc(found, func(a, b string) int { return compareNumbered(b, a) })
			files = append(files, found...)
		}
	}
	return files
}

// compareNumbered orders names with numbers in them: cuda-12.9 before cuda-12.10.
func compareNumbered(a, b string) int {
	for a != "" && b != "" {
		x, y := digits(a), digits(b)
		switch {
		case x != "" && y != "":
			m, _ := strconv.Atoi(x) // the largest int where it does not fit
			n, _ := strconv.Atoi(y)
			if c := cmp.Compare(m, n); c != 0 {
				return c
			}
			a, b = a[len(x):], b[len(y):]
		case a[0] == b[0]:
			a, b = a[1:], b[1:]
		default:
			return strings.Compare(a, b)
		}
	}
	return strings.Compare(a, b)
}

// digits are those that s starts with.
func digits(s string) string { return s[:len(s)-len(strings.TrimLeft(s, "0123456789"))] }
