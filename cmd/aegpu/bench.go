package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/bench"
	"github.com/aegpu/aegpu/train"
	"github.com/urfave/cli/v2"
)

func newBenchCommand(s *streams) *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "batches", Usage: "`LIST` of batch sizes", Value: "64,128,512,2048,8192", Category: "Timing"},
		&cli.IntFlag{Name: "runs", Usage: "`COUNT` of timed runs a point", Value: 30, Category: "Timing"},
		&cli.Float64Flag{Name: "target", Usage: "`SECONDS` a run", Value: 0.05, Category: "Timing"},
	}
	for _, f := range settingFlags() {
		switch f.(type) {
		case *cli.BoolFlag, *cli.StringFlag:
			if !strings.Contains(" batch epochs schedule lr-warmup patience min-improvement pretrain-epochs pretrain-lr classifier classifier-epochs classifier-lr ", " "+f.Names()[0]+" ") {
				flags = append(flags, f)
			}
		}
	}
	return &cli.Command{
		Name:      "bench",
		Usage:     "time the training step over batch sizes",
		ArgsUsage: "[DATA]",
		Description: "Times whole training steps (gather, forward, backward, update) of a model on resident data, and what the device reaches on a large\n" +
			"product and a large copy. The floor is the larger of a step's FLOPs and bytes at these rates.\n\n" +
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
	Ceiling bench.Ceiling `json:"ceiling"`
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
	if r.Ceiling, err = bench.MeasureCeiling(dev); err != nil {
		return err
	}
	o := bench.Options{Runs: c.Int("runs"), Target: time.Duration(c.Float64("target") * float64(time.Second))}
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
	if c.Int("runs") < 1 || !(c.Float64("target") > 0) {
		return config, nil, wrong("--runs %d and --target %g must be above 0", c.Int("runs"), c.Float64("target"))
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
	fmt.Fprintf(s.out, "%s %s on %s: a product of 2000^3 runs at %.1f GFLOP/s, a copy of 256 MiB at %.1f GB/s\n\n",
		r.Model, r.Net, r.Device, r.Ceiling.FLOPs/1e9, r.Ceiling.Bytes/1e9)
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "batch\tstep ms\tfrom\tto\texamples/s\tGFLOP/s\tfloor ms\tshare\t")
	for _, p := range r.Points {
		fmt.Fprintf(w, "%d\t%.3f\t%.3f\t%.3f\t%.0f\t%.1f\t%.3f\t%.0f %%\t\n", p.Batch, p.StepMS, p.MinMS, p.MaxMS, p.ExamplesPerSecond, p.FLOPRate/1e9, p.FloorMS, 100*p.FloorShare)
	}
	return w.Flush()
}
