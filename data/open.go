package data

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Source is a training part and, where the data has them of its own, a validation and a test part.
type Source struct {
	Train     *Set
	Val, Test *Set // nil where the data has none

	Found  []string // what the data were taken for, a line each, with the setting that decides otherwise
	Doubts []string // what looks as if it were not meant, a line each

	Columns []ColumnReport // where [Describe] was asked

	table bool // of named columns, which were looked at as it was read
}

// found adds a line on what the data were taken for.
func (s *Source) found(format string, args ...any) {
	s.Found = append(s.Found, fmt.Sprintf(format, args...))
}

// doubt adds a line on what looks wrong.
func (s *Source) doubt(format string, args ...any) {
	s.Doubts = append(s.Doubts, fmt.Sprintf(format, args...))
}

// endings are what file names may end in, without .gz or .zst, and what they mean.
const endings = ".npy, .npz, .safetensors, .mtx, .csv, .tsv, .txt, .parquet, .arrow, .feather, .idx or -ubyte (IDX), all but .npz and those of columns with or without .gz or .zst"

// Open reads the data of a name: "builtin:glyphs", a folder in MNIST's layout, a folder of pictures (PNG, JPEG, GIF, BMP,
// WebP; sub-folders are classes), or a file by its ending; IDX and pictures are known by their content too. Images of
// uint8 are grey bytes (v means v/255), everything else is numbers as they are: float32, or float64 in a table
// with a column that float32 would blur. Labels come from the files that MNIST's naming puts beside the images, an array
// y, labels or target, or a column label, class or target.
//
// An [*Error] says what is wrong with the name or the file; the context's error is returned when it ends first.
func Open(ctx context.Context, name string) (*Source, error) { return Read(ctx, name, Reading{}) }

// readMain is Read without the parts that have data of their own.
func readMain(ctx context.Context, name string, how Reading) (*Source, error) {
	if err := how.Validate(); err != nil {
		return nil, err
	}
	if err := how.comesOnce(name); err != nil {
		return nil, err
	}
	if how.Seen {
		ctx = context.WithValue(ctx, seenKey{}, true)
	}
	if builtin, ok := strings.CutPrefix(name, "builtin:"); ok {
		if builtin != "glyphs" {
			return nil, wrong(name, "no such built-in data: there is builtin:glyphs")
		}
		if how.Resize != "" {
			return nil, &ReadingError{"Resize", fmt.Sprintf("is %s, but the pictures of %s have one size: expected none", how.Resize, name)}
		}
		if err := how.imagesHaveNo(name); err != nil {
			return nil, err
		}
		src, err := Glyphs(ctx, GlyphsTrain, GlyphsTest)
		if err != nil {
			return nil, err
		}
		if err := src.lay(ctx, &how); err != nil {
			return nil, err
		}
		return src, src.conditioned(&how)
	}
	src, err := openPath(ctx, name, &how)
	if err != nil {
		return nil, err
	}
	for _, set := range []*Set{src.Train, src.Val, src.Test} {
		if set != nil {
			set.seen = how.Seen
		}
	}
	if err := src.lay(ctx, &how); err != nil {
		return nil, err
	}
	if err := src.conditioned(&how); err != nil {
		return nil, err
	}
	switch {
	case how.As == nil && !how.Seen:
		src.suspect(&how)
	case how.As != nil && how.As.rows != nil:
		return src, src.codes(how.As)
	}
	return src, nil
}

// openPath reads standard input, a folder or a file.
func openPath(ctx context.Context, name string, how *Reading) (*Source, error) {
	if name == StandardInput {
		return openFile(ctx, name, how)
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, missing(name, err)
	case info.IsDir():
		pictures, err := findPictures(ctx, name)
		if err != nil {
			return nil, err
		}
		if pictures != nil {
			return pictures.source(ctx, how)
		}
		if err := how.noPictures(name); err != nil {
			return nil, err
		}
		return openFolder(ctx, name, how)
	case info.Mode().IsRegular():
		return openFile(ctx, name, how)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, pathError(name, err)
	}
	defer f.Close()
	return openFile(withInput(ctx, name, f), name, how)
}

