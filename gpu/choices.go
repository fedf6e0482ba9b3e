//go:build cuda

package gpu

import (
	"errors"
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/internal/cublaslt"
)

var _ backend.Chooser = (*Device)(nil)

// Machine is what choices hold for: GPU, driver and library.
func (d *Device) Machine() string { return d.machine }

// Choose holds products to the choices kept in a file. Steps that are compiled stay as
// they are.
func (d *Device) Choose(file string, kept []backend.Choice) {
	d.do("Choose", func() error {
		d.held = &tuning{path: file, machine: d.machine}
		for _, c := range kept {
			d.held.choices = append(d.held.choices, choice{Choice: c})
		}
		d.asked = nil
		for key, plan := range d.plans {
			if plan != nil {
				plan.Free()
				delete(d.plans, key)
			}
		}
		return nil
	})
}

// anyOther is the product of the choice that those without one take the first proposal.
const anyOther = "any other"

// Chosen is the algorithms of the products that were asked for since Choose and, where
// nothing is measured, that of any other.
func (d *Device) Chosen() (all []backend.Choice) {
	if d.tuning == nil {
		all = append(all, backend.Choice{Machine: d.machine, Product: anyOther})
	}
	d.do("Chosen", func() error {
		for _, a := range d.asked {
			if a.err == nil {
				all = append(all, backend.Choice{Machine: d.machine, Product: a.product(), Candidate: a.chosen})
			}
		}
		return nil
	})
	return all
}

// hold has plan use the algorithm that is held, and no other.
func (d *Device) hold(plan *cublaslt.Plan, a *asked, candidate int) (err error) {
	if candidate < 0 || candidate >= plan.Candidates() {
		return d.unusable("names algorithm %d of %d for a product of this machine", candidate, plan.Candidates())
	}
	a.chosen, err = d.settle(plan, a.spec, candidate)
	if errors.Is(err, cublaslt.ErrUnsupported) || err == nil && a.chosen != candidate {
		return d.unusable("names algorithm %d for a product, which does not run", candidate)
	}
	return err
}

// unusable is the error of a choice that is held and cannot be taken.
func (d *Device) unusable(format string, args ...any) error {
	return fmt.Errorf("%w: %s %s; without this file algorithms are chosen anew", ErrTuning, d.held.path, fmt.Sprintf(format, args...))
}
