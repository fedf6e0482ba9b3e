//go:build cuda

package gpu

import (
	"fmt"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/kernels"
)

// UpdateLAMB moves the parameters one step of LAMB in two launches: moments,
// directions and ratios, for which every gradient must have been seen, then the step.
func (d *Device) UpdateLAMB(params, grads, m, v backend.Tensor, ends []int, trust backend.Sums, o backend.Optimiser, guard backend.Sums, c backend.Clock) {
	check := backend.CheckUpdateLAMB(params, grads, m, v, ends, trust, o, guard)
	if !d.ready("UpdateLAMB", check, tensors{params, grads, m, v}, params, grads, m, v) || !d.clock("UpdateLAMB", c) || !d.holds("UpdateLAMB", guard, 0) || !d.holds("UpdateLAMB", trust, 0) {
		return
	}
	d.runEnded("UpdateLAMB", c, func(rows int) error {
		s, err := d.spanTableFor(ends)
		if err != nil {
			return err
		}
		if 2*s.items > partials {
			return fmt.Errorf("%d parameters are too many", params.Len())
		}
		shaded := d.shaded(params)
		shadows, err := d.shadowTable(params, shaded)
		if err != nil {
			return err
		}
		err = d.launch(kernels.LambFwdF32, s.items, at(params), at(grads), at(m), at(v), sum(trust, 0), sum(guard, 0), clockAt(c),
			pointer(s.at), integer(s.items), integer(len(ends)), integer(o.Decayed), float(o.WeightDecay), float(o.Clip),
			float(o.Beta1), float(o.Beta2), float(o.Eps), d.part(), d.count())
		if err != nil {
			return err
		}
		return d.launch(kernels.TrustFwdF32, d.spread(ceil(params.Len(), 4)), at(params), at(grads), sum(trust, 0), sum(guard, 0),
			clockAt(c), pointer(s.tensors()), integer(params.Len()), integer(len(ends)), shadows, integer(len(shaded)),
			integer(rows), d.count())
	})
}
