//go:build cuda

package gpu

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
	"github.com/aegpu/aegpu/model"
)

// formFact is what a product of a step takes as it is asked for, and in other forms.
type formFact struct {
	What     string             `json:"what"`
	Net      string             `json:"net"`
	Batch    int                `json:"batch"`
	Shape    string             `json:"shape"`
	Epilogue string             `json:"epilogue"`
	Half     bool               `json:"bf16_result"`
	Nodes    int                `json:"nodes"`        // of the library's first proposal
	First    float64            `json:"first"`        // microseconds of that
	Best     map[string]float64 `json:"microseconds"` // of the fastest proposal, by form; -1 where there is none
}

// otherForms are products that could stand in for one, with a kernel before or after it.
var otherForms = map[string]func(*cublaslt.Spec){
	"as it is": func(*cublaslt.Spec) {},
	"plain":    func(s *cublaslt.Spec) { s.Epilogue, s.AuxLD = cublaslt.Plain, 0 },
	"wider":    wider,
	"wider, plain": func(s *cublaslt.Spec) {
		wider(s)
		s.Epilogue, s.AuxLD = cublaslt.Plain, 0
	},
}

// wider makes all widths multiples of 8, as if what is added were zeros.
func wider(s *cublaslt.Spec) {
	for _, n := range []*int{&s.M, &s.N, &s.K} {
		*n = (*n + 7) / 8 * 8
	}
	s.LDA, s.LDB, s.LDD = max(s.LDA, s.M), max(s.LDB, s.K), max(s.LDD, s.M)
	if s.TransA {
		s.LDA = max(s.LDA, s.K)
	}
	if s.TransB {
		s.LDB = max(s.LDB, s.N)
	}
}

// TestOtherForms times the products of some nets in bf16, for scripts/gpu-check.sh.
func TestOtherForms(t *testing.T) {
	if !reporting() {
		t.Skip("nothing is compared: it only reports times")
	}
	device(t)
	wide, narrow := model.Variants(784, []int{512, 256}, 32), model.Variants(784, []int{400}, 20)
	vae := narrow[slices.IndexFunc(narrow, func(v model.Variant) bool { return v.Name == "VAE" })]
	for _, batch := range []int{64, 2048, 8192} {
		for _, v := range []model.Variant{vae, wide[0]} {
			t.Run(fmt.Sprint(v.Name, " ", batch), func(t *testing.T) {
				d := open(t, Options{Precision: BF16, Tuning: TuningOff}).(*Device)
				defer shut(t, d)
				training(t, d, v.Spec, adam, batch, 1)
				for _, a := range d.asked {
					if a.err == nil {
						f := formFact{What: "forms", Net: v.Name, Batch: batch, Shape: shapeOf(a.spec), Epilogue: epilogueNames[a.spec.Epilogue], Half: a.spec.TypeD == cublaslt.BF16}
						f.race(t, d, a.spec)
						report(t, f)
					}
				}
			})
		}
	}
}

func (f *formFact) race(t *testing.T, d *Device, spec cublaslt.Spec) {
	t.Helper()
	f.Best = map[string]float64{}
	for name, change := range otherForms {
		s := spec
		change(&s)
		f.Best[name] = -1
		err := d.worker.Do(func() error {
			_, err := d.onTrack(s, false, func(track *track) error {
				plan, err := d.lt.Plan(s, workspaceSize, track.operands[3], track.operands[4])
				if err != nil {
					return nil // there is none
				}
				defer plan.Free()
				times := track.race(plan)
				f.Best[name] = times[fastest(times)]
				if name != "as it is" {
					return nil
				}
				f.First = times[0]
				plan.Choose(0)
				f.Nodes, err = track.nodes(plan)
				return err
			})
			return err
		})
		if err != nil {
			t.Errorf("%s, %s: %v", f.Shape, name, err)
		}
	}
}
