//go:build cuda

package gpu

import (
	"errors"
	"fmt"
	"os"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
	"github.com/aegpu/aegpu/gpu/internal/libcuda"
	"github.com/aegpu/aegpu/gpu/internal/worker"
	"github.com/aegpu/aegpu/kernels"
	"gorgonia.org/cu"
)

// oldest is the compute capability that the PTX is for: Turing.
const oldest = 75

// debugEnv names the variable that switches Options.Debug on.
const debugEnv = "AEGPU_GPU_DEBUG"

// List is the GPUs there are, without opening them.
func List() ([]backend.Info, error) {
	if err := libcuda.Load(); err != nil {
		return nil, err
	}
	n, err := cu.NumDevices()
	if err != nil {
		return nil, err
	}
	infos := make([]backend.Info, n)
	for i := range infos {
		if infos[i], err = describe(i); err != nil {
			return nil, err
		}
	}
	return infos, nil
}

// Open opens GPU n for float32.
func Open(n int) (backend.Device, error) { return OpenWith(n, Options{}) }

// OpenWith opens GPU n.
func OpenWith(n int, o Options) (backend.Device, error) {
	o.Debug = o.Debug || os.Getenv(debugEnv) != ""
	o.OneStream = o.OneStream || os.Getenv(oneStreamEnv) != ""
	if o.Tuning == "" {
		o.Tuning = os.Getenv(tuneEnv)
	}
	infos, err := List()
	if err != nil {
		return nil, err
	}
	if n < 0 || n >= len(infos) {
		return nil, fmt.Errorf("%w: device %d of %d (the first is 0)", libcuda.ErrNoDevice, n, len(infos))
	}
	if c := capability(cu.Device(n)); c < oldest {
		return nil, fmt.Errorf("%s (%s) is too old: it needs compute capability 7.5 (Turing) or newer", infos[n].Name, infos[n].Detail)
	}
	if c := capability(cu.Device(n)); o.Precision != FP32 && c < 80 {
		return nil, fmt.Errorf("%s (%s) has no %v: it needs compute capability 8.0 (Ampere) or newer", infos[n].Name, infos[n].Detail, o.Precision)
	}
	d := &Device{info: infos[n], options: o, gpu: cu.Device(n), worker: worker.New(), blocks: map[*block]bool{}, programs: map[*program]bool{}}
	if err := d.worker.Do(d.start); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", d.info.Name, err), d.worker.Close(d.stop))
	}
	return d, nil
}

// describe is what can be said of GPU i without a context.
func describe(i int) (backend.Info, error) {
	gpu := cu.Device(i)
	name, err := gpu.Name()
	if err != nil {
		return backend.Info{}, err
	}
	total, err := gpu.TotalMem()
	c, driver := capability(gpu), cu.Version()
	return backend.Info{
		Kind: "cuda", Name: fmt.Sprintf("cuda:%d", i), Total: uint64(total),
		Detail: fmt.Sprintf("%s, %d MiB, compute capability %d.%d, driver for CUDA %d.%d",
			name, total>>20, c/10, c%10, driver/1000, driver%1000/10),
	}, err
}

func capability(gpu cu.Device) int {
	major, _ := gpu.Attribute(cu.ComputeCapabilityMajor)
	minor, _ := gpu.Attribute(cu.ComputeCapabilityMinor)
	return 10*major + minor
}

// start makes the context and all that a device keeps for as long as it lives.
func (d *Device) start() (err error) {
	if d.ctx, err = d.gpu.RetainPrimaryCtx(); err != nil {
		return err
	}
	d.started = true
	if err := cu.SetCurrentContext(d.ctx); err != nil {
		return err
	}
	if d.sms, err = d.gpu.Attribute(cu.MultiprocessorCount); err != nil {
		return err
	}
	if d.stream, err = cu.MakeStream(cu.NonBlocking); err != nil {
		return err
	}
	for _, step := range []func() error{d.loadKernels, d.openProducts, d.makeScratch, d.makeStage} {
		if err := step(); err != nil {
			return err
		}
	}
	free, _, err := cu.MemInfo() // after what the device keeps for itself
	if err != nil {
		return err
	}
	d.info.Free = uint64(free)
	return d.stream.Synchronize()
}

// loadKernels has the driver compile the PTX, which it caches from run to run. Drivers
// load a kernel when it is first used, which may be in a capture; to ask for an
// attribute is a use.
func (d *Device) loadKernels() error {
	d.functions = map[string]cu.Function{}
	for _, file := range kernels.Files() {
		m, err := cu.LoadData(kernels.PTX(file))
		if err != nil {
			return fmt.Errorf("the kernels of %s.cu: %w", file, err)
		}
		d.modules = append(d.modules, m)
		for _, k := range kernels.All {
			if k.File != file {
				continue
			}
			if d.functions[k.Name], err = m.Function(k.Name); err != nil {
				return fmt.Errorf("the kernel %s: %w", k.Name, err)
			}
			if _, err = d.functions[k.Name].Attribute(cu.FnMaxThreadsPerBlock); err != nil {
				return fmt.Errorf("loading the kernel %s: %w", k.Name, err)
			}
		}
	}
	return nil
}

func (d *Device) openProducts() (err error) {
	d.plans = map[planKey]*cublaslt.Plan{}
	if d.lt, err = cublaslt.Open(); err != nil {
		return err
	}
	d.ltOpen = true
	if err = d.startTuning(); err != nil {
		return err
	}
	if d.workspace, err = d.allocate(workspaceSize); err != nil || d.options.OneStream {
		return err
	}
	if d.aside.workspace, err = d.allocate(workspaceSize); err != nil {
		return err
	}
	return d.aside.open()
}
