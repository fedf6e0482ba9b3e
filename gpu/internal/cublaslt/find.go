package cublaslt

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Env names the variable with the path of the library.
const Env = "AEGPU_LIBCUBLASLT"

// find opens the library: the one that is set, and no other; else the newest that
// the loader knows; else the first of the places' that can be opened. The error
// says where it was looked for, and why what was there does not serve.
func find(set string, places func() []place, open func(path string) error) (path string, err error) {
	if set != "" {
		if err := open(set); err != nil {
			return "", fmt.Errorf("the cuBLASLt that was set (--cublaslt, %s) cannot be used: %w", Env, err)
		}
		return set, nil
	}
	var unusable []string
	for _, v := range versions {
		name := fileName(v)
		err := open(name)
		if err == nil {
			return name, nil
		}
		if !unknown(name, err) {
			unusable = append(unusable, err.Error())
		}
	}
	var looked []string
	tried := map[string]bool{}
	for _, p := range places() {
		looked = append(looked, p.name)
		for _, file := range p.files() {
			real, err := filepath.EvalSymlinks(file)
			if err != nil {
				real = file // a link to nothing: opening it says so
			}
			if tried[real] {
				continue
			}
			tried[real] = true
			if err = open(file); err == nil {
				return file, nil
			}
			unusable = append(unusable, err.Error())
		}
	}
	return "", notFound(looked, unusable)
}

// unknown reports whether the loader knows no library of that name. One that lacks
// another library is known.
func unknown(name string, err error) bool {
	return strings.HasPrefix(err.Error(), name+": cannot open shared object file: No such file")
}

func notFound(looked, unusable []string) error {
	begin := "no cuBLASLt: no"
	if len(unusable) > 0 {
		begin = "no cuBLASLt that can be used: " + strings.Join(unusable, "; ") + "; no other"
	}
	return fmt.Errorf("%s libcublasLt.so.13, .12 or .11 where the loader looks, nor in the toolkits and Python packages of %s; "+
		"--cublaslt PATH or %s=PATH names one", begin, strings.Join(looked, ", "), Env)
}
