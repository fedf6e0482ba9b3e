package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst moves the flags of a command line before its arguments, because
// urfave/cli stops looking for flags at the first argument, and refuses unknown
// commands and flags with the name that was probably meant.
func flagsFirst(app *cli.App, args []string) ([]string, error) {
	if len(args) < 2 {
		return args, nil
	}
	name := args[1]
	if strings.HasPrefix(name, "-") {
		return args[:2], knownFlag(name, []string{"help", "h", "version", "v"}, "aegpu")
	}
	if name == "help" {
		return helpFor(args), nil
	}
	i := slices.IndexFunc(app.Commands, func(c *cli.Command) bool { return slices.Contains(c.Names(), name) })
	if i < 0 {
		return nil, unknown("command", name, "", commandNames(app), "aegpu --help lists them")
	}
	command, words, path := app.Commands[i], args[2:], "aegpu "+name
	for len(command.Subcommands) > 0 && len(words) > 0 && !strings.HasPrefix(words[0], "-") {
		i := slices.IndexFunc(command.Subcommands, func(c *cli.Command) bool { return slices.Contains(c.Names(), words[0]) })
		if i < 0 {
			return nil, unknown("command", words[0], name+" ", namesOf(command.Subcommands), path+" lists them")
		}
		command, words, path = command.Subcommands[i], words[1:], path+" "+words[0]
	}
	flags, rest, err := divide(command, path, words)
	if err != nil {
		return nil, err
	}
	if len(command.Subcommands) > 0 && len(rest) > 0 {
		return nil, wrong("%q before the command: usage: %s COMMAND [flags] [arguments]", printable(strings.Join(append(flags, rest...), " ")), path)
	}
	return slices.Concat(args[:len(args)-len(words)], flags, []string{"--"}, rest), nil
}

// helpFor turns "help COMMAND" into "COMMAND --help".
func helpFor(args []string) []string {
	if len(args) > 2 {
		return slices.Concat(args[:1], args[2:], []string{"--help"})
	}
	return []string{args[0], "--help"}
}

// divide parts a command's words into flags with their values, and arguments.
func divide(c *cli.Command, path string, words []string) (flags, rest []string, err error) {
	names, byName := []string{"help", "h"}, map[string]cli.Flag{"help": cli.HelpFlag, "h": cli.HelpFlag}
	for _, f := range c.Flags {
		for _, n := range f.Names() {
			names, byName[n] = append(names, n), f
		}
	}
	for i := 0; i < len(words); i++ {
		w := words[i]
		if w == "--" {
			return flags, append(rest, words[i+1:]...), nil
		}
		if len(w) < 2 || w[0] != '-' {
			rest = append(rest, w)
			continue
		}
		if err := knownFlag(w, names, path); err != nil {
			return nil, nil, err
		}
		flags = append(flags, w)
		name, value, assigned := strings.Cut(strings.TrimLeft(w, "-"), "=")
		_, boolean := byName[name].(*cli.BoolFlag)
		if !boolean && !assigned {
			if i++; i == len(words) {
				return nil, nil, wrong("a value is missing after %s", w)
			}
			value, assigned = words[i], true
			flags = append(flags, value)
		}
		if err := checkValue(byName[name], value); assigned && err != nil {
			return nil, nil, err
		}
	}
	return flags, rest, nil
}

// checkValue refuses a value that is none of the flag's kind.
func checkValue(f cli.Flag, value string) error {
	var err error
	want, most := "", ""
	switch f.(type) {
	case *cli.BoolFlag:
		_, err = strconv.ParseBool(value)
		want = "true or false"
	case *cli.IntFlag:
		_, err = strconv.ParseInt(value, 0, 64)
		want, most = "a whole number", fmt.Sprintf(" up to %d", math.MaxInt64)
	case *cli.Uint64Flag:
		_, err = strconv.ParseUint(value, 0, 64)
		want, most = "a whole number, 0 or more", fmt.Sprintf(", up to %d", uint64(math.MaxUint64))
	case *cli.Float64Flag:
		_, err = strconv.ParseFloat(value, 64)
		want, most = "a number", " that fits float64"
	}
	name := "--" + f.Names()[0]
	if errors.Is(err, strconv.ErrRange) {
		want += most
	}
	switch {
	case value == "":
		return wrong("%s is empty: expected a value", name)
	case err != nil:
		return wrong("%s is %q: expected %s", name, value, want)
	}
	return nil
}

func knownFlag(word string, names []string, command string) error {
	name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
	if slices.Contains(names, name) && !strings.HasPrefix(word, "---") {
		return nil
	}
	return unknown("flag", name, "--", names, command+" --help lists them")
}

func commandNames(app *cli.App) []string { return namesOf(app.Commands) }

func namesOf(commands []*cli.Command) []string {
	var names []string
	for _, c := range commands {
		names = append(names, c.Names()...)
	}
	return names
}

// unknown refuses a name, with the nearest of those there are where one is near.
func unknown(what, name, prefix string, names []string, otherwise string) error {
	if near := nearest(name, names); near != "" {
		return wrong("unknown %s %s%s: did you mean %s%s?", what, prefix, name, prefix, near)
	}
	if name == "" && prefix == "" {
		name = `""`
	}
	return wrong("unknown %s %s%s: %s", what, prefix, printable(name), otherwise)
}

// nearest is the name within two edits (one, of a short one), "" without one; a
// name that the word begins, or that begins the word, counts as near.
func nearest(word string, names []string) string {
	best, least := "", 3
	if len(word) < 4 {
		least = 2
	}
	for _, n := range names {
		if len(n) < 2 {
			continue
		}
		d := edits(word, n)
		if len(word) > 2 && (strings.HasPrefix(n, word) || strings.HasPrefix(word, n)) {
			d = min(d, 2)
		}
		if d < least {
			best, least = n, d
		}
	}
	return best
}

// edits is the Levenshtein distance of two words.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
