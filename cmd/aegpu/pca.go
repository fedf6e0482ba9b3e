package main

import (
	"fmt"
	"math"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/eval"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
	"github.com/aegpu/aegpu/train"
	"github.com/urfave/cli/v2"
)

func newPCACommand(s *streams) *cli.Command {
	flags := gpuFlags("Run")
	for _, f := range settingFlags() {
		switch f.Names()[0] {
		case "latent", "limit", "test", "val", "scale", "missing", "seed", "device", "memory":
			flags = append(flags, f)
		}
	}
	return &cli.Command{
		Name:        "pca",
		Usage:       "the linear baseline: PCA at a code size",
		ArgsUsage:   "[DATA]",
		Description: "Fits PCA to the training rows of DATA (default builtin:glyphs) and measures it on the test rows.\n\n  aegpu pca data/mnist --latent 30 --val 0",
		Flags:       append(flags, jsonFlag(), quietFlag()),
		Action:      func(c *cli.Context) error { return s.jointly(c, runPCA) },
	}
}

// pcaResult is what the command prints as JSON.
type pcaResult struct {
	Device   string        `json:"device"`
	Model    string        `json:"model"`
	Data     string        `json:"data"`
	Variance float64       `json:"explained_variance"` // share of the training part's
	Test     *eval.Summary `json:"test,omitempty"`
	Val      *eval.Summary `json:"validation,omitempty"`
}

func runPCA(c *cli.Context, s *streams) error {
	if err := arguments(c, 0, 1); err != nil {
		return err
	}
	config, err := readConfig(c, "")
	if err != nil {
		return err
	}
	config.Loss = settings.Loss{Likelihood: model.Squared{}}
	if c.NArg() > 0 {
		config.Data = c.Args().First()
	}
	if err := config.Validate(); err != nil {
		return &requestError{err}
	}
	if config.Missing == data.MissingMask {
		return wrong("--missing is mask, and pca takes every cell: expected refuse, mean or median")
	}
	dev, err := s.openDevice(c, config.Device, backend.FP32)
	if err != nil {
		return err
	}
	defer dev.Close()
	sets, err := train.Load(c.Context, config)
	if err != nil {
		return err
	}
	test, part := heldOut(sets)
	if test == nil {
		return wrong("no rows are held out to measure on: set --test or --val above 0")
	}
	rows, err := eval.Prepared(sets.Preparation, sets.Train)
	if err != nil {
		return err
	}
	size, err := codeSize(c, s, dev, &config, sets, rows)
	if size, err = s.firstSize(size, err); err != nil {
		return err
	}
	pca, err := eval.FitPCA(c.Context, dev, eval.Shared(eval.SetRows(rows), s.ranks), size)
	if err != nil {
		return err
	}
	sum, err := eval.SummariseLinear(c.Context, dev, pca, sets.Preparation, sets.Train, test, s.ranks)
	if err != nil || !s.firstRank() {
		return err
	}
	if !c.Bool("json") {
		fmt.Fprintf(s.out, "PCA-%d keeps %.1f %% of the variance of %d training rows\n", pca.K(), 100*kept(pca), sets.Train.Rows)
		writeFigures(s.out, "PCA", part, sum)
		return nil
	}
	r := pcaResult{Device: dev.Info().Name, Model: "pca", Data: config.Data, Variance: kept(pca)}
	r.Test, r.Val = byPart(part, sum)
	return s.writeJSON(r)
}

// kept is the share of the variance that PCA keeps.
func kept(pca *eval.PCA) float64 {
	kept := 0.0
	for _, v := range pca.Variance {
		kept += v / max(pca.Total, math.SmallestNonzeroFloat64)
	}
	return kept
}

// codeSize is the code size that was asked for, or where none was the one that a training would take.
func codeSize(c *cli.Context, s *streams, dev backend.Device, config *settings.Config, sets *train.Sets, rows *data.Set) (int, error) {
	size, most := int(config.Latent), min(rows.Rows, rows.Cols)
	if config.Latent == settings.Auto {
		found, why, err := sets.CodeSize(c.Context, dev)
		if err == nil && !c.Bool("quiet") {
			s.say([]string{fmt.Sprintf("%d components: %s (--latent N)", found, why)})
		}
		return min(found, most), err
	}
	if size > most {
		return 0, wrong("--latent is %d: expected at most %d for %d rows of %d columns", size, most, rows.Rows, rows.Cols)
	}
	return size, nil
}

// byPart puts a summary under the name of the part that it is of.
func byPart(part string, s *eval.Summary) (test, validation *eval.Summary) {
	if part == "validation" {
		return nil, s
	}
	return s, nil
}
