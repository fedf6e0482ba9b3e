package kernels

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/kernels/internal/contract"
)

// A source that was changed without go generate is found here: the order, name or type of a parameter, an enum of the seam, a
// layout (contract's own tests change each).
func TestGenerated(t *testing.T) {
	if err := contract.Check(".."); err != nil {
		t.Error(err)
	}
}

func TestArgs(t *testing.T) {
	base := new(int)
	k := UpdateFwdF32{Params: Float32s{base, 4}, Clock: Clock{Base: base}, N: 7, Decay: 0.5, Rows: -1}
	args, letters := k.Args(), ""
	for _, a := range args {
		letters += string(a.Kind)
	}
	if letters != k.Kernel().Params {
		t.Errorf("the kernel takes %s, the arguments are %s", k.Kernel().Params, letters)
	}
	for _, want := range []Arg{
		{Name: "params", Kind: 'p', Pointer: Pointer{base, 4}}, {Name: "m", Kind: 'p'}, {Name: "clock", Kind: 'p', Pointer: Pointer{Base: base}},
		{Name: "n", Kind: 'i', Bits: 7}, {Name: "decay", Kind: 'f', Bits: 0x3F000000}, {Name: "rows", Kind: 'i', Bits: 1<<64 - 1},
	} {
		if !slices.Contains(args, want) {
			t.Errorf("no argument %v in %v", want, args)
		}
	}
	scaled := AccumulateFwdF32{Scale: 0.25}.Args()[3]
	if want := (Arg{Name: "scale", Kind: 'd', Bits: 0x3FD0000000000000}); scaled != want {
		t.Errorf("a float64 is %v, want %v", scaled, want)
	}
}

type named string

func (n named) String() string { return string(n) }

func TestDescribe(t *testing.T) {
	k := TopkFwdF32{Y: Float32s{named("y"), 8}, X: Float32s{Base: named("x")}, Ld: 16, Rows: 2, Cols: 10, K: 3}
	if got, want := Describe(k), "topk_fwd_f32 y=y+8 ld=16 x=x rows=2 cols=10 k=3"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	all := SquareSumBwdF32{Share: 0.5, Scale: 0.25}.Args()
	if got := all[3].String() + " " + all[7].String() + " " + all[8].String(); got != "sum=0 share=0.5 scale=0.25" {
		t.Error(got)
	}
}

// What may be confused in a launch does not compile.
func TestSwappedArgumentsDoNotCompile(t *testing.T) {
	pkg := here(t)
	for fields, wants := range map[string]string{
		"Dx: f, Half: h, Ld: n, Dy: f, DyHalf: h, Rows: n, Cols: n, Saved: f, SavedHalf: h, Act: n": "", // as it should be
		"Dy: h":        "Float32s",
		"Dy: d":        "Float32s",
		"Dy: n":        "Float32s",
		"Dy: p":        "Float32s", // any pointer
		"Dy: clock":    "Float32s",
		"DyHalf: f":    "Bfloat16s",
		"Rows: f":      "int",
		"Rows: x":      "int",
		"Rows: act":    "int",                     // of backend, say
		"f, h, n, f":   "too few values",          // by place
		"Dy: f, Dy: f": "duplicate field name Dy", // one for another
		"DY: f":        "unknown field DY",
	} {
		src := `package p
			import "github.com/aegpu/aegpu/kernels"
			type activation uint8
			var ( f kernels.Float32s; h kernels.Bfloat16s; d kernels.Float64s; p kernels.Pointer; clock kernels.Clock; n int; x float32; act activation )
			var _ kernels.Launch = kernels.ActBwdF32{` + fields + `}
			var _, _, _, _, _, _, _, _ = f, h, d, p, clock, n, x, act`
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, "p.go", src, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, err = (&types.Config{Importer: pkg}).Check("p", fset, []*ast.File{f}, nil)
		if wants == "" && err != nil {
			t.Errorf("%s: %v", fields, err)
		}
		if wants != "" && (err == nil || !strings.Contains(err.Error(), wants)) {
			t.Errorf("%s: %v, want an error with %q", fields, err, wants)
		}
	}
}

// imported is an importer of this package alone.
type imported struct{ pkg *types.Package }

func (i imported) Import(path string) (*types.Package, error) {
	if i.pkg != nil && path == i.pkg.Path() {
		return i.pkg, nil
	}
	return nil, errors.New("not read")
}

// here is this package, without what it imports.
func here(t *testing.T) imported {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	fset, parsed := token.NewFileSet(), []*ast.File(nil)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
	}
	conf := types.Config{Importer: imported{}, IgnoreFuncBodies: true, Error: func(error) {}}
	pkg, _ := conf.Check("github.com/aegpu/aegpu/kernels", fset, parsed, nil)
	return imported{pkg}
}

// By its place alone an argument may be another of its type: the linters have every field named.
func TestUnkeyedArgumentsAreRefused(t *testing.T) {
	out, err := exec.Command("go", "vet", "./testdata/unkeyed").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "CastFwdBf16 struct literal uses unkeyed fields") {
		t.Errorf("go vet: %v\n%s", err, out)
	}
}
