package data

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
)

// rows makes a table of text: a header and so many rows of what cell gives.
func rows(header string, n int, cell func(i int) string) string {
	var b strings.Builder
	if header != "" {
		b.WriteString(header + "\n")
	}
	for i := range n {
		b.WriteString(cell(i) + "\n")
	}
	return b.String()
}

// What looks as if it were not meant is named, and nothing else.
func TestDoubts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	real := func() string { return fmt.Sprintf("%.4f", rng.NormFloat64()) }
	pixels := func(n, top int) string {
		words := make([]string, n)
		for k := range words {
			words[k] = fmt.Sprint(rng.IntN(top + 1))
		}
		return strings.Join(words, ",")
	}
	shuffled := rng.Perm(200)
	for name, c := range map[string]struct {
		text string
		how  Reading
		want []string // a part of each
	}{
		"nothing":      {rows("a,b", 200, func(i int) string { return real() + "," + real() }), Reading{}, nil},
		"few rows":     {rows("a,b", 5, func(i int) string { return fmt.Sprint(i, ",", 2*i) }), Reading{}, nil},
		"ids":          {rows("a,b", 200, func(i int) string { return real() + "," + fmt.Sprint(1000+shuffled[i]) }), Reading{}, []string{"as ids do: b: --id"}},
		"rising":       {rows("a,b", 200, func(i int) string { return real() + "," + fmt.Sprint(2*i+i%2) }), Reading{}, []string{"as ids do: b: --id"}},
		"seconds":      {rows("a,t", 200, func(i int) string { return real() + "," + fmt.Sprint(1.7e9+float64(i%7)*86400) }), Reading{}, []string{"unix times: t (seconds, 2023-11-14 to 2023-11-20)"}},
		"milliseconds": {rows("a,t", 200, func(i int) string { return real() + "," + fmt.Sprint(1700000000000+rng.IntN(9)) }), Reading{}, []string{"unix times: t (milliseconds"}},
		"dates":        {rows("a,b", 200, func(i int) string { return real() + "," + fmt.Sprint(20230101+100*(i%12)+i%28) }), Reading{}, []string{"may be dates such as 20241231, whose numbers leap from month to month: b: --types"}},
		"daily dates":  {rows("a,b", 28, func(i int) string { return real() + "," + fmt.Sprint(20230101+i) }), Reading{}, []string{"may be dates"}},
		"few dates":    {rows("a,Buchungsdatum", 6, func(i int) string { return real() + "," + fmt.Sprint(20230101+i) }), Reading{}, []string{"may be dates"}},
		"few numbers":  {rows("a,b", 6, func(i int) string { return real() + "," + fmt.Sprint(20230101+i) }), Reading{}, nil}, "two dates": {rows("a,date", 200, func(i int) string { return real() + "," + fmt.Sprint(20230101+i%2) }), Reading{}, nil},
		"no dates":   {rows("a,date", 200, func(i int) string { return real() + "," + fmt.Sprint(20230101+100*(i%14)) }), Reading{}, nil},
		"twin":       {rows("a,b,c", 200, func(i int) string { v := real(); return v + "," + real() + "," + v }), Reading{}, []string{"c repeats a"}},
		"Fahrenheit": {rows("C,a,F", 200, func(i int) string { v := rng.NormFloat64(); return fmt.Sprintf("%.6f,%s,%.6f", v, real(), 32+1.8*v) }), Reading{}, []string{"F is C times 1.8 + 32"}},
		"constant":   {rows("a,b,c", 200, func(i int) string { return real() + ",1," + real() }), Reading{}, []string{"constant: b"}},
		"wild": {rows("a,b,c", 200, func(i int) string {
			return real() + "," + fmt.Sprint([]int{rng.IntN(50), 1000000}[b2i(i == 77)]) + "," + real()
		}), Reading{}, []string{"one row sets the range: row 78 in b"}},
		"sparse":          {rows("a,b", 400, func(i int) string { return real() + "," + fmt.Sprint([]int{0, 90 + i}[b2i(i%50 == 0)]) }), Reading{}, nil},
		"heavy tail":      {rows("a,b", 400, func(i int) string { v := rng.NormFloat64(); return real() + "," + fmt.Sprint(1+v*v*v*v) }), Reading{}, nil},
		"images":          {rows("", 60, func(i int) string { return pixels(64, 255) }), Reading{Header: "no"}, []string{"--layout 8x8 "}},
		"colours":         {rows("", 60, func(i int) string { return pixels(192, 255) }), Reading{Header: "no"}, []string{"--layout 8x8x3"}},
		"labelled images": {rows("", 60, func(i int) string { return pixels(1, 9) + "," + pixels(64, 255) }), Reading{Header: "no"}, []string{"column 1, whole numbers of 0 to 9, may be labels, and the 64 others images: --label 1 --layout 8x8"}},
		"MNIST":           {rows("label,"+pixelNames(64), 60, func(i int) string { return pixels(1, 9) + "," + pixels(64, 255) }), Reading{}, []string{"--layout 8x8 "}},
		"too large":       {rows("", 60, func(i int) string { return pixels(64, 300) }), Reading{Header: "no"}, nil},
		"years":           {rows("2019,2020,2021", 60, func(i int) string { return real() + "," + real() + "," + real() }), Reading{}, []string{"may be a header, as it counts up: --header yes", "one row sets the range: row 1 in every column"}},
		"years asked for": {rows("2019,2020,2021", 60, func(i int) string { return real() + "," + real() + "," + real() }), Reading{Header: "yes"}, nil},
		"half a header":   {rows("a,2020,2021", 60, func(i int) string { return real() + "," + real() + "," + real() }), Reading{}, []string{"has numbers in it (2020, 2021): --header no"}},
	} {
		src, err := Describe(t.Context(), file(t, "table.csv", c.text), c.how)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		said := strings.Join(src.Doubts, "\n")
		if len(src.Doubts) != len(c.want) {
			t.Errorf("%s: %d doubts, want %d: %s", name, len(src.Doubts), len(c.want), said)
		}
		for _, want := range c.want {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %q is not in %s", name, want, said)
			}
		}
	}
}

