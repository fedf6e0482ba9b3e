package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aegpu/aegpu"
	"github.com/aegpu/aegpu/backend"
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
		&cli.StringFlag{Name: "nccl", Category: category, DefaultText: "the loader's, a toolkit's, a Python package's",
			Usage: "`PATH` of libnccl.so.2, which several GPUs add up by"},
	}
}

func cublasltFlag(category string) cli.Flag {
	return &cli.StringFlag{Name: "cublaslt", Category: category, DefaultText: "the loader's, a toolkit's, a Python package's",
		Usage: "`PATH` of libcublasLt.so, which a GPU's products are made by"}
}

// deviceOptions are what the flags ask of a device.
func deviceOptions(c *cli.Context) (aegpu.DeviceOptions, error) {
	o := aegpu.DeviceOptions{Tuning: c.String("gpu-tuning"), CuBLASLt: c.String("cublaslt"), NCCL: c.String("nccl")}
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
func (s *streams) openDevice(c *cli.Context, name string, precision backend.Precision) (backend.Device, error) {
	o, err := deviceOptions(c)
	if err != nil {
		return nil, err
	}
	o.Precision, o.Ranks = precision, s.group
	if !c.Bool("quiet") && !s.mute {
		o.Warn = func(line string) { fmt.Fprintf(s.err, "warning: %s\n", line) }
	}
	dev, noGPU, err := aegpu.OpenWith(name, o)
	if err != nil {
		return nil, err
	}
	if !c.Bool("quiet") && !s.mute {
		why := ""
		if noGPU != nil {
			why = " (no GPU: " + oneLine(noGPU) + ")"
		}
		fmt.Fprintf(s.err, "device %s: %s%s%s\n", dev.Info().Name, dev.Info().Detail, why, s.ranksText())
	}
	return dev, nil
}
