package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"
)

func newVersionCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version, and what the program was built from",
		Description: "Prints the version, the commit, whether files were changed since, the version of Go, the platform and the build's\n" +
			"tags, as far as the program knows them. --sbom lists the modules in it as CycloneDX JSON.\n\n  aegpu version",
		Flags: []cli.Flag{jsonFlag(), &cli.BoolFlag{Name: "sbom", Usage: "print the modules in the program as CycloneDX JSON", DisableDefaultText: true}},
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			info := builtInfo()
			switch {
			case c.Bool("sbom"):
				return s.writeJSON(sbomOf(info))
			case c.Bool("json"):
				return s.writeJSON(buildOf(info))
			}
			return buildOf(info).print(s.out)
		},
	}
}

// build is what a program knows of how it was built.
type build struct {
	Version  string   `json:"version"`          // "devel" where it is not known
	Commit   string   `json:"commit,omitempty"` // of the checkout that it was built in
	Dirty    *bool    `json:"dirty,omitempty"`  // whether files of that checkout were changed, or new
	Go       string   `json:"go"`
	Platform string   `json:"platform"`
	Tags     []string `json:"tags"`
}

func version() string { return buildOf(builtInfo()).Version }

// builtInfo returns what the linker noted, which is nothing for a program that was built without modules.
func builtInfo() *debug.BuildInfo {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info
	}
	return &debug.BuildInfo{}
}

// buildOf reads what the linker noted. `go install ...@v1.2.3` notes the version and no commit; a build in a checkout notes the
// commit and makes a version of it, or of its tag; one outside of git, or with -buildvcs=false, notes neither.
func buildOf(info *debug.BuildInfo) build {
	b := build{Version: info.Main.Version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Tags: []string{}}
	if b.Version == "" || b.Version == "(devel)" {
		b.Version = "devel"
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.modified":
			dirty := s.Value == "true"
			b.Dirty = &dirty
		case "-tags":
			b.Tags = strings.Split(s.Value, ",")
		}
	}
	return b
}

func (b build) print(w io.Writer) error {
	text := fmt.Sprintf("aegpu %s %s %s\n", b.Version, b.Go, b.Platform)
	switch {
	case b.Commit == "":
		text += "commit not known\n"
	case b.Dirty != nil && *b.Dirty:
		text += "commit " + b.Commit + " and changes that were not committed\n"
	default:
		text += "commit " + b.Commit + "\n"
	}
	if len(b.Tags) > 0 {
		text += "tags " + strings.Join(b.Tags, ",") + "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}
