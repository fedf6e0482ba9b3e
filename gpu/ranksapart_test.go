//go:build cuda

package gpu

import (
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/nccl"
)

// TestRanksInTwoProcesses runs a step as two processes, each with a device 0 of its own, and as two devices of this one: the
// same bits come of it.
func TestRanksInTwoProcesses(t *testing.T) {
	if rank := os.Getenv("RANK_OF_TWO"); rank != "" {
		rankOfTwo(t, int(rank[0]-'0'))
		return
	}
	simulator(t)
	id, err := NewRanksID("")
	if err != nil {
		t.Fatal(err)
	}
	outs, sums := make([]string, 2), make([][]string, 2)
	eachOf(make([]*Device, 2), func(rank int, _ *Device) {
		outs[rank] = again(t, "TestRanksInTwoProcesses", fmt.Sprint("RANK_OF_TWO=", rank), "RANKS_ID="+hex.EncodeToString(id))
		sums[rank] = regexp.MustCompile(`sums: .*`).FindAllString(outs[rank], -1)
	})
	if len(sums[0]) != 1 || !slices.Equal(sums[0], sums[1]) {
		t.Fatalf("rank 0 says\n%s\nrank 1\n%s", outs[0], outs[1])
	}
	all, sim := together(t, 2, Options{})
	eachOf(all, func(rank int, d *Device) {
		if got := sumsOf(t, d, rank); !strings.HasSuffix(sums[0][0], got) {
			t.Errorf("as rank %d in one process: %s, in two: %s", rank, got, sums[0][0])
		}
	})
	part(t, all, sim)
}

func rankOfTwo(t *testing.T, rank int) {
	sim := simulator(t)
	id, err := hex.DecodeString(os.Getenv("RANKS_ID"))
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, Options{Ranks: &Ranks{ID: id, Rank: rank, Size: 2}}).(*Device)
	t.Logf("sums: %s", sumsOf(t, d, rank))
	shut(t, d)
	sound(t, sim)
}

// sumsOf is what a few steps leave.
func sumsOf(t *testing.T, d *Device, rank int) string {
	s := newRanksStep(t, d, rank)
	p, err := d.Compile(s.list)
	if err != nil {
		t.Error(err)
		return ""
	}
	p.Launch(3)
	v := make([]float32, s.used.Len())
	d.Download(v, s.used)
	if err := d.Sync(); err != nil {
		t.Error(err)
	}
	return fmt.Sprintf("%x", v)
}

// sumFact is a sum over one rank, which is nothing to do for NCCL: that it is found, joins and is captured is.
type sumFact struct {
	What      string  `json:"what"`
	NCCL      string  `json:"nccl"`
	Version   string  `json:"version"`
	MiB       int     `json:"mib"`
	Launches  int     `json:"launches"` // of the step, a copy among them
	US        float64 `json:"us"`
	Unchanged bool    `json:"unchanged"`
}

// TestRankOfOne joins a communicator of one rank, which a machine with one GPU can, and adds up in a captured step.
func TestRankOfOne(t *testing.T) {
	sim := device(t)
	id, err := NewRanksID("")
	if err != nil {
		if sim == nil {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	sizes, runs := []int{1, 8, 64}, 20
	if sim != nil {
		sizes, runs = sizes[:1], 2
	}
	d := open(t, Options{Ranks: &Ranks{ID: id, Size: 1}}).(*Device)
	for _, mib := range sizes {
		x, err := d.Alloc(1, mib<<18)
		if err != nil {
			t.Fatal(err)
		}
		before, after := make([]float32, x.Len()), make([]float32, x.Len())
		for i := range before {
			before[i] = float32(i%1000) - 500
		}
		d.Upload(x, before)
		first := x.Slice(0, 1, 4)
		p, err := d.Compile(backend.List{backend.AllReduce{V: x}, backend.Copy{Dst: x.Slice(4, 1, 4), Src: first}})
		if err != nil {
			t.Fatal(err)
		}
		copy(before[4:8], before[:4])
		p.Launch(1)
		seconds, err := d.Time(func() { p.Launch(runs) })
		if err != nil {
			t.Fatal(err)
		}
		d.Download(after, x)
		f := sumFact{"sum", NCCL(), nccl.Version(), mib, p.(*program).nodes, 1e6 * seconds / float64(runs), slices.Equal(before, after)}
		if !f.Unchanged {
			t.Errorf("%d MiB: the sum over one rank is something else", mib)
		}
		t.Logf("%+v", f)
		report(t, f)
		p.Free()
		x.Mem.Free()
	}
	if err := d.AllReduce([]float64{1}); err != nil {
		t.Error(err)
	}
	shut(t, d)
	sound(t, sim)
}
