package main

import (
	"github.com/aegpu/aegpu/eval"
	"github.com/urfave/cli/v2"
)

func newProbeCommand(s *streams) *cli.Command {
	return &cli.Command{
		Name:      "probe",
		Usage:     "measure the code as features",
		ArgsUsage: "RUN",
		Description: "Fits a linear classifier and nearest neighbours to the codes of the training rows and measures them on the test rows,\n" +
			"beside the same on PCA's codes. The data must have labels.\n\n" +
			"  aegpu probe runs/sparse-mnist-1",
		Flags: append(append(deviceFlags(), memoryFlag()),
			&cli.IntFlag{Name: "neighbours", Value: 5, Usage: "`COUNT` of nearest neighbours; 0 leaves them out"},
			seedFlag(), jsonFlag(), quietFlag()),
		Action: func(c *cli.Context) error {
			if err := arguments(c, 1, 1); err != nil {
				return err
			}
			if c.Int("neighbours") < 0 {
				return wrong("--neighbours is %d: expected 0 or more", c.Int("neighbours"))
			}
			return s.evaluate(c, eval.SummaryOptions{Seed: c.Uint64("seed"), Probe: true, KNN: c.Int("neighbours")})
		},
	}
}
