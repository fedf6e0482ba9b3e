package settings

import (
	"encoding/csv"
	"errors"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// List is names, written with commas between them as a line of CSV: a name that holds a comma or a quote stands in quotes.
type List []string

// String returns the names as a line of CSV.
func (l List) String() string {
	if len(l) == 0 {
		return ""
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Write(l)
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}

// MarshalText returns what String does.
func (l List) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// quotedName is a name in quotes with what it is to be behind them, which is no CSV: that has the quotes around both.
var quotedName = regexp.MustCompile(`"((?:[^"]|"")*)"=([^",]*)`)

// UnmarshalText reads what String returns, and "a,b"=poisson as "a,b=poisson".
func (l *List) UnmarshalText(text []byte) error {
	lines, err := linesOf(string(text))
	if err != nil {
		lines, err = linesOf(quotedName.ReplaceAllString(string(text), `"$1=$2"`))
	}
	if err != nil || len(lines) > 1 {
		return errors.New("expected names with commas between them, in quotes where they hold one")
	}
	*l = nil
	if len(lines) == 1 {
		return l.take(lines[0])
	}
	return nil
}

// linesOf reads CSV.
func linesOf(text string) ([][]string, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.TrimLeadingSpace = true
	return r.ReadAll()
}

// take refuses names that are empty: what has none has a number.
func (l *List) take(names []string) error {
	if slices.Contains(names, "") {
		return errors.New("an empty name: expected names, or numbers from 1")
	}
	*l = names
	return nil
}

// UnmarshalYAML reads a list of names, or what String returns.
func (l *List) UnmarshalYAML(node *yaml.Node) error {
	switch node.Kind {
	case yaml.MappingNode:
		return errors.New("a mapping: expected a list of names")
	case yaml.ScalarNode:
		return l.UnmarshalText([]byte(node.Value))
	}
	names := make([]string, len(node.Content))
	for i, n := range node.Content {
		if n.Kind != yaml.ScalarNode {
			return errors.New("a list within the list: expected names")
		}
		names[i] = n.Value
	}
	return l.take(names)
}
