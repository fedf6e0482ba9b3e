package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/bench"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/train"
	"github.com/urfave/cli/v2"
)

func newBenchCommand(s *streams) *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "batches", Usage: "`LIST` of batch sizes", Value: "64,128,512,2048,8192", Category: "Timing"},
		&cli.IntFlag{Name: "runs", Usage: "`COUNT` of timed runs a point; 0 times nothing and only counts launches and memory", Value: 30, Category: "Timing"},
		&cli.Float64Flag{Name: "target", Usage: "`SECONDS` a run", Value: 0.05, Category: "Timing"},
	}
	for _, f := range settingFlags() {
		switch f.(type) {
		case *cli.BoolFlag, *cli.StringFlag:
			if !strings.Contains(" batch accumulate epochs lr-scale schedule lr-warmup patience min-improvement pretrain-epochs pretrain-lr classifier classifier-epochs classifier-lr ", " "+f.Names()[0]+" ") {
				flags = append(flags, f)
			}
		}
	}
	return &cli.Command{
		Name:      "bench",
		Usage:     "time the training step over batch sizes",
		ArgsUsage: "[DATA]",
		Description: "Times whole training steps (gather, forward, backward, update) of a model on resident data, and what the device reaches on a large\n" +
			"product and a large copy. The floor is the larger of a step's FLOPs and bytes at these rates. A GPU also counts the launches\n" +
			"of a step and the memory held.\n\n" +
			"  aegpu bench --model vae --batches 128,2048",
		Flags:  append(flags, jsonFlag(), quietFlag()),
		Action: func(c *cli.Context) error { return runBench(c, s) },
	}
}

// benchResult is what the command prints as JSON.
type benchResult struct {
	Device  string        `json:"device"`
	Detail  string        `json:"device_detail"`
	Model   string        `json:"model"`
	Net     string        `json:"net"`
	Ceiling bench.Ceiling `json:"ceiling,omitzero"`
	Memory  bench.Memory  `json:"memory,omitzero"` // of the largest batch
	Points  []bench.Point `json:"points"`
}

func runBench(c *cli.Context, s *streams) error {
	config, batches, err := benchRequest(c)
	if err != nil {
		return err
	}
	dev, err := s.openDevice(config.Device, config.Precision, c.Bool("quiet"))
	if err != nil {
		return err
	}
	defer dev.Close()
	sets, err := train.Load(c.Context, config)
	if err != nil {
		return err
	}
	spec, err := config.Spec(sets.Train.Cols)
	if err != nil {
		return &requestError{err}
	}
	r := benchResult{Device: dev.Info().Name, Detail: dev.Info().Detail, Model: config.Model, Net: widths(&spec)}
	if r.Memory, err = planBench(s, c, dev, config, sets.Train, slices.Max(batches)); err != nil {
		return err
	}
	o := bench.Options{Runs: c.Int("runs"), Target: time.Duration(c.Float64("target") * float64(time.Second))}
	if o.Runs > 0 {
		if r.Ceiling, err = bench.MeasureCeiling(dev); err != nil {
			return err
		}
	}
	for _, b := range batches {
		if err := c.Context.Err(); err != nil {
			return err
		}
		p, err := bench.Step(dev, config, sets.Train, b, r.Ceiling, o)
		if errors.Is(err, backend.ErrOutOfMemory) && len(r.Points) > 0 {
			fmt.Fprintf(s.err, "batch %d does not fit: %v\n", b, err)
			break
		}
		if err != nil {
			return err
		}
		r.Points = append(r.Points, p)
	}
	if c.Bool("json") {
		return s.writeJSON(r)
	}
	return writeBench(s, r)
}

// planBench says what memory the largest batch needs and what is free, where the
// device knows.
func planBench(s *streams, c *cli.Context, dev backend.Device, config train.Config, set *data.Set, batch int) (bench.Memory, error) {
	m, err := bench.Plan(dev, config, set, batch)
	if err == nil && m.Free > 0 && !c.Bool("quiet") {
		fmt.Fprintf(s.err, "memory: batch %d needs %s, %s are free\n", batch, mebibytes(m.Needed), mebibytes(m.Free))
	}
	return m, err
}

func benchRequest(c *cli.Context) (train.Config, []int, error) {
	if err := arguments(c, 0, 1); err != nil {
		return train.Config{}, nil, err
	}
	config, err := readConfig(c, "")
	if err != nil {
		return config, nil, err
	}
	config.Val, config.PretrainEpochs = 0, 0
	if c.NArg() > 0 {
		config.Data = c.Args().First()
	}
	if err := config.Validate(); err != nil {
		return config, nil, &requestError{err}
	}
	if c.Int("runs") < 0 || !(c.Float64("target") > 0) {
		return config, nil, wrong("--runs %d must be 0 or more, and --target %g above 0", c.Int("runs"), c.Float64("target"))
	}
	var batches []int
	for part := range strings.SplitSeq(c.String("batches"), ",") {
		b, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || b < 1 {
			return config, nil, wrong("--batches %q: %q is not a whole number above 0", c.String("batches"), part)
		}
		batches = append(batches, b)
	}
	return config, batches, nil
}

func writeBench(s *streams, r benchResult) error {
	timed := r.Ceiling != bench.Ceiling{}
	if timed {
		fmt.Fprintf(s.out, "%s %s on %s: a product of 2000^3 runs at %.1f GFLOP/s, a copy of 256 MiB at %.1f GB/s\n\n",
			r.Model, r.Net, r.Device, r.Ceiling.FLOPs/1e9, r.Ceiling.Bytes/1e9)
	} else {
		fmt.Fprintf(s.out, "%s %s on %s, counted and not timed\n\n", r.Model, r.Net, r.Device)
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, strings.Join(benchHead(timed), "\t")+"\t")
	for _, p := range r.Points {
		fmt.Fprintln(w, strings.Join(benchRow(p, timed), "\t")+"\t")
	}
	return w.Flush()
}

func benchHead(timed bool) []string {
	head := []string{"batch"}
	if timed {
		head = append(head, "step ms", "from", "to", "examples/s", "GFLOP/s", "floor ms", "share")
	}
	return append(head, "launches", "memory")
}

func benchRow(p bench.Point, timed bool) []string {
	row := []string{fmt.Sprint(p.Batch)}
	if timed {
		for _, v := range []float64{p.StepMS, p.MinMS, p.MaxMS} {
			row = append(row, fmt.Sprintf("%.3f", v))
		}
		row = append(row, fmt.Sprintf("%.0f", p.ExamplesPerSecond), fmt.Sprintf("%.1f", p.FLOPRate/1e9),
			fmt.Sprintf("%.3f", p.FloorMS), fmt.Sprintf("%.0f %%", 100*p.FloorShare))
	}
	launches := "-"
	if p.Launches > 0 {
		launches = fmt.Sprint(p.Launches)
	}
	return append(row, launches, mebibytes(p.MemoryBytes))
}

// mebibytes is a size for people, a dash where it is not known.
func mebibytes(n uint64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%d MiB", (n+1<<20-1)>>20)
}
