package data

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// shards are the files of a folder that are read as one, part after part.
type shards struct {
	dir     string
	kind    string // of all of them
	files   []shard
	ignored []string // names that are left out
}

// shard is one of them.
type shard struct {
	path string
	part int // of partNames
}

var partTitles = [3]string{"train", "validation", "test"}

// openFolder reads a folder in MNIST's layout, or one of files of one format.
func openFolder(ctx context.Context, dir string, how *Reading) (*Source, error) {
	if isMNIST(dir) {
		if err := how.imagesHaveNo(dir); err != nil {
			return nil, err
		}
		return openMNIST(ctx, dir)
	}
	s, err := findShards(ctx, dir)
	if err != nil {
		return nil, err
	}
	return s.source(ctx, how)
}

// findShards lists the files of data in a folder, or in those below it that are called as parts are, in the natural order
// of their names.
func findShards(ctx context.Context, dir string) (*shards, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, pathError(dir, err)
	}
	s := &shards{dir: dir}
	names, folders, others := s.sort(dir, entries)
	if slices.Contains(names, "model.safetensors") || slices.Contains(s.ignored, "config.yaml") {
		return nil, wrong(dir, "a run directory: expected data, such as a folder of files of one format")
	}
	if err := s.addNamed(names); err != nil {
		return nil, err
	}
	if len(names) > 0 && len(folders) > 0 {
		return nil, wrong(dir, "holds files of data (%s) and folders of parts (%s): expected one of both", names[0], folders[0])
	}
	for _, folder := range folders {
		below, err := os.ReadDir(filepath.Join(dir, folder))
		if err != nil {
			return nil, pathError(filepath.Join(dir, folder), err)
		}
		names, deeper, more := s.sort(folder, below)
		others = append(others, more...)
		for _, d := range deeper {
			others = append(others, filepath.Join(folder, d))
		}
		for _, n := range names {
			s.files = append(s.files, shard{filepath.Join(dir, folder, n), partNamed(folder)})
		}
	}
	switch {
	case len(s.files) == 0 && len(others) > 0:
		return nil, wrong(dir, "a folder without files of data, but with folders (%s): expected files, or folders named train, val and test", some(others))
	case len(s.files) == 0:
		return nil, wrong(dir, "a folder without files of data: expected MNIST's layout, or files of one format (%s)%s", endings, s.leftOut())
	}
	for _, o := range others {
		s.ignored = append(s.ignored, o+"/")
	}
	slices.SortStableFunc(s.files, func(a, b shard) int {
		if a.part != b.part {
			return a.part - b.part
		}
		return natural(a.path, b.path)
	})
	return s, s.settleKind(ctx)
}

// leftOut says in an error what was not taken for data.
func (s *shards) leftOut() string {
	if s.ignored == nil {
		return ""
	}
	return "; left out: " + some(s.ignored)
}

// sort parts the entries of a folder into files of data, folders that are called as parts are, and other folders; what is
// hidden, or only about the data, is ignored.
func (s *shards) sort(folder string, entries []fs.DirEntry) (names, folders, others []string) {
	for _, e := range entries {
		name := e.Name()
		isFolder := e.IsDir()
		if e.Type()&fs.ModeSymlink != 0 {
			info, err := os.Stat(filepath.Join(folder, name))
			isFolder = err == nil && info.IsDir()
		}
		switch {
		case e.Type()&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeDevice) != 0, isHidden(name) || !isFolder && isAbout(name):
			s.ignored = append(s.ignored, name)
		case isFolder && partNamed(name) >= 0:
			folders = append(folders, name)
		case isFolder:
			others = append(others, name)
		default:
			names = append(names, name)
		}
	}
	return names, folders, others
}

// isHidden says whether a file is hidden, or one that Spark and others leave beside theirs.
func isHidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || strings.HasSuffix(name, "~") || strings.HasSuffix(name, ".crc")
}

// abouts begin the names of files that are about data.
var abouts = []string{"readme", "license", "licence", "changelog", "notes", "citation", "copying", "datasheet", "md5sum", "sha256sum", "checksums"}

// aboutEndings end them.
var aboutEndings = append([]string{".pdf", ".md5", ".sha1", ".sha256", ".csvw", ".rst", ".doc", ".docx", ".zip.txt", ".bib"}, otherEndings...)

