package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/aegpu/aegpu"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
	"github.com/aegpu/aegpu/train"
	"github.com/urfave/cli/v2"
)

func newInspectCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "show what is in a run",
		ArgsUsage: "RUN",
		Description: "Shows the architecture, the settings, the training's course and the files of a run; with --step what a training step does.\n\n" +
			"  aegpu inspect runs/ae-glyphs-1\n  aegpu inspect runs/ae-glyphs-1 --step --device gpu --precision bf16",
		Flags: append([]cli.Flag{jsonFlag()}, stepFlags()...),
		Action: func(c *cli.Context) error {
			if err := arguments(c, 1, 1); err != nil {
				return err
			}
			if c.Bool("step") {
				return runInspectStep(s, c)
			}
			for _, name := range []string{"device", "batch", "precision"} {
				if c.IsSet(name) {
					return wrong("--%s goes with --step", name)
				}
			}
			return runInspect(s, c.Args().First(), c.Bool("json"))
		},
	}
}

// inspected is what the command prints as JSON.
type inspected struct {
	Run        string         `json:"run"`
	Model      string         `json:"model"`
	Parameters int            `json:"parameters"`
	Spec       model.Spec     `json:"spec"`
	Layers     []layer        `json:"layers"`
	Condition  any            `json:"condition,omitempty"` // of a conditional model
	Config     map[string]any `json:"config,omitempty"`
	Epochs     int            `json:"epochs"`
	Seconds    float64        `json:"seconds,omitempty"` // in training, validation included
	First      *train.Record  `json:"first_epoch,omitempty"`
	Last       *train.Record  `json:"last_epoch,omitempty"`
	Best       *train.Record  `json:"best_epoch,omitempty"`
	Files      []fileSize     `json:"files"`
	Warnings   []string       `json:"warnings,omitempty"` // of damaged checkpoints, and of a history that was changed

	condition string // in words
}

// layer is one parameter tensor.
type layer struct {
	Name       string `json:"name"`
	Shape      []int  `json:"shape"`
	Parameters int    `json:"parameters"`
}

