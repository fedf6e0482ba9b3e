package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/settings"
	"github.com/aegpu/aegpu/train"
	"github.com/urfave/cli/v2"
)

func jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: "print one JSON object on standard output", DisableDefaultText: true}
}

func quietFlag() cli.Flag {
	return &cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "say nothing on standard error but what goes wrong", DisableDefaultText: true}
}

func seedFlag() cli.Flag {
	return &cli.Uint64Flag{Name: "seed", Value: 1, Usage: "`NUMBER` that everything drawn follows from"}
}

func outputFlag(what string) cli.Flag {
	return &cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FILE` for " + what + ", its kind by the ending: .csv .tsv .npy .npz .safetensors .parquet .arrow .feather .idx (and .gz or .zst), .png for images as a grid, / for a new folder with a PNG an image"}
}

func tableFlag(what string) cli.Flag {
	return &cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FILE` for " + what + ", its kind by the ending: .csv .tsv .npy .npz .safetensors .parquet .arrow .feather (and .gz or .zst)"}
}

// tableOutput is output for what is a table and nothing else: neither a picture nor bytes.
func tableOutput(c *cli.Context) (string, error) {
	path, err := output(c)
	if name := strings.TrimSuffix(strings.ToLower(path), ".gz"); err == nil && slices.Contains([]string{".png", ".idx"}, filepath.Ext(name)) {
		return "", wrong("%s: %s writes a table of numbers: expected a name ending in .csv, .parquet or another of tables", path, c.Command.Name)
	}
	return path, err
}

// writeJSON prints one JSON object.
func (s *streams) writeJSON(v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = s.out.Write(append(text, '\n'))
	return err
}

// writeLine prints one line of JSON.
func (s *streams) writeLine(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = s.out.Write(append(text, '\n'))
	return err
}

// noArguments refuses arguments.
func noArguments(c *cli.Context) error { return arguments(c, 0, 0) }

// arguments refuses fewer or more arguments than that.
func arguments(c *cli.Context, least, most int) error {
	switch n := c.NArg(); {
	case slices.Contains(c.Args().Slice(), ""):
		return wrong("an argument is empty: usage: %s %s", c.Command.HelpName, c.Command.ArgsUsage)
	case n < least && least == most:
		return wrong("usage: %s %s: %d of %d arguments are there", c.Command.HelpName, c.Command.ArgsUsage, n, least)
	case n < least:
		return wrong("usage: %s %s", c.Command.HelpName, c.Command.ArgsUsage)
	case n > most:
		return wrong("%q is one argument too many: usage: %s %s", c.Args().Get(most), c.Command.HelpName, c.Command.ArgsUsage)
	}
	return nil
}

// output is the file that a command is to write, checked before any work.
func output(c *cli.Context) (string, error) {
	path := c.String("output")
	if path == "" {
		return "", wrong("-o FILE is missing: the file to write, as in -o out.npy")
	}
	return path, writable(path)
}

// writable refuses a file that cannot be written, by its name.
func writable(path string) error {
	if isPictureFolder(path) {
		return newFolder(path)
	}
	if !data.Writes(path) && !isPicture(path) {
		return wrong("%s: unknown kind of file to write: expected a name ending in %s, .png, or / for a folder of pictures", path, data.Written)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return wrong("%s: there is no folder %s", path, filepath.Dir(path))
	}
	return nil
}

// keepInputs refuses an output in whose place the command finds data or a file of its runs, under another name or by way of
// a link, too.
func keepInputs(c *cli.Context, r *savedRun) error {
	inputs := append(c.Args().Tail(), r.files()...)
	if target := targetOf(c); data.IsTargetFile(target) {
		inputs = append(inputs, target[0])
	}
	for _, name := range c.StringSlice("ensemble") {
		other, err := findRun(name)
		if err != nil {
			return err
		}
		inputs = append(inputs, other.files()...)
	}
	return keep("-o "+c.String("output"), c.String("output"), inputs)
}

// keep refuses to write a file over one of those data, which are read or of use later. A device holds nothing.
func keep(flag, path string, inputs []string) error {
	out, err := os.Stat(path)
	if err != nil || !out.Mode().IsRegular() {
		return nil
	}
	for _, name := range inputs {
		for _, file := range data.Files(name) {
			if in, err := os.Stat(file); err == nil && os.SameFile(out, in) {
				return wrong("%s would write over %s, which is of the data or the run: expected another name", flag, file)
			}
		}
	}
	return nil
}

// inputsOf are the data and the model that a training starts from.
func inputsOf(c *settings.Config) []string {
	model, _ := c.InitFile()
	if info, err := os.Stat(model); err == nil && info.IsDir() {
		model = filepath.Join(model, train.ModelFile)
	}
	files := []string{c.Data, c.TestData, c.ValData, model}
	if data.IsTargetFile(c.Target) {
		files = append(files, c.Target[0])
	}
	return files
}

// filesOfRun are the files that a training writes into its directory.
func filesOfRun(dir string) []string {
	files := train.RunFiles(dir)
	for _, name := range append(pictureNames, reportFile) {
		files = append(files, filepath.Join(dir, name))
	}
	return files
}

// isPictureFolder says whether a name asks for a folder of pictures.
func isPictureFolder(path string) bool {
	return strings.HasSuffix(path, "/") || strings.HasSuffix(path, string(filepath.Separator))
}

// newFolder refuses a folder that cannot be made anew.
func newFolder(path string) error {
	clean := filepath.Clean(path)
	if info, err := os.Stat(filepath.Dir(clean)); err != nil || !info.IsDir() {
		return wrong("%s: there is no folder %s", path, filepath.Dir(clean))
	}
	info, err := os.Stat(clean)
	if err != nil {
		return nil
	}
	if entries, err := os.ReadDir(clean); !info.IsDir() || err != nil || len(entries) > 0 {
		return wrong("%s is there already: name a new folder, or one that is empty", path)
	}
	return nil
}

func isPicture(path string) bool { return strings.EqualFold(filepath.Ext(path), ".png") }

// dataName is what a data set is called in a directory's name.
func dataName(name string) string {
	name = filepath.Base(strings.TrimPrefix(name, "builtin:"))
	for range 2 { // .csv.gz
		name = strings.TrimSuffix(name, filepath.Ext(name))
	}
	name = strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, name)
	if strings.Trim(name, "-.") == "" {
		return "data"
	}
	return name
}

// shapeOf is a set's rows as images, guessed from their width where the set does
// not say.
func shapeOf(s *data.Set) (height, width, channels int) {
	if s.Height > 0 {
		return s.Height, s.Width, s.Channels
	}
	if s.Columns != nil { // a table's columns have names, pixels none
		return 0, 0, 0
	}
	return squareSide(s.Cols)
}

// squareSide is a row of n numbers as a square image, grey or RGB; zero where it
// is neither.
func squareSide(n int) (height, width, channels int) {
	for _, channels := range []int{1, 3} {
		for side := 2; side*side*channels <= n; side++ {
			if side*side*channels == n {
				return side, side, channels
			}
		}
	}
	return 0, 0, 0
}
