package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/report"
)

// TestPicturesOfTables draws rows with categories, answers and dates as the model sees them, a panel a sample.
func TestPicturesOfTables(t *testing.T) {
	var text strings.Builder
	text.WriteString("a,b,colour,ok,day,n\n")
	for i := range 90 {
		fmt.Fprintf(&text, "%.2f,%.3f,%s,%s,20%02d-0%d-1%d,%d\n", float64(i*7%13), float64(i*31%17)/3,
			[]string{"red", "green", "blue"}[i%3], []string{"yes", "no"}[i*5%7%2], i%20, 1+i%9, i%7, i*3%11)
	}
	csv := write(t, "mixed.csv", text.String())
	divides := write(t, "divides.csv", strings.ReplaceAll(text.String(), "blue", "red"))
	for _, args := range [][]string{
		{csv, "--model", "vae", "--types", "day=date"},
		{csv, "--model", "vae", "--loss", "squared", "--scale", "standard"},
		{divides, "--model", "vae", "--drop", "a,b"},
		{divides, "--model", "vae", "--types", "ok=category,colour=category", "--drop", "a,b,n,day"}, // 64 rows of two columns are as many numbers as 32 of four
	} {
		run := trainTiny(t, append(args, "--latent", "2")...)
		for _, name := range []string{"samples.png", "reconstructions.png", "codes.png"} {
			decoded(t, run, name)
		}
		samples, others := decoded(t, run, "samples.png").Bounds(), decoded(t, run, "reconstructions.png").Bounds()
		if !bytes.Equal(contents(t, run, "samples.png"), samplesOf(t, run)) {
			t.Errorf("%v: samples.png is of other rows", args)
		}
		if samples.Dy() <= others.Dy() { // twelve panels, and six
			t.Errorf("%v: samples of %v, reconstructions of %v", args, samples, others)
		}
	}
}

// samplesOf draws the samples of a run, a panel each as wide as the model's input.
func samplesOf(t *testing.T, run string) []byte {
	t.Helper()
	r, err := findRun(run)
	if err != nil {
		t.Fatal(err)
	}
	dev, err := cpu.Open(cpu.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	m, err := r.load(dev)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	raw, err := m.Sample(t.Context(), shownSamples, r.config.Seed)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := m.Preparation().Apply(raw)
	if err != nil || seen.Cols != m.Spec.Inputs {
		t.Fatal(seen.Cols, err)
	}
	var b bytes.Buffer
	if err := report.Samples(&b, report.Geometry{Width: seen.Cols}, seen.F32); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
