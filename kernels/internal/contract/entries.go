package contract

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// entry is a kernel as its source declares it, or a row of a table that kernels read.
type entry struct {
	File, C, Name string   // the source, without .cu; the name there, and here
	Doc           []string // lines of the comment above it, the name in them being the one here
	Params        []param
}

// param is a parameter: its name in the source and here, its type here, and the function that makes an Arg of it.
type param struct{ C, Name, Type, Arg string }

// inGo are the types of parameters. Pointers bear what they point to, so that two of them cannot be swapped unseen.
var inGo = map[string]param{
	"float*":      {Type: "Float32s", Arg: "pointer"},
	"double*":     {Type: "Float64s", Arg: "pointer"},
	"u16*":        {Type: "Bfloat16s", Arg: "pointer"},
	"uint4*":      {Type: "Bfloat16s", Arg: "pointer"}, // eight at a time
	"u8*":         {Type: "Uint8s", Arg: "pointer"},
	"u32*":        {Type: "Uint32s", Arg: "pointer"},
	"i64*":        {Type: "Int64s", Arg: "pointer"},
	"Clock*":      {Type: "Clock", Arg: "pointer"},
	"WeightCopy*": {Type: "WeightCopies", Arg: "pointer"},
	"i64":         {Type: "int", Arg: "integer"},
	"float":       {Type: "float32", Arg: "float"},
	"double":      {Type: "float64", Arg: "double"},
}

var (
	begins   = regexp.MustCompile(`(?m)^(KERNEL|struct WeightCopy)\b.*`)
	kernel   = regexp.MustCompile(`^KERNEL (\w+)\(([^()]*)\) \{`)
	row      = regexp.MustCompile(`^struct (\w+) \{([^{}]*); \};`)
	word     = regexp.MustCompile(`^\w+$`)
	declared = regexp.MustCompile(`^(?:const )?(\w+) (\*?)(\w+)$`)
)

// entries are the kernels and rows of the sources in dir, source by source.
func entries(dir string) (kernels, rows []entry, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.cu"))
	if err != nil {
		return nil, nil, err
	}
	if len(files) == 0 {
		return nil, nil, fmt.Errorf("%s: no kernels", dir)
	}
	seen := map[string]string{}
	for _, f := range files {
		k, r, err := entriesOf(f)
		if err != nil {
			return nil, nil, err
		}
		for _, e := range slices.Concat(k, r) {
			if other := seen[e.Name]; other != "" {
				return nil, nil, fmt.Errorf("kernels/%s: %s: kernels/%s has one of that name", filepath.Base(f), e.C, other)
			}
			seen[e.Name] = filepath.Base(f)
		}
		kernels, rows = append(kernels, k...), append(rows, r...)
	}
	return kernels, rows, nil
}

func entriesOf(file string) (kernels, rows []entry, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	src, base := string(text), filepath.Base(file)
	for _, at := range begins.FindAllStringIndex(src, -1) {
		line := src[at[0]:at[1]]
		list, form, sep, want := &kernels, kernel, ",", "KERNEL name(parameters) {"
		if strings.HasPrefix(line, "struct") {
			list, form, sep, want = &rows, row, ";", "struct name { fields; };"
		}
		m := form.FindStringSubmatch(src[at[0]:])
		if m == nil {
			return nil, nil, fmt.Errorf("kernels/%s: %q: want %q", base, line, want)
		}
		e := entry{File: strings.TrimSuffix(base, ".cu"), C: m[1], Name: exported(m[1])}
		if e.Params, err = params(strings.Split(m[2], sep)); err == nil {
			e.Doc, err = e.doc(src[:at[0]])
		}
		if err != nil {
			return nil, nil, fmt.Errorf("kernels/%s: %s: %w", base, e.C, err)
		}
		*list = append(*list, e)
	}
	for _, r := range rows {
		if i := slices.IndexFunc(r.Params, func(p param) bool { return p.Arg == "float" }); i >= 0 {
			return nil, nil, fmt.Errorf("kernels/%s: %s: %s has not 8 bytes", base, r.C, r.Params[i].C)
		}
	}
	return kernels, rows, nil
}

// params are parameters as declared, each maybe several of a type.
func params(list []string) (all []param, err error) {
	for _, p := range list {
		text := strings.Join(strings.Fields(p), " ")
		names := strings.Split(text, ", ")
		m := declared.FindStringSubmatch(names[0])
		if m == nil {
			return nil, fmt.Errorf("parameter %q: want type and name", text)
		}
		as, ok := inGo[m[1]+m[2]]
		if !ok {
			return nil, fmt.Errorf("parameter %q: want one of %v", text, slices.Sorted(maps.Keys(inGo)))
		}
		names[0] = m[3]
		for _, as.C = range names {
			as.Name = exported(as.C)
			if !word.MatchString(as.C) {
				return nil, fmt.Errorf("parameter %q: %q is no name", text, as.C)
			}
			if as.Name == "Kernel" || as.Name == "Args" || slices.ContainsFunc(all, func(o param) bool { return o.Name == as.Name }) {
				return nil, fmt.Errorf("parameter %q: the name %s is taken", text, as.Name)
			}
			all = append(all, as)
		}
	}
	return all, nil
}

// doc is the comment that ends before. Its first word is the entry's name, or as much of that as tells it apart.
func (e entry) doc(before string) ([]string, error) {
	var lines []string
	for _, l := range slices.Backward(strings.Split(strings.TrimSuffix(before, "\n"), "\n")) {
		if !strings.HasPrefix(l, "//") {
			break
		}
		lines = append(lines, strings.ReplaceAll(l, "''", "″")) // gofmt makes a quotation mark of the two
	}
	slices.Reverse(lines)
	if len(lines) == 0 {
		return nil, fmt.Errorf("it has no comment")
	}
	first, rest, _ := strings.Cut(strings.TrimPrefix(lines[0], "// "), " ")
	if first != e.C && !strings.HasPrefix(e.C, first+"_") {
		return nil, fmt.Errorf("its comment begins with %q, want its name", first)
	}
	lines[0] = "// " + e.Name + " " + rest
	return lines, nil
}

// exported is a name of C's as one of Go's: dx_half is DxHalf.
func exported(name string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(name, "_") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}
