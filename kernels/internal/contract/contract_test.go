package contract

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// module is a copy of the sources, in which edit changes a file.
func module(t *testing.T, edit map[string][2]string) string {
	t.Helper()
	root := t.TempDir()
	for _, pattern := range []string{"kernels/*.cu", "kernels/seam.go", "kernels/seam.cuh", "kernels/launchers.go", "backend/*.go"} {
		files, err := filepath.Glob(filepath.Join("../../..", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files, %v", pattern, err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(filepath.Dir(pattern), filepath.Base(f))
			if change, ok := edit[path]; ok {
				if strings.Count(string(text), change[0]) != 1 {
					t.Fatalf("%s does not have %q once", path, change[0])
				}
				text = []byte(strings.Replace(string(text), change[0], change[1], 1))
			}
			to := filepath.Join(root, path)
			if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(to, text, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

// Every way in which a source may change what others know of it, without go generate.
func TestCheckFindsChanges(t *testing.T) {
	if err := Check(module(t, nil)); err != nil {
		t.Fatalf("nothing changed: %v", err)
	}
	for name, c := range map[string]struct{ path, from, to, stale string }{
		"order of two parameters":      {"kernels/cast.cu", "const float *x, i64 rows, i64 cols, i64 ld", "const float *x, i64 cols, i64 rows, i64 ld", "launchers.go"},
		"name of a parameter":          {"kernels/topk.cu", "i64 cols, i64 k) {", "i64 cols, i64 n) {", "launchers.go"},
		"type of a parameter":          {"kernels/layer.cu", "i64 chunks,\n                           double scale", "i64 chunks,\n                           float scale", "launchers.go"},
		"a pointer's type":             {"kernels/loss.cu", "accumulate_fwd_f32(double *sum, const float *v", "accumulate_fwd_f32(double *sum, const double *v", "launchers.go"},
		"name of a kernel":             {"kernels/topk.cu", "KERNEL topk_fwd_f32", "KERNEL topk_fwd_f16", "launchers.go"},
		"order of a weight copy's row": {"kernels/update.cu", "i64 begin, end, cols, ld;", "i64 begin, end, ld, cols;", "launchers.go"},
		"a comment":                    {"kernels/topk.cu", "the first of equals, and zeroes", "the last of equals, and zeroes", "launchers.go"},
		"a new activation":             {"backend/activation.go", "\tELU\n", "\tMish\n\tELU\n", "seam.cuh"},
		"order of the optimisers":      {"backend/specs.go", "\tAdam\n\tAdamW\n", "\tAdamW\n\tAdam\n", "seam.cuh"},
		"a stream":                     {"backend/noise.go", "0x300", "0x310", "seam.cuh"},
		"a slot of the guard":          {"backend/specs.go", "GuardNorm = 2", "GuardNorm = 3", "seam.cuh"},
		"a bound":                      {"backend/specs.go", "MaxLogVar = 20", "MaxLogVar = 30", "seam.cuh"},
		"the slope of leaky-relu":      {"backend/activation.go", "LeakySlope = 0.01", "LeakySlope = 0.02", "seam.cuh"},
		"fields of the schedules":      {"backend/clock.go", "LR       float32", "Rate     float32", "seam.cuh"},
		"size of the clock's head":     {"kernels/seam.go", "_                      [4]uint64", "_                      [6]uint64", "seam.cuh"},
		"a flag":                       {"kernels/seam.go", "GatherFetched  = 4", "GatherFetched  = 8", "seam.cuh"},
		"threads of a block":           {"kernels/seam.go", "= 256", "= 128", "seam.cuh"},
	} {
		err := Check(module(t, map[string][2]string{c.path: {c.from, c.to}}))
		if err == nil || !strings.Contains(err.Error(), "kernels/"+c.stale) {
			t.Errorf("%s: %v, want one about %s", name, err, c.stale)
		}
	}
}

func TestWrite(t *testing.T) {
	root := module(t, map[string][2]string{"kernels/seam.go": {"= 256", "= 128"}})
	if err := os.Remove(filepath.Join(root, "kernels/launchers.go")); err != nil {
		t.Fatal(err)
	}
	if Check(root) == nil {
		t.Fatal("launchers.go is not there, and Check says nothing")
	}
	if err := Write(root); err != nil {
		t.Fatal(err)
	}
	if err := Check(root); err != nil {
		t.Error(err)
	}
}

// An error says where to look.
func TestErrors(t *testing.T) {
	for name, c := range map[string]struct {
		path, from, to string
		want           []string
	}{
		"a type that launches lack": {"kernels/cast.cu", "i64 rows, i64 cols, i64 ld) {\n\tEACH(i, rows * cols)", "i64 rows, int cols, i64 ld) {\n\tEACH(i, rows * cols)",
			[]string{"kernels/cast.cu", "expand_fwd_f32", `"int cols"`}},
		"a parameter without name": {"kernels/topk.cu", "i64 cols, i64 k) {", "i64 cols, i64) {", []string{"kernels/topk.cu", "topk_fwd_f32", `"i64"`}},
		"two parameters of a name": {"kernels/topk.cu", "i64 cols, i64 k) {", "i64 cols, i64 cols) {", []string{"kernels/topk.cu", "topk_fwd_f32", "taken"}},
		"a kernel of another form": {"kernels/gather.cu", "KERNEL tick_u64(Clock *clock, i64 rows) {", "KERNEL tick_u64(Clock *clock, i64 rows)\n{", []string{"kernels/gather.cu", "tick_u64"}},
		"a kernel without comment": {"kernels/gather.cu", "// tick ends a step of rows examples.\n", "", []string{"kernels/gather.cu", "tick_u64", "no comment"}},
		"a comment on another":     {"kernels/gather.cu", "// tick ends a step of", "// tock ends a step of", []string{"kernels/gather.cu", "tick_u64", `"tock"`}},
		"two kernels of a name": {"kernels/gather.cu", "// tick ends a step of rows examples.\nKERNEL tick_u64", "// topk ends it.\nKERNEL topk_fwd_f32",
			[]string{"kernels/topk.cu", "topk_fwd_f32", "kernels/gather.cu has one"}},
		"a row of another form":     {"kernels/update.cu", "u16 *copy; };", "u16 *copy;\n};", []string{"kernels/update.cu", "struct WeightCopy"}},
		"a row with a gap":          {"kernels/update.cu", "cols, ld; u16 *copy;", "cols, ld; float f; u16 *copy;", []string{"kernels/update.cu", "WeightCopy", "f has not 8 bytes"}},
		"a head with a gap":         {"kernels/seam.go", "[Keys]uint32", "[13]uint32", []string{"kernels/seam.go", "ClockHead", "gap"}},
		"a head with an int":        {"kernels/seam.go", "_                      [4]uint64", "_                      [4]int", []string{"kernels/seam.go", "ClockHead", "[4]int"}},
		"a constant of an import":   {"backend/activation.go", "LeakySlope = 0.01", "LeakySlope = math.Pi", []string{"backend", "LeakySlope"}},
		"a constant that went away": {"backend/activation.go", "const LeakySlope", "const Leak", []string{"backend", "LeakySlope"}},
		"what C has not":            {"kernels/seam.go", "// Bits of", "var Table []int\n\n// Bits of", []string{"kernels/seam.go", "var"}},
	} {
		_, err := Files(module(t, map[string][2]string{c.path: {c.from, c.to}}))
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q in it", name, err, want)
			}
		}
	}
}

func TestFloatsInC(t *testing.T) {
	for text, want := range map[string]string{"0.01": "0.01f", "2.0": "2.0f", "1e-6": "1e-06f", "1e30": "1e+30f", "0.1": "0.1f"} {
		if got := float(constant.MakeFromLiteral(text, token.FLOAT, 0)); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

func TestNamesInC(t *testing.T) {
	for name, want := range map[string]string{"TableLen": "table_len", "LeakyReLU": "leaky_relu", "SiLU": "silu", "AdamW": "adamw",
		"SGD": "sgd", "LR": "lr", "Correct1": "correct1", "MinLogVar": "min_log_var", "_": "unused"} {
		if got := lower(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// Whatever go doc shows of the launchers says something.
func TestLaunchersHaveComments(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "../../launchers.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	exported := 0
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if n := declares(s)[0]; n.IsExported() {
					exported++
					if !strings.HasPrefix(d.Doc.Text(), n.Name+" ") {
						t.Errorf("%s: its comment is %q", n.Name, d.Doc.Text())
					}
				}
			}
		case *ast.FuncDecl:
			if !strings.HasPrefix(d.Doc.Text(), d.Name.Name+" ") {
				t.Errorf("%s: its comment is %q", d.Name.Name, d.Doc.Text())
			}
		}
	}
	if exported < 40 {
		t.Errorf("%d exported names", exported)
	}
}
