package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aegpu/aegpu/data"
	"github.com/urfave/cli/v2"
)

// convertNames are the settings of how data are read that make sense for rows that nothing is trained on.
var convertNames = slices.DeleteFunc(append([]string{"columns", "drop", "types"}, readingNames...), func(name string) bool { return name == "target" })

func newDataConvertCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:      "convert",
		Usage:     "write data in another format",
		ArgsUsage: "DATA FILE",
		Description: "Reads DATA as train does and writes its rows, in their own units, to FILE, whose ending says the format: " + data.Written +
			" (and .gz or .zst), .png for images as a grid, / for a new folder with a PNG an image. Labels and names of rows go along; what the format cannot hold is said.\n" +
			"Missing cells stay missing. Text and dates, which nothing is trained on, are left out: --types COLUMN=date or category keeps them.\n\n" +
			"  aegpu data convert table.csv table.parquet --label grade\n" +
			"  aegpu data convert mnist digits.npz --part train",
		Flags: append(settingFlagsOf(convertNames),
			&cli.StringFlag{Name: "part", Usage: "`PART` of the rows: train, validation or test", DefaultText: "all, where DATA have no parts"},
			jsonFlag(), memoryFlag(), quietFlag()),
		Action: func(c *cli.Context) error { return runDataConvert(c, s) },
	}
}

// converted is what the command prints as JSON.
type converted struct {
	Data    string   `json:"data"`
	Part    string   `json:"part"`
	Rows    int      `json:"rows"`
	Columns int      `json:"columns"`
	Type    string   `json:"type"`
	File    string   `json:"file"`
	Lost    []string `json:"lost"` // what the file does not hold
}

func runDataConvert(c *cli.Context, s *streams) error {
	if err := arguments(c, 2, 2); err != nil {
		return err
	}
	from, to := c.Args().Get(0), c.Args().Get(1)
	if err := writable(to); err != nil {
		return err
	}
	if err := checkPart(c.String("part")); err != nil {
		return err
	}
	if err := apart(from, to); err != nil {
		return err
	}
	if err := keep("FILE "+to, to, []string{from}); err != nil { // a file beside it that is read too
		return err
	}
	how, err := readingBy(c, convertNames)
	if err != nil {
		return err
	}
	source, err := data.Read(c.Context, from, how)
	if err != nil {
		return err
	}
	s.sayFound(&data.Source{Found: source.Found}, c.Bool("quiet")) // what is doubtful about a training is none here
	set, part, err := partOf(source, from, c.String("part"))
	if err != nil {
		return err
	}
	done := converted{Data: from, Part: part, Rows: set.Rows, Columns: set.Cols, Type: typeOf(set), File: to, Lost: lost(to, set)}
	w := rowsFile{path: to, rows: set.Rows}
	err = w.write(c.Context, func(_ context.Context, start, n int) (*data.Set, error) {
		raw, err := data.Raw(to, set.Part(start, n))
		if bad := (*data.Error)(nil); errors.As(err, &bad) && bad.Row > 0 {
			bad.Row += start
		}
		return inClasses(to, raw, start, set.Rows), err
	})
	if err != nil {
		return err
	}
	return done.say(c, s)
}

// say says in a line what was read, and what was written of it.
func (d converted) say(c *cli.Context, s *streams) error {
	if c.Bool("json") {
		return s.writeJSON(d)
	}
	if c.Bool("quiet") {
		return nil
	}
	text := fmt.Sprintf("read %s (%s): %d rows of %d numbers, %s; wrote %s", d.Data, d.Part, d.Rows, d.Columns, d.Type, d.File)
	if len(d.Lost) > 0 {
		text += "; not kept: " + strings.Join(d.Lost, ", ")
	}
	fmt.Fprintln(s.err, text)
	return nil
}

// apart refuses to write a file over the data that are read, or among them.
func apart(from, to string) error {
	read, err := os.Stat(from)
	if err != nil {
		return nil // reading says what is wrong, or it is no file
	}
	if written, err := os.Stat(to); err == nil && os.SameFile(read, written) {
		return wrong("%s is %s, which is read: expected another file to write", to, from)
	}
	path, err := filepath.Abs(to)
	for at := filepath.Dir(path); err == nil; at = filepath.Dir(at) {
		if folder, err := os.Stat(at); err == nil && os.SameFile(read, folder) {
			return wrong("%s is in %s, which is read: expected a file elsewhere", to, from)
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	return nil
}

// partOf is the part of that name, or with "" the only one that there is.
func partOf(source *data.Source, from, name string) (*data.Set, string, error) {
	var there []string
	sets := map[string]*data.Set{trainPart: source.Train, validationPart: source.Val, testPart: source.Test}
	for _, p := range partNames {
		if sets[p] != nil {
			there = append(there, p)
		}
	}
	switch {
	case name == "" && len(there) == 1:
		name = there[0]
	case name == "":
		return nil, "", wrong("%s has the parts %s, and a file holds one: choose it with --part", from, strings.Join(there, ", "))
	case !slices.Contains(there, name):
		return nil, "", wrong("%s has no %s part of its own: expected --part %s", from, name, strings.Join(there, " or "))
	}
	return sets[name], name, nil
}

// lost is what a file of that name does not hold of a set, in words.
func lost(path string, s *data.Set) []string {
	if !isPicture(path) && !isPictureFolder(path) {
		return append([]string{}, data.Lost(path, s)...)
	}
	all := []string{}
	if isPicture(path) && s.IDs != nil {
		all = append(all, "names of rows")
	}
	if isPicture(path) && s.Labels != nil {
		all = append(all, "labels")
	}
	if !s.IsBytes() {
		all = append(all, "more than 256 shades")
	}
	return all
}

// inClasses names the pictures of a folder so that each lies in a sub-folder of its class, which is what reading takes
// for classes; what is no such folder comes back as it is.
func inClasses(path string, s *data.Set, start, rows int) *data.Set {
	if !isPictureFolder(path) || s == nil || s.Labels == nil {
		return s
	}
	t := *s
	t.IDs = make([]string, s.Rows)
	for i := range t.IDs {
		name := fmt.Sprintf("%0*d", len(fmt.Sprint(rows-1)), start+i)
		if s.IDs != nil {
			name = s.IDs[i]
		}
		class := strings.NewReplacer("/", "_", `\`, "_").Replace(s.Classes[s.Labels[i]])
		t.IDs[i] = class + "/" + strings.TrimPrefix(name, class+"/")
	}
	return &t
}
