package main

import "github.com/aegpu/aegpu/data"

// fromInput sees to data that come from standard input: they have to be given again by whoever goes on with the run, or
// takes its settings.
func (o *trainOptions) fromInput(named bool) error {
	switch {
	case o.config.Data != data.StandardInput:
	case !named:
		return wrong("the settings are of a training on standard input: give the same data again, as in aegpu train - ... < FILE")
	default:
		o.gpu = append(o.gpu, data.StandardInput) // of the command that goes on
	}
	return nil
}
