package gpu

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/plan"
)

// Precision is what the operands of matrix products are rounded to.
type Precision = plan.Precision

// The precisions.
const (
	FP32 = plan.FP32
	TF32 = plan.TF32
	BF16 = plan.BF16
)

// ParsePrecision is the precision of that name.
func ParsePrecision(name string) (Precision, error) { return backend.ParsePrecision(name) }

// Options are how a GPU is opened. The zero Options are the usual ones.
type Options struct {
	Precision Precision
	Debug     bool // wait after every launch, so that an error names its kernel
	// OneStream has every operation of a step wait for the one before it, as without
	// the second stream that makes weight gradients; the results are the same.
	OneStream bool
	// Tuning is a file that keeps which algorithm is the fastest for every product;
	// by default aegpu/tuning.jsonl in the user's cache ([os.UserCacheDir]). A product
	// that is not in it is measured when it is first planned, and added. Runs with the
	// same file make the same choices, and so give the same bits. "off" measures
	// nothing: every product takes the library's first proposal, as it does where the
	// default file cannot be written (Info says so).
	Tuning string
	// Warn is told, in a line, what goes on otherwise than it was said when the device
	// was opened; nil tells nobody.
	Warn func(line string)
	// CuBLASLt is the path of libcublasLt.so; by default what AEGPU_LIBCUBLASLT names,
	// or one that is found: the loader's, a toolkit's, a Python package's.
	CuBLASLt string
	// Ranks has the device train with those of other processes, or of other goroutines of this one: nil where it is
	// alone.
	Ranks *Ranks
	// NCCL is the path of libnccl.so.2, which adds up over the ranks; by default what AEGPU_LIBNCCL names, or one that is
	// found where cuBLASLt is looked for. It is not opened without Ranks.
	NCCL string
}

// Ranks is the part of a device in a job: as one of so many, each on a GPU of its own.
type Ranks struct {
	ID         []byte // what [NewRanksID] made for all of them
	Rank, Size int
}

// ErrTuning is wrapped by the error of a file of Options.Tuning that cannot be used.
var ErrTuning = backend.ErrTuning
