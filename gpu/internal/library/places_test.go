package library

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// plant writes files under root that are no libraries.
func plant(t *testing.T, root string, names ...string) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("no library"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// under is names under root.
func under(root string, names ...string) (paths []string) {
	for _, name := range names {
		paths = append(paths, filepath.Join(root, name))
	}
	return paths
}

func index(list []place, name string) int {
	return slices.IndexFunc(list, func(p place) bool { return p.name == name })
}

func TestOrderOfPlaces(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the library has another name there")
	}
	home, bin := t.TempDir(), t.TempDir()
	made := filepath.Join(t.TempDir(), "bin/python3") // the one that an environment's links to
	plant(t, filepath.Dir(made), "python3")
	if err := os.Chmod(made, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(bin, "bin"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(made, filepath.Join(bin, "bin/python3")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Join(bin, "bin"))
	t.Setenv("HOME", home)
	t.Setenv("CUDA_HOME", "/cuda/home")
	t.Setenv("CUDA_PATH", "/cuda/home")
	t.Setenv("VIRTUAL_ENV", "/the/venv")
	t.Setenv("CONDA_PREFIX", "/the/conda")
	want := []string{
		"/cuda/home", "/usr/local/cuda*", "/opt/cuda", "/usr/lib/cuda", "/usr/lib*",
		"/the/venv", "/the/conda", bin, filepath.Dir(filepath.Dir(made)),
		"~/.local", "/usr/local", "/usr", "/opt/conda", "~/miniconda3", "~/anaconda3", "~/miniforge3", "~/.pyenv/versions/*",
	}
	list := lt().places()
	var got []string
	for _, p := range list {
		got = append(got, p.name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("places are\n%q, want\n%q", got, want)
	}
	pythons := []string{".pyenv/versions/3.12.0/lib/python3.12/site-packages/nvidia/cublas/lib/libcublasLt.so.12",
		".pyenv/versions/3.9.1/lib/python3.9/site-packages/nvidia/cublas/lib/libcublasLt.so.12"}
	plant(t, home, pythons...)
	if files := list[len(list)-1].files(); !slices.Equal(files, under(home, pythons...)) {
		t.Errorf("pyenv's are %q, want the newest Python's first", files)
	}
	plant(t, home, ".pyenv/shims/python3")
	if err := os.Chmod(filepath.Join(home, ".pyenv/shims/python3"), 0o777); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Join(home, ".pyenv/shims"))
	list = lt().places()
	if at := index(list, home+"/.pyenv/versions/*"); at < 0 || !slices.Equal(list[at].files(), under(home, pythons...)) {
		t.Errorf("pyenv's Pythons are place %d of %+v", at, list)
	}
}

func TestNothingIsTakenForARoot(t *testing.T) {
	for _, name := range []string{"CUDA_HOME", "CUDA_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "HOME"} {
		t.Setenv(name, "")
	}
	t.Setenv("PATH", "")
	for _, p := range lt().places() {
		if !filepath.IsAbs(p.name) || p.name == "/" || !filepath.IsAbs(p.folders[0]) {
			t.Errorf("%q is looked into", p.name)
		}
	}
}

func TestFilesOfAPlace(t *testing.T) {
	root := filepath.Join(t.TempDir(), "with [brackets]")
	t.Setenv("VIRTUAL_ENV", root)
	t.Setenv("CUDA_HOME", root)
	names := []string{ // in the order in which they are to be tried
		"lib/python3.12/site-packages/nvidia/cu13/lib/libcublasLt.so.13",
		"lib/python3.9/site-packages/nvidia/cu13/lib/libcublasLt.so.13",
		"lib/python3.12/site-packages/nvidia/cublas/lib/libcublasLt.so.12",
		"lib64/python3.12/site-packages/nvidia/cublas/lib/libcublasLt.so.12",
		"lib/python3/dist-packages/nvidia/cublas/lib/libcublasLt.so.12",
		"lib/python3.12/site-packages/torch/lib/libcublasLt.so.12",
		"lib/libcublasLt.so.12",
		"lib/python3.12/site-packages/torch/lib/libcublasLt.so.11",
	}
	plant(t, root, names...)
	plant(t, root, "lib/python3.12/site-packages/nvidia/cublas/lib/libcublasLt.so", "lib/python3.12/site-packages/torch/lib/libcublas.so.12")
	list := lt().places()
	venv := place{name: "venv", names: lt().Files}
	for _, f := range pythonFolders {
		venv.folders = append(venv.folders, filepath.Join(literally.Replace(root), f))
	}
	if got, want := venv.files(), under(root, names...); !slices.Equal(got, want) {
		t.Errorf("files are\n%q, want\n%q", got, want)
	}
	if at := index(list, root); at != 0 {
		t.Errorf("%s is place %d, want the first", root, at)
	}
	plant(t, root, "lib64/libcublasLt.so.12", "targets/x86_64-linux/lib/libcublasLt.so.12", "targets/sbsa-linux/lib/libcublasLt.so.13")
	want := under(root, "targets/sbsa-linux/lib/libcublasLt.so.13", "lib64/libcublasLt.so.12", "targets/x86_64-linux/lib/libcublasLt.so.12",
		"lib/libcublasLt.so.12")
	if got := list[0].files(); !slices.Equal(got, want) {
		t.Errorf("a toolkit's files are\n%q, want\n%q", got, want)
	}
}

func TestCompareNumbered(t *testing.T) {
	ordered := []string{"", "cuda", "cuda-9.2", "cuda-12.6", "cuda-12.6/lib", "cuda-12.9", "cuda-12.10", "cuda-13", "cudb-1"}
	for i, a := range ordered {
		for j, b := range ordered {
			if got := compareNumbered(a, b); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("compareNumbered(%q, %q) is %d", a, b, got)
			}
		}
	}
}
