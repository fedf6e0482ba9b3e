package main

import (
	"github.com/aegpu/aegpu/model"
	"github.com/urfave/cli/v2"
)

func newReconstructCommand(s *streams) *cli.Command {
	t := transform{
		in: width, takes: inputOfModel, rows: (*model.Model).Reconstruct, least: 1, at: (*model.Model).ReconstructAt,
	}
	return &cli.Command{
		Name:        "reconstruct",
		Usage:       "send examples through the code and back",
		ArgsUsage:   "RUN [DATA] -o FILE",
		Description: "Writes the reconstruction of every row of DATA, or of the run's own data.\n\n  aegpu reconstruct runs/ae-mnist-1 data/mnist -o out.npy",
		Flags:       append(transformFlags("the reconstructions"), levelFlag("that of each row")),
		Action:      func(c *cli.Context) error { return t.run(c, s) },
	}
}
