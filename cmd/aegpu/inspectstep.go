package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/aegpu/aegpu"
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/gpu"
	"github.com/aegpu/aegpu/gpu/plan"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
	"github.com/urfave/cli/v2"
)

// stepFlags are those of inspect --step.
func stepFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "step", Usage: "show the operations of a training step, with their FLOPs and bytes"},
		&cli.StringFlag{Name: "device", Usage: "with --step, show the launches too that a GPU makes of it: its number, or gpu for one like an H100 that need not be there"},
		&cli.IntFlag{Name: "batch", Usage: "with --step, rows of the batch; by default the run's"},
		&cli.IntFlag{Name: "ranks", Value: 1, Usage: "with --step, the step of the first of so many `RANKS`: its share of the batch, and what they add up"},
		&cli.StringFlag{Name: "precision", Usage: "with --step, fp32, tf32 or bf16; by default the run's"},
	}
}

// stepOf is what inspect --step prints.
type stepOf struct {
	Run        string       `json:"run"`
	Batch      int          `json:"batch"` // of all ranks
	Ranks      int          `json:"ranks,omitempty"`
	Precision  string       `json:"precision"`
	Stored     string       `json:"data_stored_as"`
	FLOPs      float64      `json:"flops"`
	Bytes      float64      `json:"bytes"`
	Operations []stepLine   `json:"operations"`
	Launches   []launchLine `json:"launches,omitempty"`
}

type stepLine struct {
	Operation string  `json:"operation"`
	FLOPs     float64 `json:"flops"`
	Bytes     float64 `json:"bytes"`
}

type launchLine struct {
	Launch string   `json:"launch"`
	Of     string   `json:"of"` // the operation
	Stream string   `json:"stream"`
	Waits  []string `json:"waits_for,omitempty"` // streams
}

// mostBatches is how many batches a step that is shown has at most.
const mostBatches = 10000

// runInspectStep shows the step of a run's training.
func runInspectStep(s *streams, c *cli.Context) error {
	r, err := s.find(c.Args().First())
	if err != nil {
		return err
	}
	if r.config == nil {
		return wrong("%s is a model file, which does not say how it was trained: name the run directory", r.path)
	}
	config := r.config.Usual() // of a file that leaves the batch open
	if c.IsSet("batch") {
		batch := c.Int("batch")
		if batch < 1 || batch > math.MaxInt32 {
			return wrong("--batch is %d: expected 1 to %d", batch, math.MaxInt32)
		}
		config.Batch = settings.Number(batch)
	}
	if c.IsSet("precision") {
		if err := config.Set("precision", c.String("precision")); err != nil {
			return wrong("%s", inFlags(err))
		}
	}
	if config.Accumulate > mostBatches {
		return wrong("%s: a step of %d batches is too long to show: expected %d at most (accumulate)", r.path, config.Accumulate, mostBatches)
	}
	m, err := r.load(&backend.Paper{})
	if err != nil {
		return err
	}
	ranks := c.Int("ranks")
	if ranks < 1 || ranks > math.MaxInt16 {
		return wrong("--ranks is %d: expected 1 to %d", ranks, math.MaxInt16)
	}
	training, err := paperTraining(m, &config, ranks)
	if err != nil {
		return wrong("%s: %w", r.path, err)
	}
	out := describeStep(r.path, training, &config, m, ranks)
	if err := c.Context.Err(); err != nil { // a step of thousands of batches takes a while
		return err
	}
	if c.IsSet("device") {
		sms, err := multiprocessors(c.String("device"))
		if err != nil {
			return err
		}
		if err := out.addLaunches(training, config.Precision, sms); err != nil {
			return err
		}
	}
	if err := c.Context.Err(); err != nil {
		return err
	}
	if c.Bool("json") {
		return s.writeJSON(out)
	}
	out.write(s.out)
	return nil
}

// storedAsBytes is whether a run's data was taken as grey values: it was not scaled.
func storedAsBytes(m *model.Model) bool { return m.Preparation().Identity() }

