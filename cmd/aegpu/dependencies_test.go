package main

import (
	"os"
	"regexp"
	"testing"
)

// TestDependenciesAreExplained finds every module of go.mod in a table of docs/dependencies.md, and no other.
func TestDependenciesAreExplained(t *testing.T) {
	found := func(name, pattern, each string) map[string]bool {
		text, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]bool{}
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
			for _, e := range regexp.MustCompile(each).FindAllString(m[1], -1) {
				all[e] = true
			}
		}
		return all
	}
	needed := found("go.mod", `(?m)^\t(\S+) v`, `.+`)
	explained := found("docs/dependencies.md", "(?m)^\\| (`[^|]*`) \\|", "[^`, ]+")
	for name := range needed {
		if !explained[name] {
			t.Errorf("docs/dependencies.md does not say why %s is in go.mod", name)
		}
	}
	for name := range explained {
		if !needed[name] {
			t.Errorf("docs/dependencies.md explains %s, which is not in go.mod", name)
		}
	}
	if len(needed) < 10 {
		t.Errorf("%d modules in go.mod", len(needed))
	}
}
