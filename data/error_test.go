package data

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// wantError checks that err is one line, an *Error, and holds every one of the words.
func wantError(t *testing.T, err error, words ...string) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v (%T), want an *Error with %q", err, err, words)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("%q is more than one line", err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
	return e
}

// file writes content to a file of that name in a new folder and returns its path.
func file(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestErrorIsOneLineThatSaysWhere(t *testing.T) {
	for _, c := range []struct {
		err  Error
		want string
	}{
		{Error{Path: "a.csv", Line: 3, Column: 5, Field: "petal", Msg: "bad"}, `a.csv: line 3: column 5 ("petal"): bad`},
		{Error{Path: "a.npy", Row: 2, Column: 1, Msg: "bad"}, "a.npy: row 2: column 1: bad"},
		{Error{Path: "a.idx", Offset: 16, Msg: "bad"}, "a.idx: byte 16: bad"},
		{Error{Msg: "bad"}, "bad"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestOpenRefusesNamesThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	os.Mkdir(filepath.Join(dir, "folder.csv"), 0o755)
	for _, c := range []struct {
		name  string
		words []string
	}{
		{"builtin:cats", []string{"builtin:cats", "builtin:glyphs"}},
		{"Glyphs", []string{"did you mean builtin:glyphs"}},
		{filepath.Join(dir, "none.npy"), []string{"none.npy", "no such file"}},
		{filepath.Join(dir, "folder.csv"), []string{"a folder without files of data", "MNIST's layout"}},
		{file(t, "a.doc", "\x00x"), []string{"a.doc", ".npz", ".csv", ".parquet"}},
		{file(t, "plain", ""), []string{"unknown kind of file", "empty"}},
		{file(t, "bytes", "\x00\x00\x00\x01\x00\x00\x00\x01"), []string{"unknown kind of file", "00 00 00 01"}},
		{file(t, "text.yaml", "a: 1\n"), []string{"unknown kind of file"}},
		{file(t, "text.parquet", "a,b\n1,2\n"), []string{"expected a Parquet file"}},
		{file(t, "zip.dat.gz", "\x1f\x8b"), []string{"cut short"}},
		{file(t, "data", "PAR1\x00\x00"), []string{"expected a Parquet file"}},
		{file(t, "a.csv", "x\n1\n") + "/b.csv", []string{"not a directory"}},
		{"a\x00.csv", []string{"invalid argument"}},
	} {
		_, err := Open(context.Background(), c.name)
		wantError(t, err, c.words...)
	}
	_, err := Open(context.Background(), filepath.Join(dir, "none.npy"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}
}

func TestOpenEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, path := range []string{
		file(t, "a.csv", "x\n1\n"),
		file(t, "a.npy", string(formatNPYHeader("|u1", []int{1}))+"\x00"),
		file(t, "a.idx", "\x00\x00\x08\x02\x00\x00\x00\x01\x00\x00\x00\x01\x00"),
		"testdata/columnar/table.parquet", "testdata/columnar/table.feather",
	} {
		var e *Error
		if _, err := Open(ctx, path); !errors.Is(err, context.Canceled) || errors.As(err, &e) {
			t.Errorf("%s: got %v, want context.Canceled", filepath.Base(path), err)
		}
	}
}
