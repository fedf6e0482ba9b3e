package train

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
)

// greys is a small labelled set of bytes: smooth rows of 5 x 5 grey values.
func greys(rows int) *data.Set {
	s := &data.Set{Name: "greys", Rows: rows, Cols: 25, Classes: []string{"even", "odd"}}
	for r := range rows {
		for j := range s.Cols {
			s.U8 = append(s.U8, byte(128+127*((r*r+3*j*r+j*j)%31-15)/15))
		}
		s.Labels = append(s.Labels, int32(r%2))
	}
	return s
}

// hashes is a line a parameter tensor of a trained model: its name, length and the
// digest of its bytes.
func hashes(t *testing.T, preset string) []string {
	t.Helper()
	c := small(t, preset)
	c.Loss = settings.Loss{Likelihood: model.Bernoulli{}} // rows of no picture
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	sets, err := Divide(&data.Source{Train: greys(110)}, c)
	if err != nil {
		t.Fatal(err)
	}
	res, err := Run(context.Background(), dev, c, sets, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Model.Close()
	var lines []string
	for _, p := range res.Model.Params() {
		v, err := res.Model.Weights(p.Name)
		if err != nil {
			t.Fatal(err)
		}
		digest := sha256.New()
		if err := binary.Write(digest, binary.LittleEndian, v); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%s %s %d %x", preset, p.Name, len(v), digest.Sum(nil)))
	}
	slices.Sort(lines)
	return lines
}

// TestParametersAreWhatTheyWere holds the parameters that every preset comes to on
// byte data to the bits of testdata/parameters.txt: a change of the house must not
// change them. Where a change of the mathematics does,
// AEGPU_WRITE_PARAMETERS=1 go test ./train -run WhatTheyWere writes the file anew.
func TestParametersAreWhatTheyWere(t *testing.T) {
	const file = "testdata/parameters.txt"
	if path, _ := simdPath(); path == "gonum" {
		t.Skip("the file holds the bits of the vector paths; gonum's sums have another order")
	}
	var got []string
	for _, preset := range settings.Models() {
		got = append(got, hashes(t, preset)...)
	}
	if os.Getenv("AEGPU_WRITE_PARAMETERS") != "" {
		if err := os.WriteFile(file, []byte(strings.Join(got, "\n")+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSpace(string(text)), "\n")
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("line %d: got %v, want %v", i+1, got[min(i, len(got)):min(i+1, len(got))], want[min(i, len(want)):min(i+1, len(want))])
		}
	}
}

// simdPath is the instruction set that the CPU device computes with here.
func simdPath() (string, error) {
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		return "", err
	}
	defer dev.Close()
	detail := dev.Info().Detail
	if strings.Contains(detail, "gonum") {
		return "gonum", nil
	}
	return detail, nil
}
