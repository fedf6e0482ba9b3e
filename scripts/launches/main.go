// Launches writes docs/benchmarks/launches.md: the launches of a training step and the
// bytes that it moves at the least, both from plans alone.
//
//	go run ./scripts/launches
//
// Its test says whether the file is what this would write.
package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/bench"
	"github.com/aegpu/aegpu/gpu/plan"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

const (
	table  = "docs/benchmarks/launches.md"
	counts = "docs/benchmarks/moved.json"
	inputs = 784
	small  = 128 // rows of a batch
	large  = 2048
)

func main() {
	made, err := write(".")
	if err == nil {
		err = os.WriteFile(table, []byte(made), 0o666)
	}
	if err != nil {
		log.Fatal(err)
	}
}

//go:embed launches.md.tmpl
var text string

// write is the file's text. What the simulator has counted is read from the
// repository at root.
func write(root string) (string, error) {
	var rows struct{ Variants, Nets, Bytes string }
	for _, v := range model.Variants(inputs, []int{512, 256}, 32) {
		row, err := launchesRow(v.Name, shape(&v.Spec), v.Spec)
		if err != nil {
			return "", err
		}
		rows.Variants += row
	}
	counted, err := readCounted(root)
	if err != nil {
		return "", err
	}
	for _, n := range bench.Nets {
		spec, flags, err := described(n)
		if err != nil {
			return "", err
		}
		row, err := launchesRow(n.Name, "`"+flags+"`", spec)
		if err != nil {
			return "", err
		}
		bytes, err := bytesRows(n.Name, spec, counted)
		if err != nil {
			return "", err
		}
		rows.Nets, rows.Bytes = rows.Nets+row, rows.Bytes+bytes
	}
	made, err := template.New(table).Parse(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = made.Execute(&b, rows)
	return b.String(), err
}

// described is a net's spec, and the flags that make it.
func described(n bench.Net) (model.Spec, string, error) {
	c, err := n.Config()
	if err != nil {
		return model.Spec{}, "", err
	}
	flags, err := c.Flags()
	if err != nil {
		return model.Spec{}, "", err
	}
	spec, err := c.Spec(inputs)
	return spec, strings.Join(flags, " "), err
}

// shape is the hidden layers, and those of the decoder where they are its own.
func shape(s *model.Spec) string {
	text := settings.Widths(s.Hidden).String()
	if s.Decoder != nil {
		text += ", back " + settings.Widths(s.Decoder).String()
	}
	return text
}

// training is one with Adam, on paper, with batches of so many rows of bytes.
func training(spec model.Spec, rows int) (*model.Training, error) {
	return model.PaperTraining(spec, rows, true, model.TrainingOptions{Batch: rows, Optimiser: backend.Optimiser{Kind: backend.Adam}})
}

// planned is the launches of a step on that many rows.
func planned(spec model.Spec, rows int, p plan.Precision) ([]plan.Item, error) {
	t, err := training(spec, rows)
	if err != nil {
		return nil, err
	}
	made, err := plan.Make(t.Step(rows), plan.Options{Precision: p, Step: true, SMs: plan.DefaultSMs})
	if err != nil {
		return nil, err
	}
	return made.Items, nil
}

// launchesRow is a line of the table of launches.
func launchesRow(name, what string, spec model.Spec) (string, error) {
	row := fmt.Sprintf("| %s | %s | %d |", name, what, layers(&spec))
	aside := 0
	for _, p := range []plan.Precision{plan.FP32, plan.TF32, plan.BF16} {
		items, err := planned(spec, small, p)
		if err != nil {
			return "", fmt.Errorf("%s, %v: %w", name, p, err)
		}
		row += fmt.Sprintf(" %d |", len(items))
		aside = 0
		for _, i := range items {
			if i.Stream == plan.Aside {
				aside++
			}
		}
	}
	return row + fmt.Sprintf(" %d |\n", aside), nil
}

// layers is the dense layers of a net.
func layers(s *model.Spec) int {
	back := len(s.Hidden)
	if s.Decoder != nil {
		back = len(s.Decoder)
	}
	return len(s.Hidden) + 1 + back + 1
}

// readCounted is the bytes that the simulator has counted, by net, batch and precision.
func readCounted(root string) (all map[string]int, err error) {
	text, err := os.ReadFile(filepath.Join(root, counts))
	if err != nil {
		return nil, err
	}
	return all, json.Unmarshal(text, &all)
}

// bytesRows are a net's lines of the table of bytes, one a batch that was counted.
func bytesRows(net string, spec model.Spec, counted map[string]int) (string, error) {
	text := ""
	for _, batch := range []int{small, large} {
		t, err := training(spec, batch)
		if err != nil {
			return "", err
		}
		row := ""
		for _, p := range []plan.Precision{plan.FP32, plan.BF16} {
			operand := 4
			if p == plan.BF16 {
				operand = 2
			}
			floor := t.Work(batch, operand).Bytes
			if c := float64(counted[fmt.Sprintf("%s %d %v", net, batch, p)]); c > 0 {
				row += fmt.Sprintf(" %.1f MB | %.1f MB | %.2f |", floor/1e6, c/1e6, c/floor)
			}
		}
		if row != "" {
			text += fmt.Sprintf("| %s | %d |%s\n", net, batch, row)
		}
	}
	return text, nil
}