// noPictures refuses to resize what is none.
func (r *Reading) noPictures(name string) error {
	if r.Resize != "" {
		return &ReadingError{"Resize", fmt.Sprintf("is %s, but %s holds no pictures: expected none", r.Resize, name)}
	}
	return nil
}

// missing explains why a name could not be opened, with the built-in data where the name looks like a wish for it.
func missing(name string, err error) error {
	if strings.EqualFold(name, "glyphs") {
		return &Error{Path: name, Msg: "no such file or folder: did you mean builtin:glyphs?", Err: err}
	}
	return pathError(name, err)
}

// Describe is Read that reports on every column of a table, too.
func Describe(ctx context.Context, name string, how Reading) (*Source, error) {
	how.describe = true
	return Read(ctx, name, how)
}

// openFile reads one file by its ending, or by its content where that says another thing.
func openFile(ctx context.Context, name string, how *Reading) (*Source, error) {
	kind, why, err := kindOf(ctx, name)
	if err != nil {
		return nil, err
	}
	if kind == "picture" {
		return openPicture(ctx, name, how)
	}
	if err := how.noPictures(name); err != nil {
		return nil, err
	}
	disk := ""
	if in := inputOf(ctx, name); in != nil && !slices.Contains(once, kind) {
		if disk, err = in.toDisk(ctx, kindNamesOf[kind]); err != nil {
			return nil, err
		}
	}
	src, err := openKind(ctx, name, kind, how)
	if err == nil && disk != "" {
		src.Found = append([]string{disk}, src.Found...)
	}
	if err == nil && why != "" {
		src.Found = append([]string{name + ": " + why}, src.Found...)
	}
	return src, err
}

// openKind reads one file of that kind.
func openKind(ctx context.Context, name, kind string, how *Reading) (*Source, error) {
	var set *Set
	var err error
	if err := how.fits(kind, name); err != nil {
		return nil, err
	}
	switch kind {
	case "npz":
		return openNPZ(ctx, name, how)
	case "npy":
		return openNPY(ctx, name, how)
	case "safetensors":
		return openSafetensors(ctx, name, how)
	case "mtx":
		return openMarket(ctx, name, how)
	case "csv":
		return openCSV(ctx, name, ',', how)
	case "tsv":
		return openCSV(ctx, name, '\t', how)
	case "txt":
		return openCSV(ctx, name, ' ', how)
	case "parquet", "arrow":
		return openColumnar(ctx, kind, name, how)
	case "idx":
		var sets []*Set
		if sets, err = openImages(ctx, []string{name}); err == nil {
			set = sets[0]
		}
	default:
		return nil, wrong(name, "unknown kind of file: expected a name ending in %s", endings)
	}
	if err != nil {
		return nil, err
	}
	return &Source{Train: set}, nil
}

// format tells what a file holds by the ending of its name, "" where it does not say.
func format(name string) string {
	base := unpackedName(name)
	if strings.HasSuffix(base, "ubyte") {
		return "idx"
	}
	if strings.HasSuffix(strings.ToLower(name), ".npz") {
		return "npz"
	}
	if kind := columnarKinds[ending(strings.ToLower(name))]; kind != "" {
		return kind
	}
	if i := strings.LastIndexByte(base, '.'); i >= 0 && slices.Contains([]string{"npy", "csv", "tsv", "txt", "idx", "safetensors", "mtx"}, base[i+1:]) {
		return base[i+1:]
	}
	return ""
}

// columnarKinds are the formats that keep columns apart, by the endings of their names.
var columnarKinds = map[string]string{"parquet": "parquet", "pq": "parquet", "arrow": "arrow", "feather": "arrow", "ipc": "arrow"}

// ending is what follows the last dot of a name.
func ending(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
