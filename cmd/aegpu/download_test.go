package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/internal/fetch"
)

// site serves a folder as servers do; before answers some requests otherwise, and says so.
type site struct {
	*httptest.Server
	asked  atomic.Int64
	before func(w http.ResponseWriter, r *http.Request) bool
}

// tinySet is a public data set of two small files, at a site of its own.
func tinySet(t *testing.T) (*site, []fetch.File) {
	t.Helper()
	dir := t.TempDir()
	s := &data.Set{Name: "tiny", Rows: 60, Cols: 16, Height: 4, Width: 4, Channels: 1}
	for i := range s.Rows * s.Cols {
		s.U8 = append(s.U8, uint8(i*i*31%251))
	}
	labels := "\x00\x00\x08\x01\x00\x00\x00\x3c" + strings.Repeat("\x00\x01\x02", 20)
	put(t, filepath.Join(dir, "train-labels-idx1-ubyte.gz"), zipped(t, labels))
	if err := data.Write(filepath.Join(dir, "train-images-idx3-ubyte.gz"), s); err != nil {
		t.Fatal(err)
	}
	var files []fetch.File
	for _, name := range []string{"train-labels-idx1-ubyte.gz", "train-images-idx3-ubyte.gz"} {
		b := contents(t, dir, name)
		files = append(files, fetch.File{Name: name, Size: int64(len(b)), SHA256: fmt.Sprintf("%x", sha256.Sum256(b))})
	}
	at := &site{before: func(http.ResponseWriter, *http.Request) bool { return false }}
	served := http.FileServer(http.Dir(dir))
	at.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at.asked.Add(1)
		if !at.before(w, r) {
			served.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(at.Close)
	known := publicSets
	t.Cleanup(func() { publicSets = known })
	publicSets = append(known[:len(known):len(known)], publicSet{"tiny", "for tests", []string{at.URL}, files})
	return at, files
}

const images = "train-images-idx3-ubyte.gz"

// wholeSet wants a downloaded folder to be whole, with nothing left over.
func wholeSet(t *testing.T, dir string, files []fetch.File) {
	t.Helper()
	for _, f := range files {
		if sum := fmt.Sprintf("%x", sha256.Sum256(contents(t, dir, f.Name))); sum != f.SHA256 {
			t.Errorf("%s: %s, want %s", f.Name, sum, f.SHA256)
		}
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) != len(files) {
		t.Errorf("%v: %v", all, err)
	}
}

// A data set is downloaded once, what is there is left alone, and the command that is named at the end trains on it.
func TestDownload(t *testing.T) {
	site, files := tinySet(t)
	t.Chdir(t.TempDir())
	o := must(t, "data", "download", "tiny")
	if !strings.Contains(o.out, "what to try next:\n  aegpu train tiny\n") || strings.Count(o.err, " bytes from "+site.URL) != 2 {
		t.Errorf("%s%s", o.out, o.err)
	}
	wholeSet(t, "tiny", files)
	v := must(t, "data", "download", "tiny", "--json", "-q").object(t)
	if site.asked.Load() != 2 || v["next"] != "aegpu train tiny" || v["files"].([]any)[1].(map[string]any)["from"] != "" {
		t.Errorf("asked %d times; %v", site.asked.Load(), v)
	}
	must(t, append([]string{"train", "tiny", "--out", "run"}, tiny...)...)
	put(t, "other/"+images, "mine")
	if o := command(t.Context(), "data", "download", "tiny", "-o", "other"); o.code != 2 || !strings.Contains(o.err, "other/"+images+" is there and is another file") || string(contents(t, "other", images)) != "mine" {
		t.Error(o)
	}
}

// What was cut off is gone on with, at a server that knows how as at one that does not.
func TestDownloadGoesOn(t *testing.T) {
	for name, before := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"ranges": nil,
		"none":   func(_ http.ResponseWriter, r *http.Request) bool { r.Header.Del("Range"); return false },
	} {
		t.Run(name, func(t *testing.T) {
			site, files := tinySet(t)
			whole := func() []byte { // of the images
				dir := t.TempDir()
				must(t, "data", "download", "tiny", "-o", dir, "-q")
				return contents(t, dir, images)
			}()
			dir := filepath.Join(t.TempDir(), "new")
			half := len(whole) / 2
			site.before = func(w http.ResponseWriter, r *http.Request) bool {
				if filepath.Base(r.URL.Path) == images {
					if r.Header.Get("Range") != "" {
						http.Error(w, "busy", http.StatusServiceUnavailable)
						return true
					}
					w.Header().Set("Content-Length", fmt.Sprint(len(whole)))
					w.Write(whole[:half])
				}
				return filepath.Base(r.URL.Path) == images
			}
			o := command(t.Context(), "data", "download", "tiny", "-o", dir)
			if o.code != 1 || !strings.Contains(o.err, fmt.Sprintf("cut off after %d of %d bytes", half, len(whole))) || !strings.Contains(o.err, "what came is kept in "+filepath.Join(dir, images)+".part, to go on") || len(contents(t, dir, images+".part")) != half {
				t.Errorf("%s: %v", name, o)
			}
			ranges := ""
			site.before = func(w http.ResponseWriter, r *http.Request) bool {
				ranges += r.Header.Get("Range")
				return before != nil && before(w, r)
			}
			must(t, "data", "download", "tiny", "-o", dir)
			if ranges != fmt.Sprintf("bytes=%d-", half) {
				t.Errorf("%s: asked for %q", name, ranges)
			}
			wholeSet(t, dir, files)
			// A part that is damaged is thrown away, and all of it comes anew.
			dir = filepath.Join(t.TempDir(), "damaged")
			put(t, filepath.Join(dir, images+".part"), "\x1f\x8bdamaged")
			if o := must(t, "data", "download", "tiny", "-o", dir); name == "ranges" && !strings.Contains(o.err, "damaged: its sha256 is ") {
				t.Errorf("%s: %v", name, o)
			}
			wholeSet(t, dir, files)
		})
	}
}

