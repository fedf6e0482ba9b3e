package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/gpu"
	"github.com/urfave/cli/v2"
)

func newDevicesCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:        "devices",
		Usage:       "list what can compute here",
		Description: "Lists the CPU and the GPUs, or says why there is no GPU.\n\n  aegpu devices --json",
		Flags:       []cli.Flag{jsonFlag()},
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return runDevices(s, c.Bool("json"))
		},
	}
}

// deviceInfo is a device in JSON.
type deviceInfo struct {
	Device string `json:"device"` // what --device takes
	Kind   string `json:"kind"`
	Detail string `json:"detail"`
	Total  uint64 `json:"total_bytes,omitempty"`
	Free   uint64 `json:"free_bytes,omitempty"`
}

type deviceList struct {
	Devices []deviceInfo `json:"devices"`
	NoGPU   string       `json:"no_gpu,omitempty"` // why there is none
}

func runDevices(s *streams, asJSON bool) error {
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		return &deviceError{err}
	}
	defer dev.Close()
	list := deviceList{Devices: []deviceInfo{describe("cpu", dev.Info())}}
	gpus, err := gpu.List()
	for i, info := range gpus {
		list.Devices = append(list.Devices, describe(fmt.Sprint(i), info))
	}
	if err != nil {
		list.NoGPU = oneLine(err)
	} else if len(gpus) == 0 {
		list.NoGPU = "no NVIDIA GPU found"
	}
	if asJSON {
		return s.writeJSON(list)
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "device\tmemory\twhat")
	for _, d := range list.Devices {
		fmt.Fprintf(w, "%s\t%s\t%s\n", d.Device, bytesText(d.Total), d.Detail)
	}
	w.Flush()
	if list.NoGPU != "" {
		fmt.Fprintf(s.out, "no GPU: %s\n", list.NoGPU)
	}
	return nil
}

func describe(name string, i backend.Info) deviceInfo {
	return deviceInfo{Device: name, Kind: i.Kind, Detail: i.Detail, Total: i.Total, Free: i.Free}
}

func bytesText(n uint64) string {
	if n == 0 {
		return "unknown"
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}
