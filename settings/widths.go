package settings

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Widths are the widths of hidden layers, written "512,256", "none", or "auto".
type Widths []int

// AutoWidths are widths that a training finds out from its data.
var AutoWidths = Widths{int(Auto)}

// Auto reports whether the widths are left open.
func (w Widths) Auto() bool { return len(w) == 1 && w[0] == int(Auto) }

// maxLayers bounds the hidden layers of a net's half.
const maxLayers = 64

// String returns the widths separated by commas, "none" where there are none.
func (w Widths) String() string {
	switch {
	case len(w) == 0:
		return "none"
	case w.Auto():
		return Auto.String()
	}
	var b strings.Builder
	for i, v := range w {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(v))
	}
	return b.String()
}

// ParseWidths returns the widths that text stands for, as String writes them.
func ParseWidths(text string) (Widths, error) {
	w := Widths{}
	switch text {
	case "none", "":
		return w, nil
	case Auto.String():
		return append(w, AutoWidths...), nil
	}
	if n := 1 + strings.Count(text, ","); n > maxLayers {
		return nil, fmt.Errorf("%d layers: expected %d at most", n, maxLayers)
	}
	for part := range strings.SplitSeq(text, ",") {
		v, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || v < 1 || v > maxWidth {
			return nil, fmt.Errorf("widths %q: %q is not a whole number of 1 to %d; expected a list as in 512,256, or none or auto", text, part, maxWidth)
		}
		w = append(w, v)
	}
	return w, nil
}

// MarshalText returns what String does.
func (w Widths) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads what String returns.
func (w *Widths) UnmarshalText(text []byte) error {
	v, err := ParseWidths(string(text))
	if err == nil {
		*w = v
	}
	return err
}

// UnmarshalYAML reads "512,256", "none", "auto" or a list of numbers.
func (w *Widths) UnmarshalYAML(node *yaml.Node) error {
	text := node.Value
	switch node.Kind {
	case yaml.MappingNode:
		return errors.New("a mapping: expected widths as in [512, 256]")
	case yaml.SequenceNode:
		if len(node.Content) > maxLayers {
			return fmt.Errorf("%d layers: expected %d at most", len(node.Content), maxLayers)
		}
		words := make([]string, len(node.Content))
		for i, n := range node.Content {
			words[i] = n.Value
			if n.Kind != yaml.ScalarNode {
				return errors.New("a list within the list: expected widths as in [512, 256]")
			}
		}
		text = strings.Join(words, ",")
	}
	return w.UnmarshalText([]byte(text))
}
