package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// maxFile bounds a file of settings, in bytes.
const maxFile = 1 << 20

// ReadConfig reads a config as YAML over the preset that its model names (ae where
// it names none). A setting without a value is the preset's. What is wrong is an
// [*Error] or an [*UnknownError] that names the line.
func ReadConfig(r io.Reader) (Config, error) { return ReadConfigAs(r, "") }

// ReadConfigAs is ReadConfig for another model than the file names: its preset is
// what the file's settings go over. "" takes the file's.
func ReadConfigAs(r io.Reader, as string) (Config, error) {
	pairs, err := readPairs(r)
	if err != nil {
		return Config{}, err
	}
	line := 0
	for _, p := range pairs {
		if p.name != "model" {
			continue
		}
		if p.value.Kind != yaml.ScalarNode {
			return Config{}, at(p.value.Line, wrong("Model", "is a list or a mapping: expected one value"))
		}
		if as == "" {
			as, line = p.value.Value, p.value.Line
		}
	}
	if as == "" {
		as = "ae"
	}
	c, err := Preset(as)
	if err != nil {
		return c, at(line, err)
	}
	for _, p := range pairs {
		if p.name == "model" {
			continue
		}
		if err := c.readNode(p.name, p.value); err != nil {
			return Config{}, at(p.value.Line, err)
		}
	}
	return c, nil
}

// at adds the line to an error of a setting.
func at(line int, err error) error {
	var bad *Error
	var unknown *UnknownError
	switch {
	case errors.As(err, &bad):
		bad.Line = line
	case errors.As(err, &unknown):
		unknown.Line = line
	}
	return err
}

// pair is a setting in a file.
type pair struct {
	name  string
	value *yaml.Node
}

// readPairs returns the settings of a file that have a value.
func readPairs(r io.Reader) ([]pair, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("a file of settings of more than %d bytes", maxFile)
	}
	if i := bytes.IndexFunc(text, func(r rune) bool { return r == utf8.RuneError || r < ' ' && r != '\n' && r != '\r' && r != '\t' }); i >= 0 {
		return nil, fmt.Errorf("line %d: not a file of text: expected settings, as in latent: 32", 1+bytes.Count(text[:i], []byte("\n")))
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	switch err := dec.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, err
	}
	switch err := dec.Decode(&second); {
	case err == nil:
		return nil, fmt.Errorf("line %d: two documents: expected one", second.Line)
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	return pairsOf(document.Content[0])
}

// pairsOf returns the settings of a document.
func pairsOf(root *yaml.Node) ([]pair, error) {
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: expected settings, as in latent: 32", root.Line)
	}
	var pairs []pair
	lines := map[string]int{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		for _, n := range append([]*yaml.Node{root, key, value}, value.Content...) {
			if n.Kind == yaml.AliasNode || n.Anchor != "" {
				return nil, fmt.Errorf("line %d: an anchor or alias: expected plain values", n.Line)
			}
		}
		if key.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("line %d: expected the name of a setting", key.Line)
		}
		if first, twice := lines[key.Value]; twice {
			return nil, fmt.Errorf("line %d: %s is set on line %d already", key.Line, key.Value, first)
		}
		lines[key.Value] = key.Line
		if _, _, ok := new(Config).find(key.Value); !ok {
			return nil, &UnknownError{Name: key.Value, Line: key.Line}
		}
		if value.Kind != yaml.ScalarNode || value.ShortTag() != "!!null" {
			pairs = append(pairs, pair{key.Value, value})
		}
	}
	return pairs, nil
}

// readNode reads a setting from its value in a file.
func (c *Config) readNode(name string, value *yaml.Node) error {
	v, f, ok := c.find(name)
	if !ok {
		return &UnknownError{Name: name}
	}
	if w, ok := v.Addr().Interface().(*Widths); ok {
		if err := w.UnmarshalYAML(value); err != nil {
			return &Error{Field: f.Name, Err: err}
		}
		return nil
	}
	switch value.Kind {
	case yaml.SequenceNode:
		return wrong(f.Name, "is a list: expected one value")
	case yaml.MappingNode:
		return wrong(f.Name, "is a mapping: expected one value")
	}
	var err error
	number, open := v.Addr().Interface().(*Number)
	switch kind := v.Kind(); {
	case open:
		err = readOpenNode(number, f.Name, value)
	case kind == reflect.Int, kind == reflect.Uint64, kind == reflect.Float64, kind == reflect.Bool:
		err = readNumber(v, f.Name, value)
	default:
		err = read(v, f.Name, value.Value)
	}
	if err != nil {
		return err
	}
	return c.checkNumber(f.Name)
}

// readOpenNode reads a number that may be left open, as YAML writes numbers.
func readOpenNode(n *Number, field string, value *yaml.Node) error {
	if value.Value == Auto.String() {
		*n = Auto
		return nil
	}
	var v int
	if err := readNumber(reflect.ValueOf(&v).Elem(), field, value); err != nil {
		return wrong(field, "is %s: expected %s", value.Value, wantNumber)
	}
	return readOpen(n, field, strconv.Itoa(v))
}

// readNumber reads a number, or true and false, as YAML writes them.
func readNumber(v reflect.Value, field string, value *yaml.Node) error {
	want := map[reflect.Kind]string{
		reflect.Int: "a whole number", reflect.Uint64: "a whole number, 0 or more", reflect.Float64: "a number", reflect.Bool: "true or false",
	}[v.Kind()]
	bad := wrong(field, "is %s: expected %s", value.Value, want)
	if v.Kind() == reflect.Int || v.Kind() == reflect.Uint64 {
		// The YAML package cuts fractions off.
		if x := math.NaN(); value.ShortTag() == "!!float" && (value.Decode(&x) != nil || !(math.Abs(x) < 1<<53) || x != math.Trunc(x)) {
			return bad
		}
	}
	if value.Decode(v.Addr().Interface()) != nil {
		return bad
	}
	return nil
}

// Write writes the complete config as YAML.
func (c Config) Write(w io.Writer) error {
	full, err := c.Complete()
	if err != nil {
		return err
	}
	enc := yaml.NewEncoder(w)
	if err := enc.Encode(full); err != nil {
		return err
	}
	return enc.Close()
}
