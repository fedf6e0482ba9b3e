package data

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// answered is a file of numbers and a column flag of those texts in turn, 24 rows.
func answered(t *testing.T, texts ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "flags.csv")
	text := rows("a,flag", 24, func(i int) string { return fmt.Sprintf("%d.5,%s", i*i%7, texts[i%len(texts)]) })
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// flags are the numbers of the first rows of the column flag.
func flags(s *Set, n int) (flags []float64) {
	for i := range n {
		flags = append(flags, s.At(i, 1))
	}
	return flags
}

// Answers are yes/no columns, no 0 and yes 1, by themselves where they are one pair, and where it is asked for.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		texts, want string
		asked       bool
		levels      string
		found       string
	}{
		{"True False", "[1 0]", false, "[False True]", ""},
		{"true false", "[1 0]", false, "[false true]", ""},
		{"no yes", "[0 1]", false, "[no yes]", ""},
		{"Y N", "[1 0]", false, "[N Y]", ""},
		{"f t", "[0 1]", false, "[f t]", ""},
		{"0 1", "[0 1]", false, "[]", ""},
		{"True true False FALSE", "[1 1 0 0]", false, "[False true]", `"True" as "true"`},
		{"True 1 no 0.0", "[1 1 0 0]", true, "[no True]", `"1" as "True"`},
		{"yes true off", "[1 1 0]", true, "[off yes]", `"true" as "yes"`},
		{"1 0 yes", "[1 0 1]", true, "[0 yes]", `"1" as "yes"`},
		{"yes yes", "[1 1]", true, "[no yes]", ""},
		{"0 1", "[0 1]", true, "[]", ""},
	} {
		how, texts := Reading{}, strings.Fields(c.texts)
		if c.asked {
			how.Types = []string{"flag=yes/no"}
		}
		src := mustRead(t, answered(t, texts...), how)
		column := src.Train.Columns[1]
		if got := fmt.Sprint(flags(src.Train, len(texts))); got != c.want || column.Kind != YesNo || fmt.Sprint(column.Levels) != c.levels {
			t.Errorf("%s: %s, %s of %q", c.texts, got, column.Kind, column.Levels)
		}
		if c.found == "" && has(src.Found, "what they mean") || !has(src.Found, c.found) {
			t.Errorf("%s: %q", c.texts, src.Found)
		}
	}
	for _, texts := range []string{"yes no perhaps", "00 01", "yes true no"} {
		if c := mustRead(t, answered(t, strings.Fields(texts)...), Reading{}).Train.Columns[1]; c.Kind != Category {
			t.Errorf("%s: %s", texts, c.Kind)
		}
	}
	for texts, want := range map[string]string{"no yes perhaps": `line 4: column 2 ("flag"): "perhaps": expected yes and no`, "0 1 2": `line 4: column 2 ("flag"): 2: expected 0 or 1`} {
		if _, err := Read(t.Context(), answered(t, strings.Fields(texts)...), Reading{Types: []string{"flag=yes/no"}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", texts, err)
		}
	}
}

// A model takes answers however they are written, booleans of Parquet among them, and refuses what is none.
func TestAnswersOfOtherData(t *testing.T) {
	booleans := filepath.Join(t.TempDir(), "flags.parquet")
	s := mustRead(t, answered(t, "0", "1"), Reading{}).Train
	if err := Write(booleans, s); err != nil {
		t.Fatal(err)
	}
	all := []string{booleans, answered(t, "0", "1"), answered(t, "0.0", "1.0"), answered(t, "no", "yes"), answered(t, "False", "True"), answered(t, "No", "1", "n", "y")}
	for _, trained := range all[:5] {
		src := mustRead(t, trained, Reading{})
		p := fitted(t, src.Train, PreparationOptions{})
		for _, file := range all {
			again := mustRead(t, file, Reading{As: p})
			match, err := p.Match(again.Train)
			if err != nil || fmt.Sprint(flags(match, 4)) != "[0 1 0 1]" {
				t.Errorf("%s as %q: %v, %v", file, p.Columns[1].Levels, flags(again.Train, 4), err)
			}
		}
		_, err := Read(t.Context(), answered(t, "no", "maybe"), Reading{As: p})
		if err == nil || !strings.Contains(err.Error(), `line 3: column 2 ("flag"): "maybe": expected yes and no`) {
			t.Error(err)
		}
		if _, err := Read(t.Context(), answered(t, "0", "2"), Reading{As: p}); err == nil || !strings.Contains(err.Error(), `"2": expected yes and no`) {
			t.Error(err)
		}
	}
}

// Levels of a category are found by their texts, else by their numbers where one alone has that number, and it is said.
func TestLevelsOfTheSameNumber(t *testing.T) {
	table := func(levels ...string) string {
		return file(t, "a.csv", rows("d,x", 2*len(levels), func(i int) string { return fmt.Sprintf("%s,%d.5", levels[i%len(levels)], i) }))
	}
	p := fitted(t, mustRead(t, table("1", "2", "03", "3", "a"), Reading{Types: []string{"d=category"}}).Train, PreparationOptions{})
	src := mustRead(t, table("1.0", "2", "03", "a"), Reading{As: p})
	for i, want := range []string{"1", "2", "03", "a"} {
		if got := p.Columns[0].Levels[int(src.Train.At(i, 0))]; got != want {
			t.Errorf("row %d: %q, want %q", i+1, got, want)
		}
	}
	if found := strings.Join(src.Found, " "); !strings.Contains(found, `d: levels of the same number: "1.0" as "1"`) {
		t.Errorf("not said: %q", found)
	}
	_, err := Read(t.Context(), table("1", "3.0"), Reading{As: p})
	wantError(t, err, `level "3.0" was not there`)
}
