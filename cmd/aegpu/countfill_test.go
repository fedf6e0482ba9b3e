package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Counts that are filled in, drawn or made again are whole numbers from 0 on, by way of ln(1+x) where the code is not drawn and by
// their likelihood where it is; those that are there stay as they are.
func TestFilledCountsAreWhole(t *testing.T) {
	rng, dir := rand.New(rand.NewPCG(4, 4)), t.TempDir()
	text, file, out := "a,b,c,x\n", filepath.Join(dir, "counts.csv"), filepath.Join(dir, "out.csv")
	var gaps [][]string
	for range 200 {
		u, row := rng.ExpFloat64(), make([]string, 4)
		for j := range row {
			if row[j] = strconv.Itoa(int(math.Floor(u * float64(j) * 5 * rng.ExpFloat64()))); j == 3 {
				row[j] = fmt.Sprintf("%.3f", u+rng.NormFloat64())
			} else if rng.IntN(8) == 0 {
				row[j] = ""
			}
		}
		text += strings.Join(row, ",") + "\n"
		gaps = append(gaps, row)
	}
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	for model, fills := range map[string][]string{"ae": {"--fill"}, "vae": {"--fill", "--draws", "3"}} {
		run := filepath.Join(dir, model)
		must(t, "train", file, "--types", "a=count", "--types", "b=count", "--types", "c=count", "--model", model, "--out", run, "--hidden", "16", "--latent", "2", "--epochs", "20", "--device", "cpu", "-q")
		for _, args := range [][]string{append([]string{"reconstruct", run, file}, fills...), {"reconstruct", run, file}, {"sample", run, "-n", "100"}} {
			must(t, append(args, "-o", out, "--device", "cpu", "-q")...)
			_, columns := table(t, out)
			for j, name := range []string{"a", "b", "c"} {
				for i, cell := range columns[name] {
					if n, err := strconv.Atoi(cell); err != nil || n < 0 {
						t.Fatalf("%v: a count of %q in row %d", args, cell, i)
					}
					if filled := slices.Contains(args, "--fill"); filled && len(columns[name]) == len(gaps) && gaps[i][j] != "" && gaps[i][j] != cell {
						t.Fatalf("%v: row %d: %s is %q, and was %q", args, i, name, cell, gaps[i][j])
					}
				}
			}
		}
	}
}