// sharedTargets is whether one array of rows serves encoder and decoder, of rows without missing cells.
func sharedTargets(m *model.Model) bool {
	return m.Spec.SameRows && m.Preparation().SameAs(m.TargetPreparation(), &data.Set{})
}

// paperTraining is the run's training of the whole autoencoder, without memory, by the first of so many ranks.
func paperTraining(m *model.Model, c *settings.Config, ranks int) (*model.Training, error) {
	optimiser, err := c.Update()
	if err != nil {
		return nil, err
	}
	return model.PaperTraining(m.Spec, int(c.Batch)*max(1, c.Accumulate), storedAsBytes(m) && ranks == 1,
		model.TrainingOptions{Batch: int(c.Batch), Accumulate: c.Accumulate, Optimiser: optimiser, Steps: 1, Shared: sharedTargets(m),
			Share: backend.Share{Size: ranks}})
}

func describeStep(run string, t *model.Training, c *settings.Config, m *model.Model, ranks int) *stepOf {
	rows := int(c.Batch) * max(1, c.Accumulate)
	step := t.Step(rows)
	out := &stepOf{Run: run, Batch: rows, Precision: c.Precision.String(), Stored: "float32"}
	if ranks > 1 { // whose rows are brought to them prepared
		out.Ranks = ranks
	} else if storedAsBytes(m) {
		out.Stored = "bytes"
	}
	shaped := func(x backend.Tensor) string { return fmt.Sprintf("%s[%v]", t.Name(x), x) }
	for i, w := range step.Works(c.Precision.OperandBytes()) {
		out.Operations = append(out.Operations, stepLine{backend.Describe(step[i], shaped), w.FLOPs, w.Bytes})
		out.FLOPs += w.FLOPs
		out.Bytes += w.Bytes
	}
	return out
}

// multiprocessors is those of a GPU.
func multiprocessors(device string) (int, error) {
	if device == "gpu" {
		return plan.DefaultSMs, nil
	}
	n, err := strconv.Atoi(strings.TrimPrefix(device, "cuda:"))
	if err != nil || n < 0 {
		return 0, wrong("--device is %q: expected a GPU's number, or gpu", device)
	}
	sms, err := gpu.Multiprocessors(n)
	if err != nil {
		return 0, &aegpu.DeviceError{Device: strconv.Itoa(n), Err: err}
	}
	return sms, nil
}

func (o *stepOf) addLaunches(t *model.Training, p backend.Precision, sms int) error {
	made, err := plan.Make(t.Step(o.Batch), plan.Options{Precision: p, Step: true, Ranks: true, SMs: sms})
	if err != nil {
		return err
	}
	for _, it := range made.Items {
		l := launchLine{Launch: it.Short(), Of: it.Op, Stream: it.Stream.String()}
		for _, s := range slices.Concat(it.Joins, it.After) {
			l.Waits = append(l.Waits, s.String())
		}
		o.Launches = append(o.Launches, l)
	}
	return nil
}

func (o *stepOf) write(out *printer) {
	whose := ""
	if o.Ranks > 1 {
		whose = fmt.Sprintf(", by the first of %d ranks,", o.Ranks)
	}
	fmt.Fprintf(out, "%s: a step of %d rows%s stored as %s, %s: %.4g FLOPs in products, %.4g bytes if every operand moves once an operation\n\n",
		o.Run, o.Batch, whose, o.Stored, o.Precision, o.FLOPs, o.Bytes)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FLOPs\tbytes\toperation")
	for _, l := range o.Operations {
		fmt.Fprintf(w, "%.4g\t%.4g\t%s\n", l.FLOPs, l.Bytes, l.Operation)
	}
	w.Flush()
	if len(o.Launches) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%d launches, where the library refuses none of the products\n", len(o.Launches))
	w = tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "launch\tof\tstream\twaits for")
	for _, l := range o.Launches {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", l.Launch, l.Of, l.Stream, strings.Join(l.Waits, ", "))
	}
	w.Flush()
}
