package plan_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/gpu/plan"
)

var update = flag.Bool("update", false, "rewrite testdata")

// memory is a block of no device: a name.
type memory struct{ name string }

func (*memory) Free()            {}
func (m *memory) String() string { return m.name }

// tensor is one in memory of its own.
func tensor(name string, rows, cols int) backend.Tensor {
	return backend.Tensor{Mem: &memory{name}, Rows: rows, Cols: cols}
}

func sums(name string, n int) backend.Sums { return backend.Sums{Mem: &memory{name}, N: n} }

func clock(name string) backend.Clock { return backend.Clock{Mem: &memory{name}} }

// golden is a list and what it is planned with; by default a step in fp32.
type golden struct {
	name string
	plan.Options
	apart bool // not a step
	list  backend.List
}

// planned is the plan of the list as text, or what is wrong with it.
func (g golden) planned() string {
	if err := g.list.Check(); err != nil {
		return "the list is wrong: " + err.Error()
	}
	o := g.Options
	o.Step, o.SMs = !g.apart, plan.DefaultSMs
	p, err := plan.Make(g.list, o)
	if err != nil {
		return fmt.Sprintf("error: %v\n", err)
	}
	text := p.String()
	for _, b := range p.Buffers {
		text += fmt.Sprintf("has %v of %d bytes\n", b, b.Bytes)
	}
	return text
}

// text is the case as it stands in testdata.
func (g golden) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "== %s (%v)\n", g.name, g.Precision)
	for _, op := range g.list {
		fmt.Fprintf(&b, "%s\n", backend.Describe(op, func(t backend.Tensor) string { return fmt.Sprintf("%s:%v", plan.Name(t), t) }))
	}
	return b.String() + "->\n" + g.planned() + "\n"
}

// check holds the plans of cases to testdata/NAME.txt.
func check(t *testing.T, name string, cases []golden) {
	t.Helper()
	var b strings.Builder
	named := map[string]bool{}
	for _, g := range cases {
		key := fmt.Sprintf("%s (%v)", g.name, g.Precision)
		if named[key] {
			t.Fatalf("two cases are %q", key)
		}
		named[key] = true
		b.WriteString(g.text())
	}
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	before := map[string]string{}
	for _, c := range strings.Split(string(want), "\n\n") {
		head, _, _ := strings.Cut(c, "\n")
		before[head] = c
	}
	for _, c := range strings.Split(b.String(), "\n\n") {
		head, _, _ := strings.Cut(c, "\n")
		if before[head] != c {
			t.Errorf("%s: got\n%s\nwant\n%s", file, c, before[head])
		}
		delete(before, head)
	}
	for head := range before {
		t.Errorf("%s: %q is no case any more: -update rewrites the file", file, head)
	}
}