// Of several places the next is asked where one has not what was looked for, and nothing of what it has stays.
func TestDownloadFromTheNextPlace(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter, f fetch.File)
		said   string
	}{
		"missing": {func(w http.ResponseWriter, _ fetch.File) { http.Error(w, "none", http.StatusNotFound) }, "404 Not Found"},
		"page":    {func(w http.ResponseWriter, _ fetch.File) { fmt.Fprint(w, "<html>log in</html>") }, "sends 19 bytes (text/html"},
		"long page": {func(w http.ResponseWriter, _ fetch.File) { // of no length that is told
			fmt.Fprint(w, "<html>", strings.Repeat("log in ", 1000))
			w.(http.Flusher).Flush()
		}, "sends no gzip file (text/html; charset=utf-8): does the network ask for a login?"},
		"other bytes": {func(w http.ResponseWriter, f fetch.File) {
			fmt.Fprint(w, "\x1f\x8b", strings.Repeat("x", int(f.Size)-2))
		}, "damaged: its sha256 is "},
		"too many": {func(w http.ResponseWriter, f fetch.File) {
			fmt.Fprint(w, "\x1f\x8b", strings.Repeat("x", 1<<20))
			w.(http.Flusher).Flush()
		}, "damaged: its sha256 is "},
	} {
		t.Run(name, func(t *testing.T) {
			site, files := tinySet(t)
			bad := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				for _, f := range files {
					if f.Name == filepath.Base(r.URL.Path) {
						c.answer(w, f)
					}
				}
			}))
			defer bad.Close()
			publicSets[len(publicSets)-1].places = []string{bad.URL, site.URL}
			dir := t.TempDir()
			if o := must(t, "data", "download", "tiny", "-o", dir); !strings.Contains(o.err, bad.URL+"/"+images+": "+c.said) {
				t.Error(o.err)
			}
			wholeSet(t, dir, files)
			dir = filepath.Join(t.TempDir(), "new")
			if o := command(t.Context(), "data", "download", "tiny", "-o", dir, "--mirror", bad.URL+"/"); o.code != 1 || !strings.Contains(o.err, "aegpu: train-labels-idx1-ubyte.gz: not downloaded: "+bad.URL+"/train-labels-idx1-ubyte.gz: "+c.said) {
				t.Error(o)
			}
			if exists(dir) {
				t.Error("a folder without anything in it is there")
			}
		})
	}
}

// One that is interrupted says that it goes on where it was, and does.
func TestDownloadInterrupted(t *testing.T) {
	site, files := tinySet(t)
	dir := t.TempDir()
	must(t, "data", "download", "tiny", "-o", dir, "-q")
	whole := contents(t, dir, images)
	dir = t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	site.before = func(w http.ResponseWriter, r *http.Request) bool {
		if filepath.Base(r.URL.Path) != images {
			return false
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(whole)))
		w.Write(whole[:100])
		w.(http.Flusher).Flush()
		for range 500 { // until it has come
			if info, err := os.Stat(filepath.Join(dir, images+".part")); err == nil && info.Size() == 100 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
		<-r.Context().Done()
		return true
	}
	o := command(ctx, "data", "download", "tiny", "-o", dir)
	if o.code != 130 || !strings.Contains(o.err, "what came so far is kept in "+dir+": the same command goes on with it") || len(contents(t, dir, images+".part")) != 100 {
		t.Error(o)
	}
	site.before = func(http.ResponseWriter, *http.Request) bool { return false }
	must(t, "data", "download", "tiny", "-o", dir)
	wholeSet(t, dir, files)
}

// The public data sets are of files that train finds, and say where they are.
func TestPublicSets(t *testing.T) {
	for _, d := range publicSets {
		if len(d.places) < 2 || len(d.files) != 4 || d.files[3].Name != images {
			t.Errorf("%s: %v", d.name, d)
		}
		for _, f := range d.files {
			if len(f.SHA256) != 64 || f.Size < 1000 || strings.Trim(f.SHA256, "0123456789abcdef") != "" {
				t.Errorf("%s: %v", d.name, f)
			}
		}
	}
}
