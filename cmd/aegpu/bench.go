package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/bench"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/settings"
	"github.com/aegpu/aegpu/train"
	"github.com/urfave/cli/v2"
)

// Batch sizes where none are asked for.
const (
	gpuBatches = "64..1048576"
	cpuBatches = "64..8192"
)

func newBenchCommand(s *streams) *cli.Command {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "batch", Aliases: []string{"batches"}, Usage: "`SIZES` of batches, as in 64,128 or, doubling, 64..1048576, up to what fits",
			DefaultText: gpuBatches + " on a GPU, " + cpuBatches + " on the CPU", Category: "Timing"},
		&cli.IntFlag{Name: "runs", Usage: "`COUNT` of timed runs a point; 0 times nothing and only counts launches and memory", Value: 30, Category: "Timing"},
		&cli.Float64Flag{Name: "target", Usage: "`SECONDS` a run", Value: 0.05, Category: "Timing"},
		&cli.Float64Flag{Name: "most", Usage: "`SECONDS` a point, after which it ends with 5 runs or more; 0 has no limit", Category: "Timing"},
		&cli.StringFlag{Name: "ceiling", Usage: "`FLOPS,BYTES` a second that the device reaches at best, in place of measuring them, as in 7.9e14,3.1e12", Category: "Timing"},
		&cli.BoolFlag{Name: "points", Usage: "print lines of JSON as they come: the sweep without its points, then one a point", Category: "Timing"},
		&cli.BoolFlag{Name: "nets", Usage: "print the nets that docs/benchmarks times, as JSON with the flags of each, and time nothing", Category: "Timing", DisableDefaultText: true},
		&cli.StringFlag{Name: "plot", Usage: "`FILE` for a plot, .png or .svg: step time by batch size, and the roofline", Category: "Timing"},
	}
	for _, f := range settingFlags() {
		switch f.(type) {
		case *cli.BoolFlag, *cli.StringFlag:
			if !strings.Contains(" batch accumulate epochs lr-scale schedule lr-warmup patience min-improvement pretrain-epochs pretrain-lr classifier classifier-epochs classifier-lr target ", " "+f.Names()[0]+" ") {
				flags = append(flags, f)
			}
		}
	}
	flags = append(flags, gpuFlags("Run")...)
	return &cli.Command{
		Name:      "bench",
		Usage:     "time the training step over batch sizes",
		ArgsUsage: "[DATA]",
		Description: "Times whole training steps (gather, forward, backward, update) of a model on resident data, after a warm-up, by the device's own events\n" +
			"on a GPU; and what the device reaches on a large product in that precision and a large copy. The floor is the larger of a step's\n" +
			"FLOPs and bytes at these rates. A step's time is the median of the runs, with its quartiles. A GPU also counts the launches of a\n" +
			"step and the memory held. The sweep ends at the first batch that does not fit. Whatever the data, sizes that are auto are those of\n" +
			"one net, so that times compare: hidden layers of 512,256 and a code of 32, of a vae 400 and 20.\n\n" +
			"  aegpu bench --model vae --batch 64..1048576 --plot vae.png",
		Flags:  append(flags, jsonFlag(), quietFlag()),
		Action: func(c *cli.Context) error { return runBench(c, s) },
	}
}

// benchResult is what the command prints as JSON.
type benchResult struct {
	Device    string        `json:"device"`
	Detail    string        `json:"device_detail"`
	Model     string        `json:"model"`
	Net       string        `json:"net"`
	Precision string        `json:"precision"`
	Clock     string        `json:"clock,omitempty"` // what times: the device's events, or the host
	Ceiling   bench.Ceiling `json:"ceiling,omitzero"`
	Memory    bench.Memory  `json:"memory,omitzero"` // of the largest batch that fits
	Points    []bench.Point `json:"points,omitempty"`
	Ended     string        `json:"ended,omitempty"` // why it ended before the last batch
}