func isAbout(name string) bool {
	lower := strings.ToLower(name)
	return slices.ContainsFunc(abouts, func(a string) bool { return strings.HasPrefix(lower, a) }) ||
		slices.Contains(aboutEndings, filepath.Ext(lower))
}

// partNamed returns the part that a name calls itself by one of its words, -1 for none.
func partNamed(name string) int {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) })
	for part, called := range partNames {
		if slices.ContainsFunc(words, func(w string) bool { return slices.Contains(called, w) }) {
			return part
		}
	}
	return -1
}

// addNamed takes files whose names may say what part they are of. Those that do not are to train on where no others are.
func (s *shards) addNamed(names []string) error {
	some := [3]string{}
	none := ""
	for _, n := range names {
		if part := partNamed(n); part >= 0 {
			some[part] = n
		} else if none == "" {
			none = n
		}
	}
	if none != "" && some[0] != "" {
		return wrong(s.dir, "%s is named as a training part and %s as no part: expected all files to be of a part, or none to train on", some[0], none)
	}
	for _, n := range names {
		s.files = append(s.files, shard{filepath.Join(s.dir, n), max(partNamed(n), 0)})
	}
	return nil
}

// settleKind finds the one format of all files.
func (s *shards) settleKind(ctx context.Context) error {
	kept := s.files[:0]
	first := ""
	for _, f := range s.files {
		kind, _, err := kindOf(ctx, f.path)
		if err != nil {
			return err
		}
		if kind == "idx" && isLabelsName(f.path) {
			continue
		}
		if slices.Contains(tables, kind) && slices.Contains(tables, s.kind) && filepath.Ext(unpackedName(f.path)) == filepath.Ext(unpackedName(first)) {
			kind = s.kind
		}
		if s.kind == "" {
			s.kind, first = kind, f.path
		}
		if kind != s.kind {
			return wrong(s.dir, "%s and %s are of two formats: expected files of one, or name one file", filepath.Base(first), filepath.Base(f.path))
		}
		kept = append(kept, f)
	}
	if s.files = kept; len(kept) == 0 {
		return wrong(s.dir, "a folder of labels alone: expected examples")
	}
	if s.files[0].part != 0 {
		return wrong(s.dir, "no file of it is to train on, as %s is of the %s part: expected one named train", filepath.Base(s.files[0].path), partTitles[s.files[0].part])
	}
	return nil
}

// natural compares names so that numbers in them count as numbers: part-2 stands before part-10.
func natural(a, b string) int {
	for a != "" && b != "" {
		x, y := digits(a), digits(b)
		if x == "" || y == "" {
			if a[0] != b[0] {
				return int(a[0]) - int(b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		n, m := strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		if len(n) != len(m) {
			return len(n) - len(m)
		}
		if c := strings.Compare(n, m); c != 0 {
			return c
		}
		if len(x) != len(y) {
			return len(x) - len(y)
		}
		a, b = a[len(x):], b[len(y):]
	}
	return len(a) - len(b)
}

// digits are those that a text starts with.
func digits(s string) string { return s[:len(s)-len(strings.TrimLeft(s, "0123456789"))] }

// say says what files were read as one.
func (s *shards) say(src *Source) {
	base := func(f shard) string { rel, _ := filepath.Rel(s.dir, f.path); return rel }
	line := fmt.Sprintf("%s: %d files of %s", s.dir, len(s.files), kindNamesOf[s.kind])
	if slices.Contains(tables, s.kind) {
		line = fmt.Sprintf("%s: %d tables of text", s.dir, len(s.files))
	}
	if len(s.files) == 1 {
		line = fmt.Sprintf("%s: %s", s.dir, base(s.files[0]))
	}
	var parts []string
	for part, title := range partTitles {
		var of []shard
		for _, f := range s.files {
			if f.part == part {
				of = append(of, f)
			}
		}
		switch n := len(of); n {
		case 0:
		case 1:
			parts = append(parts, fmt.Sprintf("%s: %s", title, base(of[0])))
		default:
			parts = append(parts, fmt.Sprintf("%s: %s to %s (%d)", title, base(of[0]), base(of[n-1]), n))
		}
	}
	if len(parts) > 1 {
		line += ", by their names " + strings.Join(parts, ", ")
	} else if n := len(s.files); n > 1 {
		line += fmt.Sprintf(" read as one, %s to %s", base(s.files[0]), base(s.files[n-1]))
	}
	if s.ignored != nil {
		line += "; left out: " + some(s.ignored)
	}
	src.Found = append([]string{line}, src.Found...)
}
