package kernels

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	entry = regexp.MustCompile(`(?s)\.entry (\w+)\(\n(.*?)\n\)\n(.*?)\{`)
	param = regexp.MustCompile(`\.param \.(\w+) `)
)

// signatures are the entries of a family's PTX with their parameter types.
func signatures(t *testing.T, file string) map[string][]string {
	found := map[string][]string{}
	for _, m := range entry.FindAllStringSubmatch(PTX(file), -1) {
		for _, p := range param.FindAllStringSubmatch(m[2], -1) {
			found[m[1]] = append(found[m[1]], p[1])
		}
		if !strings.Contains(m[3], ".maxntid 256, 1, 1") {
			t.Errorf("%s: compiled for blocks of %q, want 256", m[1], m[3])
		}
	}
	return found
}

func TestTableMatchesPTX(t *testing.T) {
	types := map[rune]string{'p': "u64", 'i': "u64", 'f': "f32", 'd': "f64"}
	seen := 0
	for _, file := range Files() {
		have := signatures(t, file)
		seen += len(have)
		for _, k := range All {
			if k.File != file {
				continue
			}
			var want []string
			for _, p := range k.Params {
				want = append(want, types[p])
			}
			if got := have[k.Name]; !slices.Equal(got, want) {
				t.Errorf("%s: PTX takes %v, the table says %v", k.Name, got, want)
			}
		}
	}
	if seen != len(All) {
		t.Errorf("the PTX has %d entries, the table %d", seen, len(All))
	}
}

func TestBaseline(t *testing.T) {
	for _, file := range Files() {
		if code := PTX(file); !strings.Contains(code, ".target sm_75\n") || !strings.Contains(code, ".version 7.8\n") {
			t.Errorf("%s: want PTX 7.8 for sm_75, which every driver since 520 loads on every GPU since Turing", file)
		}
	}
}

// A reduction that adds floats atomically would differ from run to run.
func TestNoFloatAtomics(t *testing.T) {
	atomic := regexp.MustCompile(`\b(atom|red)\.[\w.]*\.f(16|32|64)`)
	for _, file := range Files() {
		if m := atomic.FindString(PTX(file)); m != "" {
			t.Errorf("%s: %s", file, m)
		}
	}
}

func TestNames(t *testing.T) {
	name := regexp.MustCompile(`^[a-z_0-9]+_(fwd|bwd)_(f32|bf16|u8)$|^tick_u64$`)
	for _, k := range All {
		if !name.MatchString(k.Name) {
			t.Errorf("%s is not <op>_<fwd|bwd>_<dtype>", k.Name)
		}
	}
}
