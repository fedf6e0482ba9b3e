package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/internal/fetch"
	"github.com/aegpu/aegpu/train"
	"github.com/urfave/cli/v2"
)

// stall is how long nothing may come from a server.
const stall = 30 * time.Second

func newDataDownloadCommand(s *streams) *cli.Command {
	about := ""
	for _, d := range publicSets {
		about += fmt.Sprintf("  %-14s %s, %s MB\n", d.name, d.about, count(float64(d.bytes()+500_000)/1e6-0.5))
	}
	return &cli.Command{
		Name:      "download",
		Usage:     "fetch a public data set",
		ArgsUsage: "NAME",
		Description: "Downloads a public data set to a folder that train reads, from one of the places that have it, and checks the sha256 of every file:\n\n" +
			about + "\nWhat was cut off is kept as FILE.part, where the same command goes on. Nothing else of aegpu uses the network.\n\n" +
			"  aegpu data download mnist -o data/mnist",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`DIR` for the files, made where it is missing", DefaultText: "NAME"},
			&cli.StringFlag{Name: "mirror", Usage: "`URL` of a folder that has the files, for networks that do not let others through"},
			jsonFlag(), quietFlag()},
		Action: func(c *cli.Context) error { return runDataDownload(c, s) },
	}
}

// downloaded is what the command prints as JSON.
type downloaded struct {
	Data   string           `json:"data"`
	Folder string           `json:"folder"`
	Files  []downloadedFile `json:"files"`
	Next   string           `json:"next"` // the command that trains on it
}

type downloadedFile struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	From   string `json:"from"` // "" where it was there
}

func runDataDownload(c *cli.Context, s *streams) error {
	if err := arguments(c, 1, 1); err != nil {
		return err
	}
	set, err := findSet(c.Args().First())
	if err != nil {
		return err
	}
	if mirror := c.String("mirror"); mirror != "" {
		at, err := url.Parse(mirror)
		if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
			return wrong("--mirror is %q: expected the address of a folder, as in https://example.com/%s", mirror, set.name)
		}
		set.places = []string{mirror}
	}
	dir := c.String("output")
	if dir == "" {
		dir = set.name
	}
	made := !exists(dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return unreadable(dir, err)
	}
	left := func(err error) error {
		if train.Interrupted(err) {
			return &explained{context.Cause(c.Context).Error() + ": what came so far is kept in " + dir + ": the same command goes on with it", err}
		}
		return err
	}
	s.leaveBy(left)
	done, err := s.download(c, set, dir)
	if err != nil {
		if made {
			os.Remove(dir) // where nothing came
		}
		return left(err)
	}
	if c.Bool("json") {
		return s.writeJSON(done)
	}
	fmt.Fprintf(s.out, "%s holds %s\n\nwhat to try next:\n  %s\n", dir, set.name, done.Next)
	return nil
}

// download fetches what is missing of a data set.
func (s *streams) download(c *cli.Context, set publicSet, dir string) (downloaded, error) {
	done := downloaded{Data: set.name, Folder: dir, Next: commandLine("aegpu", "train", dir)}
	say := func(format string, args ...any) {
		if !c.Bool("quiet") {
			fmt.Fprintln(s.err, shownLine(fmt.Sprintf(format, args...)))
		}
	}
	what, before := "downloading "+set.name, int64(0)
	defer func() { data.Progress(c.Context, what, set.bytes(), set.bytes()) }()
	f := fetch.Fetcher{Stall: stall, Say: func(line string) { say("%s", line) },
		Tell: func(_ fetch.File, n int64) { data.Progress(c.Context, what, min(before+n, set.bytes()-1), set.bytes()) }}
	for _, file := range set.files {
		from, err := f.Get(c.Context, set.places, file, dir)
		var other *fetch.OtherError
		var system *os.PathError
		switch {
		case errors.As(err, &other):
			return done, wrong("%w", err)
		case errors.As(err, &system):
			return done, unreadable(system.Path, err)
		case err != nil:
			return done, err
		case from == "":
			say("%s: is there", file.Name)
		default:
			say("%s: %s bytes from %s", file.Name, count(float64(file.Size)), from)
		}
		before += file.Size
		done.Files = append(done.Files, downloadedFile{file.Name, file.Size, file.SHA256, from})
	}
	return done, nil
}
