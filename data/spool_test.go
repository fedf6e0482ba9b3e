package data

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"testing"
)

// Formats that are not read from start to end come through a pipe by way of the disk, and leave nothing there.
func TestInputByWayOfTheDisk(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("what is open keeps its name there")
	}
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	content, err := os.ReadFile("testdata/columnar/table.parquet")
	if err != nil {
		t.Fatal(err)
	}
	ctx := WithInput(t.Context(), bytes.NewReader(content))
	for range 2 {
		src, err := Open(ctx, StandardInput)
		if err != nil || src.Train.Rows != 300 || src.Train.Cols != 6 || !strings.Contains(strings.Join(src.Found, "\n"), "-: kept in "+temp) {
			t.Fatalf("%+v, %v", src, err)
		}
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
	t.Setenv("TMPDIR", temp+"/gone")
	_, err = Open(WithInput(t.Context(), bytes.NewReader(content)), StandardInput)
	wantError(t, err, "-: it cannot be kept in "+temp+"/gone, as Parquet needs", "TMPDIR names another folder")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	_, err = Open(WithInput(t.Context(), strings.NewReader(gzipped(t, string(content)))), StandardInput)
	wantError(t, err, "Parquet that is packed as a whole", "gunzip")
}
