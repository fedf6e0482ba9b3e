package aegpu

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/dist"
	"github.com/aegpu/aegpu/gpu"
	"github.com/aegpu/aegpu/internal/joint"
)

// Ranks are the processes that train one model together, as one of them sees them; nil is a process that trains alone.
type Ranks = dist.Group

// Join makes the process one of the ranks of the job that it was started in, by mpirun, srun, torchrun, a Kubernetes
// MPIJob or PyTorchJob, or `aegpu train --device 0,1`: the environment says which. It returns nil where there is no job.
// The caller closes the group when all is done, or ends it by Abort.
func Join(ctx context.Context) (*Ranks, error) { return JoinWith(ctx, dist.Options{}) }

// JoinWith is Join with other times than are usual.
func JoinWith(ctx context.Context, o dist.Options) (*Ranks, error) {
	job, err := dist.Find(os.Getenv)
	if err != nil {
		return nil, err
	}
	return dist.Join(ctx, job, o)
}

// WithRanks has Fit train together with other processes, all of which call it with the same rows and settings, on devices
// that were opened with the same group. The first writes what InDirectory names.
func WithRanks(ranks *Ranks) Option {
	return func(f *fitting) {
		if ranks.Size() > 1 {
			f.options.Ranks = ranks
		}
	}
}

// openRank opens a device for one of several ranks: "auto" the GPU of its number on its machine, or on machines without
// GPUs the CPU, a list the one of that place. All have the same kind.
func openRank(name string, o DeviceOptions) (dev Device, noGPU, err error) {
	which, noGPU, err := deviceOfRank(name, o.Ranks)
	if err := joint.Agree(o.Ranks, err); err != nil {
		return nil, nil, &DeviceError{name, err}
	}
	all, err := o.Ranks.Exchange([]byte(which))
	if err != nil {
		return nil, nil, &DeviceError{name, err}
	}
	onCPU := func(text []byte) bool { return string(text) == "cpu" }
	for rank, text := range all {
		if onCPU(text) != onCPU(all[0]) {
			return nil, nil, &DeviceError{name, fmt.Errorf("rank 0 has %s, and rank %d %s: expected GPUs for all ranks or for none (--device cpu)", place(all[0]), rank, place(text))}
		}
	}
	if which == "cpu" {
		dev, err = openCPURank(o)
	} else {
		n, bad := strconv.Atoi(strings.TrimPrefix(which, "cuda:"))
		if bad != nil {
			return nil, nil, &SettingsError{Field: "Device", Msg: fmt.Sprintf("is %q: expected auto, cpu, or GPUs' numbers as in 0,1", name)}
		}
		dev, err = openGPURank(n, o)
	}
	return dev, noGPU, err
}

// place is a rank's device in words.
func place(which []byte) string {
	if string(which) == "cpu" {
		return "the CPU"
	}
	return "GPU " + string(which)
}

// deviceOfRank is the device that a rank opens: "cpu", or the number of a GPU. noGPU says why "auto" came to the CPU.
func deviceOfRank(name string, ranks *Ranks) (which string, noGPU, err error) {
	local := ranks.Local()
	switch {
	case name == "cpu":
		return name, nil, nil
	case strings.Contains(name, ","):
		list := strings.Split(name, ",")
		if local >= len(list) {
			return "", nil, fmt.Errorf("rank %d is number %d on its machine, and %s are %d devices", ranks.Rank(), local, name, len(list))
		}
		return strings.TrimSpace(list[local]), nil, nil
	case name != "auto" && name != "" && name != "all" && ranks.LocalSize() > 1:
		return "", nil, fmt.Errorf("%d ranks of one machine cannot share GPU %s: leave it out, and each takes that of its number there", ranks.LocalSize(), name)
	case name != "auto" && name != "" && name != "all":
		return name, nil, nil
	}
	infos, err := gpu.List()
	if err == nil && len(infos) == 0 {
		err = ErrNoGPU
	}
	switch {
	case err != nil && name == "all":
		return "", nil, err
	case err != nil:
		return "cpu", err, nil
	case len(infos) == 1: // a launcher that gives each rank its own shows it that one alone
		return "0", nil, nil
	case local >= len(infos):
		return "", nil, fmt.Errorf("rank %d is number %d on its machine, which has %d GPUs: start as many ranks as there are, or name some (--device)", ranks.Rank(), local, len(infos))
	}
	return strconv.Itoa(local), nil, nil
}

// openCPURank opens the CPU, whose ranks add up by MPI.
func openCPURank(o DeviceOptions) (Device, error) {
	if o.Precision != backend.FP32 {
		return openCPU(o, "the ranks have none")
	}
	world, err := dist.MPI(o.Ranks)
	if err != nil {
		return nil, &DeviceError{"cpu", err}
	}
	o.Ranks.Use(world)
	dev, err := cpu.Open(cpu.Options{Reducer: world})
	if err != nil {
		return nil, &DeviceError{"cpu", err}
	}
	return dev, nil
}

// openGPURank opens a GPU, which adds up with the others by NCCL.
func openGPURank(n int, o DeviceOptions) (Device, error) {
	name, job := strconv.Itoa(n), o.Ranks
	var id []byte
	var err error
	if job.Rank() == 0 {
		id, err = gpu.NewRanksID(o.NCCL)
	}
	if err := joint.Agree(job, err); err != nil {
		return nil, &DeviceError{name, err}
	}
	all, err := job.Exchange(id)
	if err != nil {
		return nil, err
	}
	dev, err := openGPU(n, o, &gpu.Ranks{ID: all[0], Rank: job.Rank(), Size: job.Size()})
	if err != nil {
		return nil, err
	}
	if sums, ok := dev.(dist.Engine); ok {
		job.Use(sums)
	}
	if waits, ok := dev.(interface{ Abort() }); ok {
		go func() {
			select {
			case <-job.Failed():
				waits.Abort() // what waits for a rank that is gone
			case <-job.Done():
			}
		}()
	}
	return dev, nil
}

// GPUs returns the GPUs that a list names, as "0,1" or "all", and whether it is one. A [DeviceError] says that the machine
// has not all of them.
func GPUs(device string) (numbers []string, is bool, err error) {
	if device != "all" && !strings.Contains(device, ",") {
		return nil, false, nil
	}
	if device != "all" {
		seen := map[int]bool{}
		for _, text := range strings.Split(device, ",") {
			n, bad := strconv.Atoi(strings.TrimSpace(text))
			if bad != nil || n < 0 || seen[n] {
				return nil, true, &SettingsError{Field: "Device", Msg: fmt.Sprintf("is %q: expected GPUs' numbers as in 0,1, each once", device)}
			}
			seen[n] = true
			numbers = append(numbers, strconv.Itoa(n))
		}
	}
	infos, err := gpu.List()
	if err == nil && len(infos) == 0 {
		err = ErrNoGPU
	}
	if err != nil {
		return nil, true, &DeviceError{append(numbers, device)[0], err}
	}
	for n := range infos {
		if device == "all" {
			numbers = append(numbers, strconv.Itoa(n))
		}
	}
	for _, text := range numbers {
		if n, _ := strconv.Atoi(text); n >= len(infos) {
			return nil, true, &DeviceError{text, fmt.Errorf("there is no such GPU: the machine has %d", len(infos))}
		}
	}
	return numbers, true, nil
}
