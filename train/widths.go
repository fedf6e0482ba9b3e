package train

import (
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Widths are the widths of hidden layers, written "512,256", or "none".
type Widths []int

func (w Widths) String() string {
	if len(w) == 0 {
		return "none"
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

// ParseWidths reads widths as String writes them.
func ParseWidths(text string) (Widths, error) {
	if text == "none" || text == "" {
		return nil, nil
	}
	var w Widths
	for part := range strings.SplitSeq(text, ",") {
		v, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || v < 1 {
			return nil, fmt.Errorf("widths %q: %q is not a whole number above 0; expected a list as in 512,256, or none", text, part)
		}
		w = append(w, v)
	}
	return w, nil
}

// MarshalYAML writes widths as String does.
func (w Widths) MarshalYAML() (any, error) { return w.String(), nil }

// UnmarshalYAML reads "512,256", "none" or a list of numbers.
func (w *Widths) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.SequenceNode {
		var list []int
		if err := node.Decode(&list); err != nil {
			return err
		}
		*w = list
		return nil
	}
	var err error
	if *w, err = ParseWidths(node.Value); err != nil {
		return fmt.Errorf("line %d: %w", node.Line, err)
	}
	return nil
}
