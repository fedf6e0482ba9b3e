package fetch

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A server that falls silent is left after a while, and the next one gives the rest.
func TestStalled(t *testing.T) {
	body := "\x1f\x8b" + strings.Repeat("some bytes ", 100)
	file := File{Name: "a.gz", Size: int64(len(body)), SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(body)))}
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		fmt.Fprint(w, body[:100])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer silent.Close()
	dir := t.TempDir()
	put := filepath.Join(t.TempDir(), "a.gz")
	if err := os.WriteFile(put, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	good := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(put))))
	defer good.Close()
	said, most := "", int64(0)
	f := Fetcher{Stall: 200 * time.Millisecond, Say: func(line string) { said += line }, Tell: func(_ File, n int64) { most = max(most, n) }}
	from, err := f.Get(t.Context(), []string{silent.URL, good.URL}, file, dir)
	if err != nil || from != good.URL || most != file.Size || !strings.Contains(said, "cut off after 100 of 1102 bytes: nothing came for too long") {
		t.Errorf("%s, %v, %d: %s", from, err, most, said)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "a.gz")); err != nil || string(got) != body {
		t.Errorf("%.20q, %v", got, err)
	}
}

// A place that is not there, a folder that is not, and a context that has ended are told apart.
func TestGetFails(t *testing.T) {
	f := Fetcher{Stall: time.Minute, Say: func(string) {}, Tell: func(File, int64) {}}
	gone := httptest.NewServer(nil)
	gone.Close()
	file := File{Name: "a.gz", Size: 3, SHA256: strings.Repeat("0", 64)}
	if _, err := f.Get(t.Context(), []string{gone.URL}, file, t.TempDir()); err == nil || !strings.Contains(err.Error(), "refused") || strings.Count(err.Error(), gone.URL) != 1 {
		t.Error(err)
	}
	if _, err := f.Get(t.Context(), []string{gone.URL}, file, filepath.Join(t.TempDir(), "no")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Get(ctx, []string{gone.URL}, file, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
