package main

import (
	"github.com/aegpu/aegpu/data"
	"github.com/urfave/cli/v2"
)

// fromInput sees to data that come from standard input: they have to be given again by whoever goes on with the run, or
// takes its settings.
func (o *trainOptions) fromInput(c *cli.Context) error {
	const gone = "%s of these settings came from standard input: give the same again, as in aegpu train %s ... < FILE"
	for _, p := range []struct{ flag, data string }{{"test-data", o.config.TestData}, {"val-data", o.config.ValData}} {
		if p.data == data.StandardInput && !c.IsSet(p.flag) {
			return wrong(gone, "the "+p.flag, "--"+p.flag+" -")
		}
		if p.data == data.StandardInput {
			o.gpu = append(o.gpu, "--"+p.flag, data.StandardInput) // of the command that goes on
		}
	}
	if o.config.Data != data.StandardInput {
		return nil
	}
	if c.NArg() == 0 {
		return wrong(gone, "the data", "-")
	}
	o.gpu = append(o.gpu, data.StandardInput)
	return nil
}
