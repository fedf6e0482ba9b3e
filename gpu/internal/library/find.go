package library

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Library is one that a process loads once.
type Library struct {
	Name  string   // for people
	Flag  string   // of the command that names its path, "" where none does
	Env   string   // the variable that does
	Files []string // its names, of the version that serves best first
	Hint  string   // what helps where there is none, "" where that is known

	mu        sync.Mutex
	set, path string // what was asked for, and what it came to; "" where none is loaded
}

// Load chooses the library, for the process, at the first call: the one at set, or that its variable names where set is
// "", or the first that is found and serves. try loads the one at path, or of that name, and says where the loader found it.
// Later calls return where the library is.
func (l *Library) Load(set string, try func(path string) (at string, err error)) (path string, err error) {
	if set == "" {
		set = os.Getenv(l.Env)
	}
	if info, err := os.Stat(set); err == nil && info.Mode().IsRegular() && !strings.Contains(set, "/") {
		set = "./" + set // a file that is here, and no name for the loader
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.path != "" {
		if set != l.set && set != l.path {
			return "", fmt.Errorf("%s is that of %s already, and a process has one: not that of %q", l.Name, l.path, set)
		}
		return l.path, nil
	}
	at := ""
	path, err = l.find(set, l.places, func(path string) (err error) {
		at, err = try(path)
		return err
	})
	if err != nil {
		return "", err
	}
	if at != "" && !strings.Contains(path, "/") { // the loader's name
		path = at
	}
	l.set, l.path = set, path
	return path, nil
}

// Path is where the library is that is loaded, "" where none is.
func (l *Library) Path() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.path
}

// find opens the library: the one that is set, and no other; else the newest that
// the loader knows; else the first of the places' that can be opened. The error
// says where it was looked for, and why what was there does not serve.
func (l *Library) find(set string, places func() []place, open func(path string) error) (path string, err error) {
	if set != "" {
		if err := open(set); err != nil {
			return "", fmt.Errorf("the %s that was set (%s) cannot be used: %w", l.Name, l.ways("", ", "), err)
		}
		return set, nil
	}
	var unusable []string
	for _, name := range l.Files {
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
	return "", l.notFound(looked, unusable)
}

// unknown reports whether the loader knows no library of that name. One that lacks
// another library is known.
func unknown(name string, err error) bool {
	return strings.HasPrefix(err.Error(), name+": cannot open shared object file: No such file")
}

func (l *Library) notFound(looked, unusable []string) error {
	begin := fmt.Sprintf("no %s: no", l.Name)
	if len(unusable) > 0 {
		begin = fmt.Sprintf("no %s that can be used: %s; no other", l.Name, strings.Join(unusable, "; "))
	}
	return fmt.Errorf("%s %s where the loader looks, nor in the toolkits and Python packages of %s; %s names one%s",
		begin, l.files(), strings.Join(looked, ", "), l.ways("PATH", " or "), l.Hint)
}

// ways are those to name a path.
func (l *Library) ways(path, or string) string {
	flag, env := l.Flag, l.Env
	if path != "" {
		flag, env = flag+" "+path, env+"="+path
	}
	if l.Flag == "" {
		return env
	}
	return flag + or + env
}

// files are the library's names in a sentence: libx.so.13, .12 or .11.
func (l *Library) files() string {
	text := l.Files[0]
	for i, f := range l.Files[1:] {
		before := ", "
		if i == len(l.Files)-2 {
			before = " or "
		}
		text += before + filepath.Ext(f)
	}
	return text
}
