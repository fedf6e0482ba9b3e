package ref64

import "github.com/aegpu/aegpu/backend"

// AllReduce is v = the sum of v over the ranks.
func (d *Device) allReduce(o backend.AllReduce) {
	if !d.stop(o.Check()) && d.sum != nil {
		d.sum(vec(o.V))
	}
}
