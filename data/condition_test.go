package data_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/data"
)

// table is a file of three columns: two numbers and a batch.
func table(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const batches = "x,batch,y\n1.5,b,2\n2.5,a,3.5\n3,b,4\n4,a,1\n5,b,0.5\n6.25,a,7\n"

func TestConditionIsNoInput(t *testing.T) {
	src, err := data.Read(context.Background(), table(t, batches), data.Reading{Condition: "batch"})
	if err != nil {
		t.Fatal(err)
	}
	s := src.Train
	if s.Cols != 2 || s.ConditionName != "batch" || !slices.Equal(s.Conditions, []int32{1, 0, 1, 0, 1, 0}) || !slices.Equal(s.ConditionLevels, []string{"a", "b"}) {
		t.Fatalf("%d columns, condition %q %v of %q", s.Cols, s.ConditionName, s.Conditions, s.ConditionLevels)
	}
	for what, part := range map[string]*data.Set{"Head": s.Head(2), "Part": s.Part(0, 2), "Subset": s.Subset([]int{0, 1})} {
		if !slices.Equal(part.Conditions, []int32{1, 0}) || part.ConditionName != "batch" {
			t.Errorf("%s has the levels %v of %q", what, part.Conditions, part.ConditionName)
		}
	}
	plain, err := data.Read(context.Background(), table(t, batches), data.Reading{Drop: []string{"batch"}})
	if err != nil {
		t.Fatal(err)
	}
	if data.Fingerprint(plain.Train) == data.Fingerprint(s) {
		t.Error("the fingerprint does not see the condition")
	}
	p, err := data.FitPreparation(s, data.PreparationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	prepared, err := p.Apply(s)
	if err != nil || !slices.Equal(prepared.Conditions, s.Conditions) {
		t.Errorf("prepared rows have the levels %v: %v", prepared.Conditions, err)
	}
}

// TestConditionIsMatched reads other data with the levels in another order and the columns too.
func TestConditionIsMatched(t *testing.T) {
	src, err := data.Read(context.Background(), table(t, batches), data.Reading{Condition: "batch"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := data.FitCondition(src.Train)
	if err != nil || !slices.Equal(c.Rows, []int{3, 3}) {
		t.Fatalf("%+v: %v", c, err)
	}
	p, err := data.FitPreparation(src.Train, data.PreparationOptions{})
	if err != nil {
		t.Fatal(err)
	}
	read := func(text string) (*data.Set, error) {
		src, err := data.Read(context.Background(), table(t, text), data.Reading{As: p, Condition: c.Name})
		if err != nil {
			return nil, err
		}
		return c.Match(src.Train)
	}
	s, err := read("batch,y,x\nb,1.5,2\nb,2,3\n")
	if err != nil || !slices.Equal(s.Conditions, []int32{1, 1}) || s.At(0, 0) != 2 {
		t.Errorf("levels %v, x %v: %v", s.Conditions, s.At(0, 0), err)
	}
	for text, want := range map[string]string{
		"batch,y,x\nc,1.5,2\nb,2,3\n": `level "c" of the condition was not there in the training: expected one of "a" "b"`,
		"batch,y,x\n,1.5,2\nb,2,3\n":  "empty: expected a level of the condition",
		"y,x\n1.5,2\n2,3\n":           `lacks the column "batch", which the model is conditioned on`,
	} {
		if _, err := read(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, expected %q", text, err, want)
		}
	}
	if _, err := c.Match(src.Train.Subset([]int{0})); err != nil {
		t.Error(err)
	}
	bare := *src.Train
	bare.Conditions = nil
	if _, err := c.Match(&bare); err == nil || !strings.Contains(err.Error(), `rows without "batch"`) {
		t.Error(err)
	}
	if _, err := c.Level("z"); err == nil || !strings.Contains(err.Error(), `"z" is no level of the condition "batch": expected one of "a" "b"`) {
		t.Error(err)
	}
}

func TestConditionThatIsTheLabels(t *testing.T) {
	text := strings.ReplaceAll(batches, "batch", "class")
	for _, name := range []string{"label", "class"} {
		src, err := data.Read(context.Background(), table(t, text), data.Reading{Condition: name})
		if err != nil {
			t.Fatal(err)
		}
		s := src.Train
		if s.Cols != 2 || s.ConditionName != "class" || s.LabelName != "class" || !slices.Equal(s.Conditions, s.Labels) {
			t.Errorf("--condition %s: %d columns, condition %q %v, labels %q %v", name, s.Cols, s.ConditionName, s.Conditions, s.LabelName, s.Labels)
		}
	}
	src, err := data.Read(context.Background(), "builtin:glyphs", data.Reading{Condition: "label"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := data.FitCondition(src.Train)
	if err != nil || c.Name != "label" || len(c.Levels) != 10 {
		t.Fatalf("%+v: %v", c, err)
	}
}

func TestConditionsThatAreNone(t *testing.T) {
	for _, one := range []struct{ text, name, want string }{
		{batches, "colour", `no column "colour": expected one of`},
		{batches, "label", "no labels, which the condition is to be"},
		{"x,batch,y\n1,a,2.5\n2,,3\n", "batch", "empty: expected a level of the condition"},
		{"x,batch,y\n1,a,2.5\n2,a,3\n", "batch", "in every row: expected two levels or more"},
		{batches, "x", `"x" has 6 different values in 6 rows`},
	} {
		src, err := data.Read(context.Background(), table(t, one.text), data.Reading{Condition: one.name})
		if err == nil {
			_, err = data.FitCondition(src.Train)
		}
		if err == nil || !strings.Contains(err.Error(), one.want) {
			t.Errorf("--condition %s: %v, expected %q", one.name, err, one.want)
		}
	}
	if _, err := data.Read(context.Background(), table(t, batches), data.Reading{Condition: "batch", Drop: []string{"batch"}}); err == nil || !strings.Contains(err.Error(), "dropped and asked for") {
		t.Error(err)
	}
}
