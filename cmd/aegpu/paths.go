package main

import (
	"path/filepath"
	"strings"

	"github.com/aegpu/aegpu/settings"
)

// keepPaths makes the paths of a config absolute, so that a run finds its data from wherever a command is given.
func keepPaths(c *settings.Config) error {
	file, digest := c.InitFile()
	for _, path := range []*string{&c.Data, &c.TestData, &c.ValData, &file} {
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