func pixelNames(n int) string {
	words := make([]string, n)
	for k := range words {
		words[k] = fmt.Sprintf("pixel%d", k)
	}
	return strings.Join(words, ",")
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// The row that sets the range is named in arrays and in images, large or small, as long as it is one of few.
func TestWildRows(t *testing.T) {
	src := mustRead(t, filepath.Join("testdata", "one-wild-row.npy"), Reading{})
	if len(src.Doubts) != 1 || !strings.Contains(src.Doubts[0], "one row sets the range: row 18 in every column") {
		t.Errorf("%q", src.Doubts)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct {
		rows, cols, side int
		at               []int
		want             string
	}{
		{20000, 3, 0, []int{12345 * 3}, "one row sets the range: row 12346 in column 1"},
		{20000, 3, 0, []int{0, 30001}, "2 rows set the range: row 1 in column 1, "},
		{300, 64, 8, []int{64*7 + 3}, "one row sets the range: row 8 in 1 of 64 columns"},
		{300, 64, 8, nil, ""},
		{19, 3, 0, []int{4}, ""},
		{300, 3, 0, []int{1, 4, 7, 10, 13, 16, 19, 22}, ""},
	} {
		s := &Set{Name: "a", Rows: c.rows, Cols: c.cols, Height: c.side, Width: c.side, Channels: min(c.side, 1)}
		for i := range c.rows * c.cols {
			v := rng.Float32()
			if c.side > 0 && i%c.cols < 8 { // a margin that is nearly always 0
				v = float32(b2i(rng.IntN(200) == 0)) / 255
			}
			s.F32 = append(s.F32, v)
		}
		for _, at := range c.at {
			s.F32[at] = 1e6
		}
		path := filepath.Join(t.TempDir(), "a.npy")
		if err := Write(path, s); err != nil {
			t.Fatal(err)
		}
		said := strings.Join(mustRead(t, path, Reading{}).Doubts, "\n")
		if c.want == "" && said != "" || !strings.Contains(said, c.want) {
			t.Errorf("%d x %d: %q, want %q", c.rows, c.cols, said, c.want)
		}
	}
}

// A column that gives the label away is named where the data are described.
func TestLabelIsGivenAway(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	text := rows("x,code,score,class", 200, func(i int) string {
		class := i % 3
		return fmt.Sprintf("%.3f,%d,%.4f,%s", rng.NormFloat64(), class+3*(i%2), float64(class)+rng.Float64()/2, []string{"a", "b", "c"}[class])
	})
	src, err := Describe(t.Context(), file(t, "a.csv", text), Reading{})
	if err != nil || len(src.Doubts) != 1 || !strings.Contains(src.Doubts[0], "gives the label away: code, score:") {
		t.Errorf("%v %v", src.Doubts, err)
	}
	if doubts := mustRead(t, file(t, "a.csv", text), Reading{}).Doubts; doubts != nil {
		t.Errorf("training: %v", doubts)
	}
}

func TestDescribe(t *testing.T) {
	src, err := Describe(t.Context(), filepath.Join("testdata", "title-line.csv"), Reading{})
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Join(src.Doubts, "\n")
	if !strings.Contains(said, "unix times: \"Unix Timestamp\" (seconds, 2024-01-01 to 2024-01-13)") {
		t.Error(said)
	}
	for k, want := range map[int]string{0: "Unix Timestamp real 300  ", 1: "Date date 300 2024-01-01 00:00:00 to 2024-01-13 11:00:00 dates, --types Date=date takes them as days",
		2: `Symbol text 1 "ABC" 300 one text in all rows`, 7: "Volume real 300  "} {
		c := src.Columns[k]
		if got := fmt.Sprintf("%s %s %d %s %s", c.Name, c.Kind, c.Distinct, c.LevelsText(60), c.Out); got != want || c.Number != k+1 {
			t.Errorf("column %d: %s, want %s", k+1, got, want)
		}
	}
	src, err = Describe(t.Context(), filepath.Join("testdata", "one-wild-row.npy"), Reading{})
	if err != nil || len(src.Columns) != 8 || src.Columns[3].Distinct != 500 || src.Columns[3].Min > -13000 {
		t.Errorf("%v %v", src.Columns, err)
	}
}
