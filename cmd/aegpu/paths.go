package main

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/settings"
)

// keepPaths makes the paths of a config absolute, so that a run finds its data from wherever a command is given.
func keepPaths(c *settings.Config) error {
	file, digest := c.InitFile()
	paths := []*string{&c.Data, &c.TestData, &c.ValData, &file}
	if data.IsTargetFile(c.Target) {
		c.Target = slices.Clone(c.Target)
		paths = append(paths, &c.Target[0])
	}
	for _, path := range paths {
		if *path == "" || *path == "-" || strings.HasPrefix(*path, "builtin:") {
			continue
		}
		full, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = full
	}
	c.SetInitFile(file, digest)
	return nil
}
