package contract

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
)

// declarations are those of some files of a package.
type declarations struct {
	files []*ast.File
	info  *types.Info
}

// declarationsOf reads the files that pattern matches, tests aside. Nothing that they import is read: constants and structs
// of numbers need none of it.
func declarationsOf(pattern string) (*declarations, error) {
	names, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: no such files", pattern)
	}
	fset := token.NewFileSet()
	d := &declarations{info: &types.Info{Defs: map[*ast.Ident]types.Object{}, Types: map[ast.Expr]types.TypeAndValue{}}}
	for _, n := range names {
		if strings.HasSuffix(n, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, n, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		d.files = append(d.files, f)
	}
	// What depends on an import is an error, and is found to be of no type where it is asked for.
	conf := types.Config{Importer: nothing{}, IgnoreFuncBodies: true, Error: func(error) {}}
	conf.Check(pattern, fset, d.files, d.info)
	return d, nil
}

// nothing is an importer that has no package.
type nothing struct{}

func (nothing) Import(string) (*types.Package, error) { return nil, errors.New("not read") }

// block is the declaration that declares name.
func (d *declarations) block(name string) (*ast.GenDecl, error) {
	for _, f := range d.files {
		for _, decl := range f.Decls {
			g, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range g.Specs {
				for _, n := range declares(s) {
					if n.Name == name {
						return g, nil
					}
				}
			}
		}
	}
	return nil, fmt.Errorf("%s is not declared", name)
}

// declares is the names that s declares.
func declares(s ast.Spec) []*ast.Ident {
	switch s := s.(type) {
	case *ast.ValueSpec:
		return s.Names
	case *ast.TypeSpec:
		return []*ast.Ident{s.Name}
	}
	return nil
}
