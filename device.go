package aegpu

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/gpu"
)

// DeviceError says why a device is not usable.
type DeviceError struct {
	Device string // as it was asked for
	Err    error
}

// Error returns one line.
func (e *DeviceError) Error() string {
	if _, err := strconv.Atoi(e.Device); err != nil {
		return e.Err.Error()
	}
	return "device " + e.Device + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *DeviceError) Unwrap() error { return e.Err }

// DeviceOptions are what is asked of a device beside its name.
type DeviceOptions struct {
	Precision backend.Precision // of products: FP32; TF32 and BF16 on a GPU
	Tuning    string            // file of a GPU's algorithms, see [gpu.Options]
	CuBLASLt  string            // path of libcublasLt.so, found where it is ""
	NCCL      string            // path of libnccl.so, for several ranks; found where it is ""
	Ranks     *Ranks            // that the process trains together with, see [Join]; nil where it is alone
	Warn      func(line string) // is told what goes on otherwise than was said; may be nil
}

// Open opens a device by name: "auto" (a usable GPU, else the CPU), "cpu", or a GPU's
// number as in "0". The caller closes it, after the models on it.
func Open(name string) (Device, error) {
	dev, _, err := OpenWith(name, DeviceOptions{})
	return dev, err
}

// OpenWith opens a device with options. For "auto" it says why there is no GPU where
// there is none that can be used.
func OpenWith(name string, o DeviceOptions) (dev Device, noGPU, err error) {
	if o.Ranks.Size() > 1 {
		return openRank(name, o)
	}
	switch name {
	case "cpu":
		dev, err = openCPU(o, "the CPU was asked for")
	case "auto", "":
		dev, err = openAnyGPU(o)
		if unusable := (*DeviceError)(nil); err != nil && !errors.As(err, &unusable) {
			return nil, nil, err
		}
		if err != nil {
			noGPU = err
			dev, err = openCPU(o, "no usable GPU: "+err.Error())
		}
	default:
		n, bad := strconv.Atoi(strings.TrimPrefix(name, "cuda:"))
		if bad != nil || n < 0 {
			return nil, nil, &SettingsError{Field: "Device", Msg: fmt.Sprintf("is %q: expected auto, cpu, or a GPU's number as in 0", name)}
		}
		dev, err = openGPU(n, o, nil)
	}
	return dev, noGPU, err
}

// ErrNoGPU says that the machine has no NVIDIA GPU.
var ErrNoGPU = errors.New("no NVIDIA GPU found")

// openAnyGPU opens the first GPU that can be used. A DeviceError says why none can.
func openAnyGPU(o DeviceOptions) (Device, error) {
	infos, err := gpu.List()
	if err != nil {
		return nil, &DeviceError{"auto", err}
	}
	if len(infos) == 0 {
		return nil, &DeviceError{"auto", ErrNoGPU}
	}
	var all []error
	for n := range infos {
		dev, err := openGPU(n, o, nil)
		unusable := (*DeviceError)(nil)
		if err == nil || !errors.As(err, &unusable) {
			return dev, err
		}
		all = append(all, err)
	}
	return nil, &DeviceError{"auto", errors.Join(all...)}
}

func openCPU(o DeviceOptions, because string) (Device, error) {
	if o.Precision != backend.FP32 {
		return nil, &SettingsError{Field: "Precision", Msg: fmt.Sprintf("is %v, which needs a GPU (%s): the CPU computes in fp32", o.Precision, because)}
	}
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		return nil, &DeviceError{"cpu", err}
	}
	return dev, nil
}

func openGPU(n int, o DeviceOptions, ranks *gpu.Ranks) (Device, error) {
	name := strconv.Itoa(n)
	if _, err := gpu.List(); err != nil {
		return nil, &DeviceError{name, err}
	}
	dev, err := gpu.OpenWith(n, gpu.Options{Precision: o.Precision, Tuning: o.Tuning, CuBLASLt: o.CuBLASLt, NCCL: o.NCCL, Ranks: ranks, Warn: o.Warn})
	if errors.Is(err, gpu.ErrTuning) {
		return nil, err
	}
	if err != nil {
		return nil, &DeviceError{name, err}
	}
	return dev, nil
}
