package data

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
)

// magics are what files start with, after unpacking, by kind. Those without a reader here are refused by name.
var magics = []struct{ kind, starts string }{
	{"npy", npyMagic}, {"npz", "PK\x03\x04"}, {"npz", "PK\x05\x06"}, {"parquet", "PAR1"}, {"arrow", "ARROW1"}, {"arrow", "FEA1"},
	{"picture", "\x89PNG\r\n\x1a\n"}, {"picture", "\xff\xd8\xff"}, {"picture", "GIF8"}, {"pdf", "%PDF"}, {"hdf5", "\x89HDF"}, {"gzip", "\x1f\x8b"}, {"zstd", "\x28\xb5\x2f\xfd"},
	{"mtx", "%%MatrixMarket"}, {"bzip2", "BZh"}, {"xz", "\xfd7zXZ"},
}

// tables are the kinds of tables of text.
var tables = []string{"csv", "tsv", "txt"}

// readable are the kinds that there is a reader of.
var readable = append([]string{"npy", "npz", "idx", "safetensors", "mtx", "picture", "parquet", "arrow"}, tables...)

// once are those that are read from start to end; others come through a pipe by way of the disk.
var once = append([]string{"npy", "idx", "mtx"}, tables...)

// kindNamesOf are kinds in words.
var kindNamesOf = map[string]string{"npy": "NPY", "npz": "NPZ", "idx": "IDX", "safetensors": "safetensors", "mtx": "Matrix Market", "picture": "a picture", "parquet": "Parquet", "arrow": "Arrow", "csv": "a table of text", "tsv": "a table of text", "txt": "a table of text"}

// otherEndings are those of files that are text but no table.
var otherEndings = []string{".yaml", ".yml", ".json", ".jsonl", ".xml", ".html", ".md", ".py", ".r", ".ipynb", ".log", ".toml", ".ini", ".sh", ".tex", ".rtf"}

// claimed are endings of formats that a table of text, or an archive, is none of.
var claimed = append([]string{".orc", ".avro", ".h5", ".hdf5", ".nc", ".pkl", ".pickle", ".pt", ".pth", ".onnx",
	".mat", ".rds", ".xls", ".xlsx", ".ods", ".docx", ".zip", ".tar", ".7z", ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff",
	".pdf", ".db", ".sqlite", ".safetensors", ".ckpt"}, otherEndings...)

// kindOf tells what a file holds: by its content where that is plain, else by the ending of its name, else a table of text.
// why says so where the name does not.
func kindOf(ctx context.Context, name string) (kind, why string, err error) {
	kind = format(name)
	if kind != "" && !slices.Contains(tables, kind) {
		return kind, "", nil
	}
	if isPictureName(name) {
		return "picture", "", nil
	}
	if columnarKinds[ending(unpackedName(name))] != "" {
		return "", "", wrong(name, "packed as a whole, and not read from start to end: expected it unpacked (gunzip does that)")
	}
	head, packed, err := headBytes(ctx, name)
	if err != nil {
		return "", "", err
	}
	content := contentOf(head)
	switch {
	case len(head) == 0 && kind == "":
		return "", "", unknownKind(name, "it is empty")
	case kind != "" && (content == "" || content == "csv"): // reading it says what is wrong
		return kind, "", nil
	case content == "", (content == "csv" || content == "npz") && slices.Contains(claimed, filepath.Ext(unpackedName(name))):
		return "", "", unknownKind(name, startsWith(head, content))
	case !slices.Contains(readable, content):
		return "", "", unknownKind(name, "found "+content)
	case inputOf(ctx, name) != nil && content == "picture":
		return "", "", wrong(name, "a picture: expected it as a file, or arrays or a table to come through a pipe")
	case packed && slices.Contains([]string{"npz", "parquet", "arrow"}, content):
		return "", "", wrong(name, "%s that is packed as a whole, and not read from start to end: expected it unpacked (gunzip does that)", kindNamesOf[content])
	}
	if content == "picture" {
		return content, "", nil
	}
	why = "taken for " + kindNamesOf[content] + " by its content"
	if packed {
		why += ", unpacked"
	}
	return content, why, nil
}

func unknownKind(name, found string) *Error {
	return wrong(name, "unknown kind of file: expected a name ending in %s; %s", endings, found)
}

// startsWith says in an error what unknown bytes are.
func startsWith(head []byte, content string) string {
	switch content {
	case "csv":
		return "found text that is no table by that name"
	case "npz":
		return "found a zip archive"
	}
	return fmt.Sprintf("it starts with % x", head[:min(len(head), 6)])
}

// contentOf tells what the first bytes of a file are, csv for any text, "" for what is neither.
func contentOf(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.starts)) {
			return m.kind
		}
	}
	if len(head) >= 8 && head[0] == 0 && head[1] == 0 && head[3] > 0 && head[3] <= 8 {
		if _, typed := idxTypes[head[2]]; typed {
			return "idx"
		}
	}
	if len(head) > 9 && head[8] == '{' && head[7] == 0 && head[6] == 0 { // after the length of its header
		return "safetensors"
	}
	wide := len(head) >= 4 && (head[0] == 0) != (head[1] == 0) // UTF-16
	if bytes.IndexByte(head, 0) >= 0 && !wide && !bytes.HasPrefix(head, []byte("\xff\xfe")) && !bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return ""
	}
	return "csv"
}

// headBytes returns the first bytes of a file, unpacked, and whether it was packed.
func headBytes(ctx context.Context, name string) (head []byte, packed bool, err error) {
	err = withFile(ctx, name, func(s *stream) error {
		_, plain := s.r.(interface{ Peek(int) ([]byte, error) })
		packed = !plain
		head = make([]byte, 512)
		n, err := io.ReadFull(s, head)
		head = head[:n]
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return s.failed(err)
		}
		return nil
	})
	return head, packed, err
}
