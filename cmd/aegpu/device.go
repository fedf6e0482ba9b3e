package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/gpu"
	"github.com/urfave/cli/v2"
)

// deviceFlags are those of every command that computes.
func deviceFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "device", Value: "auto", Usage: "device `NAME`: auto (a usable GPU, else the CPU), cpu, or a GPU's number"},
	}
}

// openDevice opens the device of that name (auto, cpu, or a GPU's number) for
// that precision, and says on err which it is and why.
func (s *streams) openDevice(name, precision string, quiet bool) (backend.Device, error) {
	dev, why, err := chooseDevice(name, precision)
	if err != nil {
		return nil, err
	}
	if !quiet {
		fmt.Fprintf(s.err, "device %s: %s%s\n", dev.Info().Name, dev.Info().Detail, why)
	}
	return dev, nil
}

func chooseDevice(name, precision string) (dev backend.Device, why string, err error) {
	switch name {
	case "cpu":
		dev, err = openCPU(precision, "--device cpu")
	case "auto":
		infos, reason := gpu.List()
		if reason == nil && len(infos) == 0 {
			reason = errors.New("no NVIDIA GPU found")
		}
		if reason == nil {
			if dev, reason = openGPU(0, precision); reason == nil {
				return dev, "", nil
			}
			var request *requestError
			if errors.As(reason, &request) {
				return nil, "", reason
			}
		}
		why = " (no GPU: " + oneLine(reason) + ")"
		dev, err = openCPU(precision, "no usable GPU: "+oneLine(reason))
	default:
		n, bad := strconv.Atoi(strings.TrimPrefix(name, "cuda:"))
		if bad != nil || n < 0 {
			return nil, "", wrong("--device is %q: expected auto, cpu, or a GPU's number as in 0", name)
		}
		dev, err = openGPU(n, precision)
	}
	return dev, why, err
}

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

func openGPU(n int, precision string) (backend.Device, error) {
	if _, err := gpu.List(); err != nil {
		return nil, &deviceError{fmt.Errorf("device %d: %w", n, err)}
	}
	p, err := gpu.ParsePrecision(precision)
	if err != nil {
		return nil, wrong("--precision: %w", err)
	}
	dev, err := gpu.OpenWith(n, gpu.Options{Precision: p})
	if err != nil {
		return nil, &deviceError{fmt.Errorf("device %d: %w", n, err)}
	}
	return dev, nil
}
