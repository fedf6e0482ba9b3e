package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/aegpu/aegpu"
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/gpu"
	"github.com/urfave/cli/v2"
)

func newDevicesCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:        "devices",
		Usage:       "list what can compute here",
		Description: "Lists the CPU and the GPUs. Each GPU is opened, to say whether it can be used or why not.\n\n  aegpu devices --json",
		Flags:       []cli.Flag{cublasltFlag(""), jsonFlag()},
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return runDevices(s, gpu.Options{CuBLASLt: c.String("cublaslt")}, c.Bool("json"))
		},
	}
}

// deviceInfo is a device in JSON.
type deviceInfo struct {
	Device string `json:"device"` // what --device takes
	Kind   string `json:"kind"`
	Detail string `json:"detail"`
	Usable bool   `json:"usable"`
	Why    string `json:"why,omitempty"` // it cannot be used
	Total  uint64 `json:"total_bytes,omitempty"`
	Free   uint64 `json:"free_bytes,omitempty"`
}

type deviceList struct {
	Devices  []deviceInfo `json:"devices"`
	NoGPU    string       `json:"no_gpu,omitempty"`   // why there is none
	CuBLASLt string       `json:"cublaslt,omitempty"` // the library that GPUs use
}

func runDevices(s *streams, o gpu.Options, asJSON bool) error {
	list, err := listDevices(o)
	if err != nil {
		return err
	}
	if asJSON {
		return s.writeJSON(list)
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "device\tmemory\tusable\twhat")
	for _, d := range list.Devices {
		usable := "yes"
		if !d.Usable {
			usable = "no"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", d.Device, bytesText(d.Total), usable, d.Detail)
	}
	w.Flush()
	for _, d := range list.Devices {
		if !d.Usable {
			fmt.Fprintf(s.out, "%s cannot be used: %s\n", d.Device, d.Why)
		}
	}
	if list.NoGPU != "" {
		fmt.Fprintf(s.out, "no GPU: %s\n", list.NoGPU)
	}
	if list.CuBLASLt != "" {
		fmt.Fprintf(s.out, "cuBLASLt: %s\n", list.CuBLASLt)
	}
	return nil
}

func listDevices(o gpu.Options) (list deviceList, err error) {
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		return list, &aegpu.DeviceError{Device: "cpu", Err: err}
	}
	defer dev.Close()
	list.Devices = []deviceInfo{describe("cpu", dev.Info(), nil)}
	gpus, err := gpu.List()
	if err == nil && len(gpus) == 0 {
		err = aegpu.ErrNoGPU
	}
	if err != nil {
		list.NoGPU = oneLine(err)
	}
	for i, info := range gpus {
		opened, why := gpu.Probe(i, o)
		if why == nil {
			info = opened
		}
		list.Devices = append(list.Devices, describe(fmt.Sprint(i), info, why))
	}
	list.CuBLASLt = gpu.CuBLASLt()
	return list, nil
}

// describe is a device that cannot be used where there is a reason why.
func describe(name string, i backend.Info, why error) deviceInfo {
	d := deviceInfo{Device: name, Kind: i.Kind, Detail: i.Detail, Usable: why == nil, Total: i.Total, Free: i.Free}
	if why != nil {
		d.Why = strings.TrimPrefix(oneLine(why), i.Name+": ")
	}
	return d
}

func bytesText(n uint64) string {
	if n == 0 {
		return "unknown"
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}
