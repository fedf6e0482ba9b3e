package main

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/aegpu/aegpu/data"
	"github.com/urfave/cli/v2"
)

// infoNames are the settings of how data are read, all of which the command takes.
var infoNames = append([]string{"columns", "drop", "types", "group", "condition", "test-data", "val-data"}, readingNames...)

func newDataInfoCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:      "info",
		Usage:     "show what data are taken for, and what is suspicious about them",
		ArgsUsage: "DATA",
		Description: "Reads DATA as train does and shows its rows, its columns or images, its classes, and what looks as if it were not meant.\n" +
			"Every guess has a flag that decides otherwise. DATA is a file, a folder, builtin:glyphs, or - for standard input.\n\n" +
			"  aegpu data info table.csv --label grade --drop customer",
		Flags: append(settingFlagsOf(infoNames),
			&cli.BoolFlag{Name: "all", Usage: "show every column, not the first " + fmt.Sprint(mostShown) + " alone", DisableDefaultText: true},
			memoryFlag(), jsonFlag(), quietFlag()),
		Action: func(c *cli.Context) error { return runDataInfo(c, s) },
	}
}

// settingFlagsOf are the flags of some settings.
func settingFlagsOf(names []string) []cli.Flag {
	var flags []cli.Flag
	for _, s := range allSettings {
		if slices.Contains(names, s.name) {
			flags = append(flags, &cli.StringFlag{Name: s.name, Usage: s.usage})
		}
	}
	return flags
}

// dataInfo is what the command prints as JSON.
type dataInfo struct {
	Data    string              `json:"data"`
	Parts   map[string]infoPart `json:"parts"` // train, validation, test
	Names   string              `json:"names_of_rows,omitempty"`
	Labels  string              `json:"labels,omitempty"`
	Classes []class             `json:"classes,omitempty"`
	Columns []infoColumn        `json:"columns,omitempty"`
	Found   []string            `json:"found"`
	Doubts  []string            `json:"doubts"`
}

// infoPart is the rows of a part, as a model sees them.
type infoPart struct {
	Rows    int     `json:"rows"`
	Columns int     `json:"columns"`
	Shape   []int   `json:"shape"` // of a row
	Type    string  `json:"type"`
	Min     float64 `json:"min"` // of all numbers in it
	Max     float64 `json:"max"`
	Missing int     `json:"missing"`
	Groups  int     `json:"groups,omitempty"`
}

// class is how many rows of each part are of it.
type class struct {
	Name string         `json:"name"`
	Rows map[string]int `json:"rows"`
}

// infoColumn is a column as JSON, a range where it has one.
type infoColumn struct {
	data.ColumnReport
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
}

func runDataInfo(c *cli.Context, s *streams) error {
	if err := arguments(c, 1, 1); err != nil {
		return err
	}
	how, err := readingBy(c, infoNames)
	if err != nil {
		return err
	}
	source, err := data.Describe(c.Context, c.Args().First(), how)
	if err != nil {
		return err
	}
	info := infoOf(c.Args().First(), source)
	if c.Bool("json") {
		return s.writeJSON(info)
	}
	info.write(s.out, c.Bool("all"))
	return nil
}

// partNames are those of a data set, in order.
var partNames = []string{"train", "validation", "test"}

// infoOf looks at what was read.
func infoOf(name string, source *data.Source) *dataInfo {
	info := &dataInfo{Data: name, Parts: map[string]infoPart{}, Found: []string{}, Doubts: []string{}}
	for _, line := range source.Found {
		info.Found = append(info.Found, oneLine(errors.New(line)))
	}
	for _, line := range source.Doubts {
		info.Doubts = append(info.Doubts, oneLine(errors.New(line)))
	}
	sets := map[string]*data.Set{"train": source.Train, "validation": source.Val, "test": source.Test}
	for p, set := range sets {
		if set != nil {
			info.Parts[p] = partOfSet(set)
		}
	}
	if train := source.Train; train.IDs != nil {
		info.Names = named(train.IDName)
	}
	if source.Train.Labels != nil {
		info.Labels = named(source.Train.LabelName)
		info.Classes = classesOf(source.Train.Classes, sets)
	}
	for _, c := range source.Columns {
		column := infoColumn{ColumnReport: c}
		if c.HasRange() {
			column.Min, column.Max = &c.Min, &c.Max
		}
		info.Columns = append(info.Columns, column)
	}
	return info
}

// named is a column's name, or that it has none.
func named(name string) string {
	if name == "" {
		return "without a name"
	}
	return name
}

func partOfSet(s *data.Set) infoPart {
	p := infoPart{Rows: s.Rows, Columns: s.Cols, Shape: []int{s.Cols}, Type: typeOf(s)}
	switch {
	case s.Channels > 1:
		p.Shape = []int{s.Height, s.Width, s.Channels}
	case s.Channels == 1:
		p.Shape = []int{s.Height, s.Width}
	}
	lo, hi := s.Range()
	p.Min, p.Max = float64(lo), float64(hi)
	if s.IsBytes() {
		p.Min, p.Max = math.Round(255*float64(lo)), math.Round(255*float64(hi))
	}
	if s.Gaps {
		for i := range s.Rows {
			for j := range s.Cols {
				if v := s.At(i, j); v != v {
					p.Missing++
				}
			}
		}
	}
	groups := map[uint64]bool{}
	for _, g := range s.Groups {
		groups[g] = true
	}
	p.Groups = len(groups)
	return p
}

// typeOf is the type of a set's numbers.
func typeOf(s *data.Set) string {
	switch {
	case s.IsBytes():
		return "uint8"
	case s.IsFloat64():
		return "float64"
	}
	return "float32"
}

// classesOf counts the rows of every class that has some.
func classesOf(names []string, sets map[string]*data.Set) []class {
	all := make([]class, len(names))
	for k, n := range names {
		all[k] = class{Name: n, Rows: map[string]int{}}
	}
	for p, set := range sets {
		if set == nil {
			continue
		}
		for _, label := range set.Labels {
			all[label].Rows[p]++
		}
	}
	return slices.DeleteFunc(all, func(c class) bool { return len(c.Rows) == 0 })
}
