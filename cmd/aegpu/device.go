package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/gpu"
	"github.com/urfave/cli/v2"
)

// deviceFlags are those of every command that computes, but for those that take
// the device from the settings.
func deviceFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "device", Value: "auto", Usage: "device `NAME`: auto (a usable GPU, else the CPU), cpu, or a GPU's number"},
	}, gpuFlags("")...)
}

// gpuFlags are those of what a GPU needs beside itself.
func gpuFlags(category string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "gpu-tuning", Category: category, DefaultText: "aegpu/tuning.jsonl in the user's cache",
			Usage: "`FILE` that keeps the fastest algorithm of every product on a GPU; off measures none and takes the library's first"},
		cublasltFlag(category),
	}
}

func cublasltFlag(category string) cli.Flag {
	return &cli.StringFlag{Name: "cublaslt", Category: category, DefaultText: "the loader's, a toolkit's, a Python package's",
		Usage: "`PATH` of libcublasLt.so, which a GPU's products are made by"}
}

// gpuOptions are what the flags ask of a GPU.
func gpuOptions(c *cli.Context) (gpu.Options, error) {
	o := gpu.Options{Tuning: c.String("gpu-tuning"), CuBLASLt: c.String("cublaslt")}
	if info, err := os.Stat(filepath.Dir(o.Tuning)); err != nil || !info.IsDir() {
		return o, wrong("--gpu-tuning %s: there is no folder %s", o.Tuning, filepath.Dir(o.Tuning))
	}
	if path := c.String("cublaslt"); c.IsSet("cublaslt") && path != "" {
		if _, err := os.Stat(path); err != nil && strings.Contains(path, string(filepath.Separator)) {
			return o, wrong("--cublaslt: %w", err)
		}
	}
	return o, nil
}

// gpuWords are those of the flags that are set, for the command that goes on.
func gpuWords(c *cli.Context) (words []string) {
	for _, f := range gpuFlags("") {
		if name := f.Names()[0]; c.IsSet(name) {
			words = append(words, "--"+name, c.String(name))
		}
	}
	return words
}

// openDevice opens the device of that name (auto, cpu, or a GPU's number) for
// that precision, and says on err which it is and why.
func (s *streams) openDevice(c *cli.Context, name, precision string) (backend.Device, error) {
	o, err := gpuOptions(c)
	if err != nil {
		return nil, err
	}
	if !c.Bool("quiet") {
		o.Warn = func(line string) { fmt.Fprintf(s.err, "warning: %s\n", line) }
	}
	dev, why, err := chooseDevice(name, precision, o)
	if err != nil {
		return nil, err
	}
	if !c.Bool("quiet") {
		fmt.Fprintf(s.err, "device %s: %s%s\n", dev.Info().Name, dev.Info().Detail, why)
	}
	return dev, nil
}

func chooseDevice(name, precision string, o gpu.Options) (dev backend.Device, why string, err error) {
	switch name {
	case "cpu":
		dev, err = openCPU(precision, "--device cpu")
	case "auto":
		var request *requestError
		dev, err = openAnyGPU(precision, o)
		if err == nil || errors.As(err, &request) {
			return dev, "", err
		}
		why = " (no GPU: " + oneLine(err) + ")"
		dev, err = openCPU(precision, "no usable GPU: "+oneLine(err))
	default:
		n, bad := strconv.Atoi(strings.TrimPrefix(name, "cuda:"))
		if bad != nil || n < 0 {
			return nil, "", wrong("--device is %q: expected auto, cpu, or a GPU's number as in 0", name)
		}
		dev, err = openGPU(n, precision, o)
	}
	return dev, why, err
}

// openAnyGPU opens the first GPU that can be used. The error says why none can.
func openAnyGPU(precision string, o gpu.Options) (backend.Device, error) {
	infos, err := gpu.List()
	if err != nil {
		return nil, err
	}
	if len(infos) == 0 {
		return nil, errNoGPU
	}
	var unusable []error
	for n := range infos {
		dev, err := openGPU(n, precision, o)
		var request *requestError
		if err == nil || errors.As(err, &request) {
			return dev, err
		}
		unusable = append(unusable, err)
	}
	return nil, errors.Join(unusable...)
}

var errNoGPU = errors.New("no NVIDIA GPU found")

func openCPU(precision, because string) (backend.Device, error) {
	if precision != "fp32" {
		return nil, wrong("--precision %s needs a GPU (%s): the CPU computes in fp32", precision, because)
	}
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		return nil, &deviceError{err}
	}
	return dev, nil
}

func openGPU(n int, precision string, o gpu.Options) (backend.Device, error) {
	if _, err := gpu.List(); err != nil {
		return nil, &deviceError{fmt.Errorf("device %d: %w", n, err)}
	}
	var err error
	if o.Precision, err = gpu.ParsePrecision(precision); err != nil {
		return nil, wrong("--precision: %w", err)
	}
	dev, err := gpu.OpenWith(n, o)
	if errors.Is(err, gpu.ErrTuning) {
		return nil, &requestError{err}
	}
	if err != nil {
		return nil, &deviceError{fmt.Errorf("device %d: %w", n, err)}
	}
	return dev, nil
}
