// Package fetch downloads files that are known by their sha256, from whichever place has them, and goes on where it stopped.
package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// File is a gzip file and what it is to be.
type File struct {
	Name   string
	Size   int64
	SHA256 string
}

// Fetcher downloads files.
type Fetcher struct {
	Client *http.Client             // nil for one that heeds the proxies of the environment
	Stall  time.Duration            // how long nothing may come before another place is tried
	Say    func(line string)        // told of a place that did not do, and why
	Tell   func(file File, n int64) // told how many bytes of a file are there
}

// OtherError is a file that lies where another one is to be downloaded to.
type OtherError struct {
	Path string
	File File
}

func (e *OtherError) Error() string {
	return fmt.Sprintf("%s is there and is another file (its sha256 is not %.12s...): remove it, or name another folder", e.Path, e.File.SHA256)
}

// rounds is how often all places are asked, as long as each round brings some bytes more, or takes away damaged ones.
const rounds = 10

// Get makes dir hold the file, from the first of the places (addresses of a folder) that has it, and returns which one that
// was, "" where the file was there. What came so far lies in NAME.part, where the next Get goes on: the file has its name when
// its sha256 is right. The context's error is returned when it ends first, the system's own where the file cannot be written.
func (f *Fetcher) Get(ctx context.Context, places []string, file File, dir string) (from string, err error) {
	path := filepath.Join(dir, file.Name)
	if sum, err := sumOf(path); err == nil {
		if sum != file.SHA256 {
			return "", &OtherError{path, file}
		}
		f.Tell(file, file.Size)
		return "", nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	var last []string
	had := sizeOf(path + ".part")
	for range rounds {
		last = nil
		for _, place := range places {
			url := strings.TrimSuffix(place, "/") + "/" + file.Name
			err := f.from(ctx, url, file, path)
			var system *fs.PathError
			switch {
			case err == nil:
				return place, nil
			case ctx.Err() != nil:
				return "", ctx.Err()
			case errors.As(err, &system):
				return "", err
			}
			last = append(last, fmt.Sprintf("%s: %v", url, err))
			f.Say(last[len(last)-1])
		}
		have := sizeOf(path + ".part")
		if have == had {
			break
		}
		had = have
	}
	if had > 0 {
		last = append(last, "what came is kept in "+path+".part, to go on with the next time")
	}
	return "", fmt.Errorf("%s: not downloaded: %s", file.Name, strings.Join(last, "; "))
}

// from downloads what is missing of a file from one address, and gives the file its name.
func (f *Fetcher) from(ctx context.Context, url string, file File, path string) error {
	part, err := os.OpenFile(path+".part", os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer part.Close()
	sum := sha256.New()
	at, err := io.Copy(sum, part)
	if err != nil {
		return err
	}
	if at < file.Size {
		t := &transfer{Fetcher: f, url: url, file: file, part: part, sum: sum, at: at}
		if err := t.run(ctx); err != nil {
			if t.at == 0 {
				part.Close()
				os.Remove(part.Name())
			}
			return err
		}
		at = t.at
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != file.SHA256 || at != file.Size {
		part.Close()
		return errors.Join(fmt.Errorf("damaged: its sha256 is %.12s..., expected %.12s...: what came is removed", got, file.SHA256), os.Remove(part.Name()))
	}
	if err := errors.Join(part.Sync(), part.Close()); err != nil {
		return err
	}
	return os.Rename(part.Name(), path)
}

// transfer is what is under way from one address.
type transfer struct {
	*Fetcher
	url  string
	file File
	part *os.File
	sum  hash.Hash // of what is in part
	at   int64     // its size
}

func sumOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, file)
	return hex.EncodeToString(sum.Sum(nil)), err
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
