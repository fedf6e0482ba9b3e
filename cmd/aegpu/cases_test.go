package main

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// readTable are the records of a CSV file.
func readTable(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// Tables that people have, through train, encode, reconstruct and score: rows, names, types and units come back.
func TestTablesThroughTheCommands(t *testing.T) {
	at := func(name string) string { return filepath.Join("..", "..", "data", "testdata", name) }
	six := "temperature,pressure,flow,level,speed,torque"
	for _, c := range []struct {
		file   string
		flags  []string // of train
		again  string   // what the other commands read, "" for the same
		rows   int
		header string // of what reconstruct writes
		id     string // of the first row
		said   string
	}{
		{file: "numeric-header.csv", rows: 300, header: "0,1,2,3,4,5", said: "--header no"},
		{file: "pandas-index.csv", rows: 300, header: "," + six, id: "0", said: "names of rows"},
		{file: "pandas-index.csv", again: "columns-reversed.csv", rows: 300, header: six},
		{file: "semicolon-decimal-comma.csv", rows: 300, header: six, said: "decimal mark ','"},
		{file: "hash-header-spaces.txt", rows: 300, header: "gas flow,oil level,speed", said: "comment"},
		{file: "title-line.csv", rows: 300, header: "Unix Timestamp,Open,High,Low,Close,Volume", said: "left out: Date"},
		{file: "title-line.csv", flags: []string{"--types", "Date=date"}, rows: 300, header: "Unix Timestamp,Date,Open,High,Low,Close,Volume"},
		{file: "row-names-counts.csv", rows: 120, header: ",Gene0", id: "Cell_0", said: "40 count"},
		{file: "xyz.csv", rows: 300, header: "x,y,z"},
		{file: "label-named-grade.csv", flags: []string{"--label", "grade"}, rows: 300, header: six + ",grade", said: "labels: grade"},
		{file: "mixed-types.csv", rows: 400, header: "customer,age,city,smoker,income,visits", id: "c000121", said: "1 category (city)"},
		{file: "unix-milliseconds.csv", rows: 300, header: "time,a,b"},
		{file: "ratings.tsv", flags: []string{"--drop", "user,item"}, rows: 1500, header: "rating,timestamp"},
		{file: "one-factor.csv", rows: 2000, header: "SO4,NO3,NH4,OM,BC"},
	} {
		dir := filepath.Join(t.TempDir(), "run")
		args := append([]string{"train", at(c.file), "--out", dir, "--hidden", "8", "--latent", "2", "--epochs", "1", "--device", "cpu"}, c.flags...)
		if o := must(t, args...); !strings.Contains(o.err, c.said) {
			t.Errorf("%s: %q is not said in %s", c.file, c.said, o.err)
		}
		if c.again == "" {
			c.again = c.file
		}
		out := filepath.Join(t.TempDir(), "out.csv")
		for _, command := range []string{"encode", "reconstruct", "score"} {
			must(t, command, dir, at(c.again), "-o", out, "--device", "cpu", "-q")
			table := readTable(t, out)
			header := strings.Join(table[0], ",")
			if len(table) != c.rows+1 || command == "reconstruct" && !strings.HasPrefix(header, c.header) || c.id != "" && table[1][0] != c.id {
				t.Errorf("%s, %s: %d rows of %s: %q", command, c.again, len(table)-1, header, table[1])
			}
			for _, cell := range table[1] {
				if v, err := strconv.ParseFloat(cell, 64); err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
					t.Errorf("%s, %s: %q", command, c.again, table[1])
				}
			}
		}
	}
}

// What a mixed table gives back are its own texts and units.
func TestMixedTableComesBack(t *testing.T) {
	file := filepath.Join("..", "..", "data", "testdata", "mixed-types.csv")
	dir := filepath.Join(t.TempDir(), "run")
	must(t, "train", file, "--types", "joined=date,visits=count", "--out", dir, "--hidden", "64", "--latent", "8", "--epochs", "60", "--batch", "128", "--device", "cpu", "-q")
	out := filepath.Join(t.TempDir(), "out.csv")
	cities := []string{}
	for _, r := range readTable(t, file)[1:] {
		cities = append(cities, r[2])
	}
	for _, args := range [][]string{{"reconstruct", dir, file}, {"sample", dir, "-n", "50", "--means"}, {"sample", dir, "-n", "50"}} {
		youngest, oldest := 10.0, 110.0
		if args[0] == "sample" && len(args) == 4 { // draws, of a Gaussian
			youngest, oldest = -60, 180
		}
		must(t, append(args, "-o", out, "--device", "cpu", "-q")...)
		table := readTable(t, out)
		column := func(name string) int { return slices.Index(table[0], name) }
		for _, r := range table[1:] {
			age, _ := strconv.ParseFloat(r[column("age")], 64)
			visits, err := strconv.Atoi(r[column("visits")])
			if !slices.Contains(cities, r[column("city")]) || !slices.Contains([]string{"yes", "no"}, r[column("smoker")]) || !(age >= youngest && age <= oldest) ||
				err != nil || visits < 0 || !strings.HasPrefix(r[column("joined")], "20") || len(r[column("joined")]) < 10 {
				t.Fatalf("%s: %q", args, r)
			}
		}
	}
}
