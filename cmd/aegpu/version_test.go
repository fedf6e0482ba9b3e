package main

import (
	"encoding/json"
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionSaysWhatIsKnown(t *testing.T) {
	const commit = "e6559030000000000000000000000000000000ab"
	in := func(version string, settings ...string) *debug.BuildInfo {
		info := &debug.BuildInfo{Main: debug.Module{Path: "github.com/aegpu/aegpu", Version: version}}
		for i := 0; i < len(settings); i += 2 {
			info.Settings = append(info.Settings, debug.BuildSetting{Key: settings[i], Value: settings[i+1]})
		}
		return info
	}
	for name, c := range map[string]struct {
		info *debug.BuildInfo
		want string // after the version of Go and the platform
		json string
	}{
		"go install at a version": {in("v1.2.3"), "aegpu v1.2.3|commit not known|", `{"version":"v1.2.3","tags":[]}`},
		"a tagged checkout": {in("v1.2.3", "vcs.revision", commit, "vcs.modified", "false", "-tags", "notensor,cuda"),
			"aegpu v1.2.3|commit " + commit + "|tags notensor,cuda|",
			`{"version":"v1.2.3","commit":"` + commit + `","dirty":false,"tags":["notensor","cuda"]}`},
		"a checkout with changes": {in("v0.0.0-20261127004104-e65590300000+dirty", "vcs.revision", commit, "vcs.modified", "true"),
			"aegpu v0.0.0-20261127004104-e65590300000+dirty|commit " + commit + " and changes that were not committed|",
			`{"version":"v0.0.0-20261127004104-e65590300000+dirty","commit":"` + commit + `","dirty":true,"tags":[]}`},
		"outside of git": {in("(devel)"), "aegpu devel|commit not known|", `{"version":"devel","tags":[]}`},
		"no modules":     {&debug.BuildInfo{}, "aegpu devel|commit not known|", `{"version":"devel","tags":[]}`},
	} {
		b := buildOf(c.info)
		var out strings.Builder
		if err := b.print(&out); err != nil {
			t.Fatal(err)
		}
		got := strings.ReplaceAll(strings.Replace(out.String(), " "+b.Go+" "+b.Platform, "", 1), "\n", "|")
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if b.Go == "" || b.Platform == "" {
			t.Errorf("%s: no Go or no platform in %+v", name, b)
		}
		b.Go, b.Platform = "", ""
		text, err := json.Marshal(b)
		if got := strings.Replace(string(text), `"go":"","platform":"",`, "", 1); err != nil || got != c.json {
			t.Errorf("%s: %s, %v, want %s", name, got, err, c.json)
		}
	}
}

// TestBillOfMaterials holds the list to what the linker noted: a module each, a replaced one by what replaces it, and Go's library.
func TestBillOfMaterials(t *testing.T) {
	b := sbomOf(&debug.BuildInfo{Main: debug.Module{Version: "v1.2.3+dirty"}, Deps: []*debug.Module{
		{Path: "a.org/b", Version: "v1.0.0+incompatible", Sum: "h1:x="},
		{Path: "c.org/d", Version: "v2.0.0", Replace: &debug.Module{Path: "c.org/fork", Version: "v2.0.1", Sum: "h1:y="}},
	}})
	if got := b.Metadata.Component.PURL; got != "pkg:golang/github.com/aegpu/aegpu@v1.2.3%2Bdirty" {
		t.Errorf("the program is %s", got)
	}
	var urls []string
	for _, c := range b.Components {
		urls = append(urls, c.PURL)
	}
	got := strings.Join(urls[1:], " ")
	if !strings.HasPrefix(urls[0], "pkg:golang/std@") || got != "pkg:golang/a.org/b@v1.0.0%2Bincompatible pkg:golang/c.org/fork@v2.0.1" {
		t.Errorf("the modules are %v", urls)
	}
	if p := b.Components[2].Properties; len(p) != 1 || p[0] != (property{"go.sum", "h1:y="}) {
		t.Errorf("a module's sum is %v", p)
	}
	printed := must(t, "version", "--sbom").object(t)
	if printed["bomFormat"] != "CycloneDX" || printed["specVersion"] != "1.6" || printed["components"] == nil {
		t.Errorf("printed: %v", printed)
	}
}
