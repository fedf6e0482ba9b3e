//go:build unix

package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aegpu/aegpu/train"
)

// TestFilesOfARunAreFiles has pipes, devices, folders and links to other runs' files in a run: each is refused at once.
func TestFilesOfARunAreFiles(t *testing.T) {
	csv := waves(t, "waves.csv", 60)
	other := trainTiny(t, csv)
	put := map[string]func(path string) error{
		"pipe":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"device": func(path string) error { return os.Symlink("/dev/zero", path) },
		"folder": func(path string) error { return os.Mkdir(path, 0o777) },
		"link": func(path string) error {
			if filepath.Base(path) == ".lock" {
				return os.Symlink("elsewhere", path)
			}
			return os.Symlink(filepath.Join(other, filepath.Base(path)), path)
		},
	}
	top := t.TempDir()
	dir := filepath.Join(top, "run")
	for _, name := range []string{train.ConfigFile, train.ModelFile, train.CheckpointFile, train.PreviousFile, train.HistoryFile, ".lock", "report.html", "loss.png"} {
		for kind, make := range put {
			if name == "report.html" && kind == "link" || name == "loss.png" && kind == "link" {
				continue // are replaced
			}
			if err := os.CopyFS(dir, os.DirFS(other)); err != nil {
				t.Fatal(err)
			}
			os.Remove(filepath.Join(dir, name))
			if err := make(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"evaluate", dir, "--device", "cpu"}, {"inspect", dir}, {"train", "--resume", "--out", dir, "--device", "cpu"}} {
				if args[0] != "train" && (name == ".lock" || strings.HasPrefix(name, "report") || strings.HasPrefix(name, "loss")) {
					continue // nobody reads it
				}
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				o := command(ctx, args...)
				cancel()
				if lines := strings.Split(strings.TrimSpace(o.err), "\n"); o.code != 2 || !strings.Contains(lines[len(lines)-1], name) || o.out != "" {
					t.Errorf("%s is a %s: %s: exit %d %q", name, kind, args[0], o.code, o.err)
				}
			}
			os.RemoveAll(dir)
		}
	}
	link := filepath.Join(top, "link")
	if err := os.Symlink(other, link); err != nil {
		t.Fatal(err)
	}
	must(t, "evaluate", link, "--device", "cpu", "-q")
	if err := os.Symlink("nowhere", filepath.Join(other, ".tmp-AAAAAAAAAAAA")); err != nil {
		t.Fatal(err)
	}
	must(t, "train", "--resume", "--out", other, "--device", "cpu", "-q")
	if names := entries(t, other); slices.Contains(names, ".tmp-AAAAAAAAAAAA") {
		t.Errorf("a link of a temporary name is left: %v", names)
	}
}
