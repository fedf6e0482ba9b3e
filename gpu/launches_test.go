//go:build cuda

package gpu

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/bench"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/gpu/cudasim"
	"github.com/aegpu/aegpu/gpu/plan"
	"github.com/aegpu/aegpu/model"
)

// launchesOf is how many launches a step on so many rows of bytes is planned to take,
// on paper.
func launchesOf(t *testing.T, spec model.Spec, o model.TrainingOptions, rows int, p Precision) int {
	t.Helper()
	o.Batch = (rows + max(1, o.Accumulate) - 1) / max(1, o.Accumulate)
	tr, err := model.PaperTraining(spec, rows, true, o)
	if err != nil {
		t.Fatal(err)
	}
	made, err := plan.Make(tr.Step(rows), plan.Options{Precision: p, Step: true, SMs: plan.DefaultSMs})
	if err != nil {
		t.Fatal(err)
	}
	return len(made.Items)
}

// netRows is a data set of rows of 784 bytes.
func netRows(rows int) *data.Set {
	return &data.Set{Name: "pixels", Rows: rows, Cols: 784, U8: pixels(rows, 784)}
}

// The steps of docs/benchmarks/launches.md have as many nodes as it says from plans
// alone: all variants and all nets in every precision.
func TestLaunchesArePlanned(t *testing.T) {
	sim := simulator(t)
	const rows = 128
	held := func(name string, spec model.Spec, p Precision) {
		t.Run(fmt.Sprint(name, " ", p), func(t *testing.T) {
			d := open(t, Options{Precision: p, Tuning: TuningOff})
			defer shut(t, d.(*Device))
			wantNodes(t, "a step", nodesOf(t, d, spec, rows), launchesOf(t, spec, adam, rows, p))
		})
	}
	for _, p := range []Precision{FP32, TF32, BF16} {
		for _, v := range model.Variants(784, []int{512, 256}, 32) {
			held(v.Name, v.Spec, p)
		}
		for _, n := range bench.Nets {
			c, err := n.Config()
			if err != nil {
				t.Fatal(err)
			}
			spec, err := c.Spec(784)
			if err != nil {
				t.Fatal(err)
			}
			if !testing.Short() || n.Name != "w" { // of 41 million parameters
				held("net "+n.Name, spec, p)
			}
		}
	}
	sound(t, sim)
}

// nodesOf is how many launches a step on so many rows of bytes takes.
func nodesOf(t *testing.T, d backend.Device, spec model.Spec, rows int) int {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	m, err := model.New(d, spec, 1)
	must(err)
	defer m.Close()
	x, err := d.AllocBytes(rows, spec.Inputs, pixels(rows, spec.Inputs))
	must(err)
	defer x.Mem.Free()
	o := adam
	o.Batch, o.Steps = rows, 1
	tr, err := m.NewTraining(model.Resident{Rows: x}, o)
	must(err)
	defer tr.Close()
	must(tr.Prepare(rows))
	return tr.Launches(rows)
}

// movedFile is where docs/benchmarks/launches.md has from what launches move.
const movedFile = "../docs/benchmarks/moved.json"

var update = flag.Bool("update", false, "write "+movedFile)

// The bytes that launches move are those that are written down, by net, batch and
// precision. All take minutes: without -update two nets are counted.
func TestMovedBytes(t *testing.T) {
	if sim := simulator(t); sim.Kind != "checked" {
		t.Skipf("the %s simulator does not know what a kernel touches", sim.Kind)
	}
	t.Setenv(cudasim.BytesEnv, "1")
	written, counted := map[string]int{}, map[string]int{}
	if text, err := os.ReadFile(movedFile); err != nil || json.Unmarshal(text, &written) != nil {
		t.Logf("%s cannot be read: %v", movedFile, err)
	}
	for _, n := range bench.Nets {
		for _, batch := range []int{128, 2048} {
			for _, p := range []Precision{FP32, BF16} {
				few := batch == 128 && (n.Name == "c" || n.Name == "e")
				if !few && !*update || n.Name == "w" && batch > 128 {
					continue
				}
				key := fmt.Sprintf("%s %d %v", n.Name, batch, p)
				counted[key] = movedBytes(t, n, batch, p)
				if !*update && counted[key] != written[key] {
					t.Errorf("net, batch, precision %s: %d bytes, %s says %d: go on with -update", key, counted[key], movedFile, written[key])
				}
			}
		}
	}
	if *update {
		text, err := json.MarshalIndent(counted, "", " ")
		if err == nil {
			err = os.WriteFile(movedFile, append(text, '\n'), 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func movedBytes(t *testing.T, n bench.Net, batch int, p Precision) int {
	t.Helper()
	c, err := n.Config()
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, Options{Precision: p, Tuning: TuningOff})
	defer shut(t, d.(*Device))
	c.Precision = p
	point, err := bench.Step(t.Context(), d, c, netRows(128), batch, bench.Ceiling{}, bench.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return point.BytesRead + point.BytesWritten
}
