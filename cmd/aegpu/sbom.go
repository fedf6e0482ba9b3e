package main

import (
	"runtime"
	"runtime/debug"
	"strings"
)

// sbom is a bill of materials in CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/). It has no date and no number of its own,
// so that one program always gives the same.
type sbom struct {
	Format     string      `json:"bomFormat"`
	Spec       string      `json:"specVersion"`
	Version    int         `json:"version"`
	Metadata   metadata    `json:"metadata"`
	Components []component `json:"components"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Ref        string     `json:"bom-ref"`
	Type       string     `json:"type"`
	Name       string     `json:"name"`
	Version    string     `json:"version,omitempty"`
	PURL       string     `json:"purl"`
	Properties []property `json:"properties,omitempty"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// sbomOf lists the modules that the linker noted, and Go's own library. A module's sum is that of go.sum.
func sbomOf(info *debug.BuildInfo) sbom {
	b := buildOf(info)
	main := moduleComponent("application", "github.com/aegpu/aegpu", strings.TrimPrefix(b.Version, "devel"), "")
	for _, p := range []property{{"commit", b.Commit}, {"platform", b.Platform}, {"tags", strings.Join(b.Tags, ",")}} {
		if p.Value != "" {
			main.Properties = append(main.Properties, property{"aegpu:" + p.Name, p.Value})
		}
	}
	list := []component{moduleComponent("library", "std", strings.TrimPrefix(runtime.Version(), "go"), "")}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		list = append(list, moduleComponent("library", m.Path, m.Version, m.Sum))
	}
	return sbom{Format: "CycloneDX", Spec: "1.6", Version: 1, Metadata: metadata{main}, Components: list}
}

// moduleComponent is a module with its package URL, in which a + is escaped.
func moduleComponent(kind, path, version, sum string) component {
	url := "pkg:golang/" + strings.ReplaceAll(path, "~", "%7E")
	if version != "" {
		url += "@" + strings.ReplaceAll(version, "+", "%2B")
	}
	c := component{Ref: url, Type: kind, Name: path, Version: version, PURL: url}
	if sum != "" {
		c.Properties = []property{{"go.sum", sum}}
	}
	return c
}