type fileSize struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`

	Unusable string `json:"unusable,omitempty"` // of a checkpoint, what is wrong with it
}

func runInspect(s *streams, path string, asJSON bool) error {
	r, err := s.find(path)
	if err != nil {
		return err
	}
	dev, err := cpu.Open(cpu.Options{Workers: 1})
	if err != nil {
		return &aegpu.DeviceError{Device: "cpu", Err: err}
	}
	defer dev.Close()
	m, err := r.load(dev)
	if err != nil {
		return err
	}
	defer m.Close()
	in := inspected{Run: path, Model: modelName(r, m), Parameters: m.NumParameters(), Spec: m.Spec}
	if c := m.Condition(); c != nil {
		in.Condition, in.condition = c, conditionText(c)
	}
	for _, p := range m.Params() {
		l := layer{Name: p.Name, Shape: []int{p.Rows, p.Cols}, Parameters: p.Rows * p.Cols}
		if !p.Weight {
			l.Shape = l.Shape[1:]
		}
		in.Layers = append(in.Layers, l)
	}
	if err := in.addRun(r); err != nil {
		return err
	}
	s.doubts = append(s.doubts, in.Warnings...)
	if asJSON {
		return s.writeJSON(in)
	}
	in.write(s.out, r.config)
	return nil
}

// addRun adds what stands beside the model in a run directory.
func (in *inspected) addRun(r *savedRun) error {
	if r.config == nil {
		return nil
	}
	in.Config = map[string]any{}
	for _, name := range settingNames() {
		in.Config[name] = plain(r.config.Get(name))
	}
	entries, err := os.ReadDir(r.path)
	if err != nil {
		return unreadable(r.path, err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && !e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			in.Files = append(in.Files, fileSize{Name: e.Name(), Bytes: info.Size()})
		}
	}
	history, err := readHistory(filepath.Join(r.path, train.HistoryFile))
	if err != nil {
		return err
	}
	if history, err = in.addCheckpoints(r, history); err != nil {
		return err
	}
	for i := range history {
		h := &history[i]
		in.Seconds += h.Seconds
		if h.Best {
			in.Best = h
		}
	}
	if in.Epochs = len(history); in.Epochs > 0 {
		in.First, in.Last = &history[0], &history[in.Epochs-1]
	}
	return nil
}

// addCheckpoints notes what is wrong with the checkpoints, and returns the history: that of the last checkpoint where the
// file's is another.
func (in *inspected) addCheckpoints(r *savedRun, history []train.Record) ([]train.Record, error) {
	all, err := train.Checkpoints(r.path)
	if err != nil {
		return nil, err
	}
	whole := false
	for i := range all {
		c := &all[i]
		if c.Err != nil {
			at := slices.IndexFunc(in.Files, func(f fileSize) bool { return f.Name == c.File })
			if at >= 0 {
				in.Files[at].Unusable = c.Err.Error()
			}
			in.Warnings = append(in.Warnings, fmt.Sprintf("%s: %v: the run cannot go on from it", filepath.Join(r.path, c.File), c.Err))
			continue
		}
		if differs := c.Differs(history); differs != "" && !whole && i == 0 {
			in.Warnings = append(in.Warnings, fmt.Sprintf("%s: %s: it was changed after the training, and the checkpoint's epochs are shown",
				filepath.Join(r.path, train.HistoryFile), differs))
			history = c.History
		}
		whole = true
	}
	return history, nil
}

// plain is a setting's value as JSON writes it: names and lists as on the
// command line.
func plain(v any) any {
	if n, ok := v.(settings.Number); ok && n != settings.Auto {
		return int(n)
	}
	if s, ok := v.(fmt.Stringer); ok {
		return s.String()
	}
	return v
}

// readHistory reads metrics.jsonl; a run that has none has no history.
func readHistory(path string) ([]train.Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil
	}
	defer f.Close()
	var history []train.Record
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		var r train.Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, wrong("%s: line %d: not a record of an epoch: %w", path, n, err)
		}
		history = append(history, r)
	}
	return history, lines.Err()
}

func (in *inspected) write(out *printer, config *settings.Config) {
	fmt.Fprintf(out, "%s: model %s, %s, %d parameters\n\n", in.Run, in.Model, widths(&in.Spec), in.Parameters)
	if in.condition != "" {
		fmt.Fprintf(out, "%s\n\n", in.condition)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "tensor\tshape\tparameters")
	for _, l := range in.Layers {
		fmt.Fprintf(w, "%s\t%s\t%d\n", l.Name, strings.ReplaceAll(strings.Trim(fmt.Sprint(l.Shape), "[]"), " ", " x "), l.Parameters)
	}
	w.Flush()
	if config != nil {
		fmt.Fprint(out, "\nsettings\n")
		text := &strings.Builder{}
		if err := config.Write(text); err == nil {
			fmt.Fprint(out, "  "+strings.ReplaceAll(strings.TrimSpace(text.String()), "\n", "\n  ")+"\n")
		}
	}
	if in.Epochs > 0 {
		fmt.Fprintf(out, "\ntraining: %s, %.1f s\n", epochsText(in.Epochs), in.Seconds)
		for _, e := range []struct {
			name string
			r    *train.Record
		}{{"first", in.First}, {"best", in.Best}, {"last", in.Last}} {
			if e.r != nil {
				fmt.Fprintf(out, "  %-6s%s\n", e.name, recordText(*e.r, 0))
			}
		}
	}
	if len(in.Files) > 0 {
		fmt.Fprint(out, "\nfiles\n")
		for _, f := range in.Files {
			note := ""
			if f.Unusable != "" {
				note = ", unusable"
			}
			fmt.Fprintf(out, "  %-22s %d bytes%s\n", f.Name, f.Bytes, note)
		}
	}
}

// widths is the architecture as 784-512-32-512-784, the code in brackets.
func widths(s *model.Spec) string {
	var b strings.Builder
	fmt.Fprint(&b, s.Inputs)
	for _, w := range s.Hidden {
		fmt.Fprintf(&b, "-%d", w)
	}
	fmt.Fprintf(&b, "-[%d]", s.Latent)
	if s.Decoder != nil {
		for _, w := range s.Decoder {
			fmt.Fprintf(&b, "-%d", w)
		}
	} else {
		for i := range s.Hidden {
			fmt.Fprintf(&b, "-%d", s.Hidden[len(s.Hidden)-1-i])
		}
	}
	fmt.Fprintf(&b, "-%d", s.Outputs())
	return b.String()
}