func runBench(c *cli.Context, s *streams) error {
	if c.Bool("nets") {
		if err := noArguments(c); err != nil {
			return err
		}
		for _, f := range c.LocalFlagNames() {
			if f != "nets" && f != "json" {
				return wrong("--nets times nothing: --%s has no effect with it", f)
			}
		}
		return writeNets(s)
	}
	r, err := benchRequest(c)
	if err != nil {
		return err
	}
	dev, err := s.openDevice(c, r.config.Device, r.config.Precision)
	if err != nil {
		return err
	}
	defer dev.Close()
	if err := r.load(c, dev); err != nil {
		return err
	}
	if err := r.fit(dev); err != nil {
		return err
	}
	ended := r.measure(c, s, dev)
	if ended != nil {
		if !train.Interrupted(ended) || len(r.Points) == 0 {
			return ended
		}
		r.Ended = fmt.Sprintf("%v after %d of %d batch sizes", context.Cause(c.Context), len(r.Points), len(r.batches))
		ended = &explained{r.Ended, ended}
	}
	if path := c.String("plot"); path != "" {
		if err := writeBenchPlot(path, &r.benchResult); err != nil {
			return err
		}
	}
	if c.Bool("json") {
		if err := s.writeJSON(r.benchResult); err != nil {
			return err
		}
	}
	return ended
}

// writeNets prints the nets that are timed, by name.
func writeNets(s *streams) error {
	nets := map[string]bench.Peer{}
	for _, n := range bench.Nets {
		p, err := n.Peer()
		if err != nil {
			return err
		}
		nets[n.Name] = p
	}
	return s.writeJSON(nets)
}

// benchRun is a request, and what comes of it.
type benchRun struct {
	config  settings.Config
	batches []int
	options bench.Options
	set     *data.Set
	benchResult
}

func benchRequest(c *cli.Context) (*benchRun, error) {
	if err := arguments(c, 0, 1); err != nil {
		return nil, err
	}
	config, err := readConfig(c, "", "batch", "target")
	if err != nil {
		return nil, err
	}
	config = config.Usual() // of the same size on all data, so that times compare
	config.Val, config.PretrainEpochs = 0, 0
	if c.NArg() > 0 {
		config.Data = c.Args().First()
	}
	if err := config.Validate(); err != nil {
		return nil, &requestError{err}
	}
	r := &benchRun{config: config}
	if r.options, err = benchOptions(c); err != nil {
		return nil, err
	}
	if path := c.String("plot"); path != "" {
		if err := checkBenchPlot(path, r.options.Runs); err != nil {
			return nil, err
		}
		if err := keep("--plot "+path, path, inputsOf(&config)); err != nil {
			return nil, err
		}
	}
	if c.Bool("points") && c.Bool("json") {
		return nil, wrong("--json is one JSON object at the end, --points a line each as they come: expected one of the two")
	}
	if c.IsSet("ceiling") {
		if r.Ceiling, err = ceiling(c.String("ceiling")); err != nil {
			return nil, err
		}
	}
	if c.IsSet("batch") {
		r.batches, err = batchSizes(c.String("batch"))
	}
	return r, err
}

// benchOptions are how long is timed.
func benchOptions(c *cli.Context) (o bench.Options, err error) {
	const mostRuns, mostSeconds = 1_000_000, 1e6 // as nanoseconds they fit an int64
	o.Runs = c.Int("runs")
	if o.Runs < 0 || o.Runs > mostRuns {
		return o, wrong("--runs is %d: expected 0 to %d", o.Runs, mostRuns)
	}
	for _, f := range []struct {
		flag  string
		to    *time.Duration
		least time.Duration
		want  string
	}{{"target", &o.Target, 1, "a billionth"}, {"most", &o.Most, 0, "0"}} {
		v := c.Float64(f.flag)
		if !(v >= f.least.Seconds() && v <= mostSeconds) {
			return o, wrong("--%s is %g: expected %s to %g seconds", f.flag, v, f.want, mostSeconds)
		}
		*f.to = time.Duration(v * float64(time.Second))
	}
	return o, nil
}

// batchSizes are those of a list of numbers and of ranges a..b that double from a
// to b, in order.
func batchSizes(text string) ([]int, error) {
	const largest = 1 << 30
	var sizes []int
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "..")
		if !isRange {
			last = first
		}
		from, err := strconv.Atoi(first)
		to, err2 := strconv.Atoi(last)
		if err != nil || err2 != nil || from < 1 || to < from || to > largest {
			return nil, wrong("--batch %q: %q is neither a whole number above 0 nor a range like 64..1024", text, part)
		}
		for n := from; n <= to; n *= 2 {
			sizes = append(sizes, n)
		}
	}
	slices.Sort(sizes)
	return slices.Compact(sizes), nil
}

