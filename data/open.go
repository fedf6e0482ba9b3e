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

	Columns []ColumnReport // of a table, where [Describe] was asked
}

// found adds a line on what the data were taken for.
func (s *Source) found(format string, args ...any) {
	s.Found = append(s.Found, fmt.Sprintf(format, args...))
}

// doubt adds a line on what looks wrong.
func (s *Source) doubt(format string, args ...any) {
	s.Doubts = append(s.Doubts, fmt.Sprintf(format, args...))
}

// endings are what file names may end in, without .gz, and what they mean.
const endings = ".npy, .npz, .csv, .tsv, .txt, .parquet, .arrow, .feather, .idx or -ubyte (IDX), all but .npz, .parquet, .arrow and .feather with or without .gz"

// Open reads the data of a name: "builtin:glyphs", a folder in MNIST's layout, or a file by its ending. In NPY and NPZ
// an array of uint8 is grey bytes (v means v/255), everything else is numbers as they are: float32, or float64 in a table
// with a column that float32 would blur. Labels come from the files
// that MNIST's naming puts beside the images, the array y, or the column label, class, target or y.
//
// An [*Error] says what is wrong with the name or the file; the context's error is returned when it ends first.
func Open(ctx context.Context, name string) (*Source, error) { return Read(ctx, name, Reading{}) }

// Read is Open with choices that the files leave. One that there is none of is a [*ReadingError].
func Read(ctx context.Context, name string, how Reading) (*Source, error) {
	if err := how.Validate(); err != nil {
		return nil, err
	}
	if builtin, ok := strings.CutPrefix(name, "builtin:"); ok {
		if builtin != "glyphs" {
			return nil, wrong(name, "no such built-in data: there is builtin:glyphs")
		}
		return Glyphs(ctx, GlyphsTrain, GlyphsTest)
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, missing(name, err)
	}
	if info.IsDir() {
		return openFolder(ctx, name)
	}
	return openFile(ctx, name, &how)
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

// openFile reads one file by its ending.
func openFile(ctx context.Context, name string, how *Reading) (*Source, error) {
	var set *Set
	var err error
	switch format(name) {
	case "npz":
		return openNPZ(ctx, name)
	case "npy":
		set, err = openNPY(ctx, name)
	case "csv":
		return openCSV(ctx, name, ',', how)
	case "tsv":
		return openCSV(ctx, name, '\t', how)
	case "txt":
		return openCSV(ctx, name, ' ', how)
	case "parquet":
		return openParquet(ctx, name, how)
	case "arrow":
		return openArrow(ctx, name, how)
	case "idx":
		var sets []*Set
		if sets, err = openImages(ctx, []string{name}); err == nil {
			set = sets[0]
		}
	default:
		if bare, packed := strings.CutSuffix(strings.ToLower(name), ".gz"); packed && columnarKinds[ending(bare)] != "" {
			return nil, wrong(name, "packed as a whole, and not read from start to end: expected it unpacked (gunzip does that)")
		}
		return nil, wrong(name, "unknown kind of file: expected a name ending in %s", endings)
	}
	if err != nil {
		return nil, err
	}
	return &Source{Train: set}, nil
}

// format tells what a file holds by the ending of its name, "" where it does not say.
func format(name string) string {
	base := strings.ToLower(name)
	if strings.HasSuffix(base, "ubyte") || strings.HasSuffix(base, "ubyte.gz") {
		return "idx"
	}
	if strings.HasSuffix(base, ".npz") {
		return "npz"
	}
	if kind := columnarKinds[ending(base)]; kind != "" {
		return kind
	}
	base = strings.TrimSuffix(base, ".gz")
	if i := strings.LastIndexByte(base, '.'); i >= 0 && slices.Contains([]string{"npy", "csv", "tsv", "txt", "idx"}, base[i+1:]) {
		return base[i+1:]
	}
	return ""
}

// columnarKinds are the formats that keep columns apart, by the endings of their names.
var columnarKinds = map[string]string{"parquet": "parquet", "pq": "parquet", "arrow": "arrow", "feather": "arrow", "ipc": "arrow"}

// ending is what follows the last dot of a name.
func ending(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// again says whether a file can be read a second time.
func again(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
