//go:build cuda

package gpu

import (
	"errors"
	"fmt"
	"os"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
	"github.com/aegpu/aegpu/gpu/internal/libcuda"
	"github.com/aegpu/aegpu/gpu/internal/nccl"
	"github.com/aegpu/aegpu/gpu/internal/worker"
	"github.com/aegpu/aegpu/gpu/plan"
	"github.com/aegpu/aegpu/kernels"
	"gorgonia.org/cu"
)

// oldest is the compute capability that the PTX is for: Turing.
const oldest = 75

// Names of the variables that switch Options.Debug and Options.OneStream on.
const (
	debugEnv     = "AEGPU_GPU_DEBUG"
	oneStreamEnv = "AEGPU_GPU_ONE_STREAM"
)

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

// OpenWith opens GPU n. With [Options.Ranks] it waits for all ranks, which open theirs at the same time.
func OpenWith(n int, o Options) (backend.Device, error) {
	d, err := opened(n, o, (*Device).start)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// Probe says what GPU n is, and why it cannot be used, if so. It is opened as far
// as that takes, without the memory that a device takes for itself, and closed again.
func Probe(n int, o Options) (backend.Info, error) {
	d, err := opened(n, o, func(d *Device) error {
		if err := d.begin(); err != nil {
			return err
		}
		return d.roomy()
	})
	if err != nil {
		return backend.Info{}, err
	}
	return d.info, d.Close()
}

// NewRanksID is what the ranks of a job find each other by: one of them makes it, and all open their device with it
// ([Ranks]). library is the path of NCCL, as in [Options].
func NewRanksID(library string) ([]byte, error) { return nccl.NewID(library) }

// NCCL is where the library is that adds up over the ranks, "" before a GPU is opened that is one of several.
func NCCL() string { return nccl.Path() }

// CuBLASLt is where the library of the products is, "" before a GPU is opened.
func CuBLASLt() string { return cublaslt.Path() }

// opened is GPU n after start.
func opened(n int, o Options, start func(*Device) error) (*Device, error) {
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
	d := &Device{info: infos[n], options: o, gpu: cu.Device(n), worker: worker.New(), blocks: map[*block]bool{}, kept: map[keptKey]*block{}, programs: map[*program]bool{}, feeds: map[*feed]bool{}}
	if err := d.worker.Do(func() error { return start(d) }); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", d.info.Name, err), d.worker.Close(d.stop))
	}
	return d, nil
}

// Multiprocessors is how many GPU n has, which sizes the grids of kernels.
func Multiprocessors(n int) (int, error) {
	infos, err := List()
	if err != nil {
		return 0, err
	}
	if n < 0 || n >= len(infos) {
		return 0, fmt.Errorf("%w: device %d of %d (the first is 0)", libcuda.ErrNoDevice, n, len(infos))
	}
	return cu.Device(n).Attribute(cu.MultiprocessorCount)
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
func (d *Device) start() error {
	for _, step := range []func() error{d.begin, d.openProducts, d.makeScratch, d.makePinned, d.joinRanks, d.measureFree} {
		if err := step(); err != nil {
			return err
		}
	}
	return d.stream.Synchronize()
}

// begin makes what needs no memory beside the driver's own: the context, the
// kernels, and cuBLASLt's handle.
func (d *Device) begin() (err error) {
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
	if err := d.loadKernels(); err != nil {
		return err
	}
	if d.lt, err = cublaslt.Open(d.options.CuBLASLt); err != nil {
		return err
	}
	d.ltOpen = true
	return d.measureFree()
}

// measureFree notes the memory that is free, after what the device has taken.
func (d *Device) measureFree() error {
	free, _, err := cu.MemInfo()
	d.info.Free = uint64(free)
	return err
}

// roomy fails where less is free than openProducts and makeScratch take.
func (d *Device) roomy() error {
	needed := uint64(2*workspaceSize + 8*(plan.NumPartials+plan.NumTilePartials) + 4*plan.NumCounters)
	if d.options.OneStream {
		needed -= workspaceSize
	}
	if d.info.Free < needed {
		return fmt.Errorf("%w: %d MiB needed, %d of %d MiB free", backend.ErrOutOfMemory, needed>>20, d.info.Free>>20, d.info.Total>>20)
	}
	return nil
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
	if err = d.startTuning(); err != nil {
		return fmt.Errorf("%w: %w", ErrTuning, err)
	}
	if d.workspace, err = d.allocate(workspaceSize); err != nil || d.options.OneStream {
		return err
	}
	if d.beside, err = d.allocate(workspaceSize); err != nil {
		return err
	}
	return d.branches[plan.Aside].open()
}