// ceiling is a rate of products and one of copies, as in 7.9e14,3.1e12.
func ceiling(text string) (bench.Ceiling, error) {
	var rates [2]float64
	fields := strings.Split(text, ",")
	ok := len(fields) == len(rates)
	for i := 0; ok && i < len(rates); i++ {
		v, err := strconv.ParseFloat(strings.TrimSpace(fields[i]), 64)
		rates[i], ok = v, err == nil && v > 0 && !math.IsInf(v, 0)
	}
	if !ok {
		return bench.Ceiling{}, wrong("--ceiling %q: expected FLOPs and bytes a second, two numbers above 0, as in 7.9e14,3.1e12", text)
	}
	return bench.Ceiling{FLOPs: rates[0], Bytes: rates[1]}, nil
}

func (r *benchRun) load(c *cli.Context, dev backend.Device) error {
	sets, err := train.Load(c.Context, r.config)
	if err != nil {
		return err
	}
	if r.set, err = eval.Prepared(sets.Preparation, sets.Train); err != nil {
		return err
	}
	if r.config.Condition != "" {
		return wrong("--condition: bench measures models without a condition: expected none")
	}
	spec, err := r.config.Spec(r.set.Cols)
	if err != nil {
		return &requestError{err}
	}
	info := dev.Info()
	r.Device, r.Detail, r.Model, r.Net, r.Precision = info.Name, info.Detail, r.config.Model, widths(&spec), r.config.Precision.String()
	if r.batches == nil {
		sizes := gpuBatches
		if info.Kind == "cpu" {
			sizes = cpuBatches
		}
		r.batches, err = batchSizes(sizes)
	}
	return err
}

// fit drops the batches that do not fit, which is planned and not tried.
func (r *benchRun) fit(dev backend.Device) error {
	for i, b := range r.batches {
		m, err := bench.Plan(dev, r.config, r.set, b)
		if err != nil {
			return err
		}
		if !m.Fits() {
			r.batches, r.Ended = r.batches[:i], fmt.Sprintf("batch %d does not fit: %s needed, %s free", b, mebibytes(m.Needed), mebibytes(m.Free))
			break
		}
		r.Memory = m
	}
	if len(r.batches) == 0 {
		return fmt.Errorf("%w: %s", backend.ErrOutOfMemory, r.Ended)
	}
	return nil
}

// measure fills the result and, unless it is for JSON, prints the table as it grows.
func (r *benchRun) measure(c *cli.Context, s *streams, dev backend.Device) (err error) {
	if !c.Bool("quiet") && r.Memory.Free > 0 {
		fmt.Fprintf(s.err, "memory: batch %d needs %s, %s are free\n", r.batches[len(r.batches)-1], mebibytes(r.Memory.Needed), mebibytes(r.Memory.Free))
	}
	if r.options.Runs > 0 {
		r.Clock = bench.ClockOf(dev)
		if r.Ceiling == (bench.Ceiling{}) {
			if r.Ceiling, err = bench.MeasureCeiling(c.Context, dev); err != nil {
				return err
			}
		}
	}
	asLines := c.Bool("points")
	switch {
	case asLines:
		err = s.writeLine(r.benchResult)
	case !c.Bool("json"):
		writeBenchHead(s.out, &r.benchResult)
	}
	if err != nil {
		return err
	}
	for _, b := range r.batches {
		if err := c.Context.Err(); err != nil {
			return err
		}
		p, err := bench.Step(c.Context, dev, r.config, r.set, b, r.Ceiling, r.options)
		if err != nil {
			return err
		}
		r.Points = append(r.Points, p)
		switch {
		case asLines:
			err = s.writeLine(p)
		case !c.Bool("json"):
			writeBenchRow(s.out, p, r.options.Runs > 0)
		}
		if err != nil {
			return err
		}
	}
	if r.Ended != "" {
		fmt.Fprintln(s.err, r.Ended)
	}
	return nil
}
