package data

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// pictureEndings are what names of pictures end in.
var pictureEndings = []string{".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp"}

// isPictureName says whether a file is taken for a picture by its name.
func isPictureName(name string) bool {
	return slices.Contains(pictureEndings, strings.ToLower(filepath.Ext(name)))
}

// partNames are the sub-folders that are parts of the data.
var partNames = [3][]string{{"train", "training"}, {"val", "valid", "validation", "dev"}, {"test", "testing"}}

// pictureTree is the pictures under a folder.
type pictureTree struct {
	dir     string
	parts   [3][]pictureFile // train, val, test
	divided bool             // whether the parts are sub-folders
	ignored []string         // the first few of the files that are left out
	left    int              // how many these are
}

// pictureFile is one of them.
type pictureFile struct {
	path  string
	id    string // its path below the folder, with slashes
	class string // the folder that it is in; "" for none
}

// notBesidePictures are formats of files that a folder is read for; tables and texts may describe its pictures.
var notBesidePictures = []string{"idx", "npy", "npz", "safetensors", "parquet", "arrow", "feather"}

// maxTree bounds how deep folders are looked into.
const maxTree = 16

// findPictures looks for pictures in a folder and those below it; nil where it holds other data, or none.
func findPictures(ctx context.Context, dir string) (*pictureTree, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, pathError(dir, err)
	}
	for _, e := range entries {
		if e.Name() == "config.yaml" || slices.Contains(notBesidePictures, format(e.Name())) { // a run, or arrays
			return nil, nil
		}
	}
	t := &pictureTree{dir: dir}
	var all []pictureFile
	if err := t.walk(ctx, "", 0, &all); err != nil || len(all) == 0 {
		return nil, err
	}
	t.divide(all)
	return t, t.classes()
}

// walk adds the pictures below a folder of the tree in the order of their names.
func (t *pictureTree) walk(ctx context.Context, below string, depth int, all *[]pictureFile) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	entries, err := os.ReadDir(filepath.Join(t.dir, filepath.FromSlash(below)))
	if err != nil {
		return pathError(filepath.Join(t.dir, below), err)
	}
	for _, e := range entries {
		id := path.Join(below, e.Name())
		full := filepath.Join(t.dir, filepath.FromSlash(id))
		hidden := strings.HasPrefix(e.Name(), ".")
		switch {
		case e.IsDir() && hidden:
		case e.IsDir() && depth == maxTree:
			return wrong(full, "folders more than %d deep: expected fewer", maxTree)
		case e.IsDir():
			if err := t.walk(ctx, id, depth+1, all); err != nil {
				return err
			}
		case hidden || !isPictureName(e.Name()) || !plain(full, e):
			t.ignore(id)
		default:
			*all = append(*all, pictureFile{path: full, id: id})
		}
	}
	return nil
}

// plain says whether a name is that of a file, or of a link to one or to nothing.
func plain(full string, e fs.DirEntry) bool {
	if e.Type().IsRegular() {
		return true
	}
	info, err := os.Stat(full)
	return e.Type()&fs.ModeSymlink != 0 && (errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().IsRegular())
}

func (t *pictureTree) ignore(id string) {
	if t.left++; len(t.ignored) < 3 {
		t.ignored = append(t.ignored, id)
	}
}

// divide tells the parts by the names of the first sub-folders; what is in none of them is left out.
func (t *pictureTree) divide(all []pictureFile) {
	of := func(p pictureFile) int {
		first, _, below := strings.Cut(p.id, "/")
		return slices.IndexFunc(partNames[:], func(names []string) bool { return below && slices.Contains(names, strings.ToLower(first)) })
	}
	t.divided = slices.ContainsFunc(all, func(p pictureFile) bool { return of(p) == 0 })
	for _, p := range all {
		part := of(p)
		switch {
		case !t.divided:
			t.parts[0] = append(t.parts[0], p)
		case part < 0:
			t.ignore(p.id)
		default:
			t.parts[part] = append(t.parts[part], p)
		}
	}
}

// classes tells the classes by the sub-folders of a part.
func (t *pictureTree) classes() error {
	seen := map[string]bool{}
	for _, part := range t.parts {
		var flat, within string
		for i := range part {
			p := &part[i]
			rest := p.id
			if t.divided {
				_, rest, _ = strings.Cut(rest, "/")
			}
			class, _, below := strings.Cut(rest, "/")
			if !below {
				flat = p.id
				continue
			}
			p.class, within, seen[class] = class, p.id, true
		}
		if flat != "" && within != "" {
			return wrong(t.dir, "%s lies beside the sub-folder of %s: expected all pictures in sub-folders, one a class, or none", clip(flat), clip(within))
		}
	}
	if len(seen) < 2 { // a folder in a folder
		for _, part := range t.parts {
			for i := range part {
				part[i].class = ""
			}
		}
	}
	return nil
}

// byClass returns the labels of the pictures of the parts and the classes' names, in the order of the alphabet or, where
// all are whole numbers, of the numbers.
func (t *pictureTree) byClass() (labels [3][]int32, classes []string) {
	seen := map[string]int32{}
	numbers := true
	for _, part := range t.parts {
		for _, p := range part {
			if _, there := seen[p.class]; p.class != "" && !there {
				seen[p.class] = 0
				classes = append(classes, p.class)
				n, err := strconv.Atoi(p.class)
				numbers = numbers && err == nil && strconv.Itoa(n) == p.class
			}
		}
	}
	slices.Sort(classes)
	if numbers {
		slices.SortFunc(classes, func(a, b string) int {
			x, _ := strconv.Atoi(a)
			y, _ := strconv.Atoi(b)
			return x - y
		})
	}
	for k, c := range classes {
		seen[c] = int32(k)
	}
	for i, part := range t.parts {
		for _, p := range part {
			if p.class != "" {
				labels[i] = append(labels[i], seen[p.class])
			}
		}
	}
	return labels, classes
}
