package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// toDisk copies an input to a file that no name leads to any more, so that it goes with the process however that ends. It
// is for formats that are not read from start to end.
func (in *onceOnly) toDisk(ctx context.Context, format string) (said string, err error) {
	said = fmt.Sprintf("%s: kept in %s while it is read, as %s is not read from start to end", in.name, os.TempDir(), format)
	if in.disk != nil {
		return said, nil
	}
	from, _, err := openBytes(ctx, in.name)
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp("", "aegpu-input-*")
	if err != nil {
		return "", notKept(in.name, format, err)
	}
	if err := os.Remove(f.Name()); err != nil { // as on Windows, where what is open keeps its name
		return "", errors.Join(notKept(in.name, format, err), f.Close(), os.Remove(f.Name()))
	}
	if _, err := io.Copy(f, from); err != nil {
		f.Close()
		if _, disk := errors.AsType[*fs.PathError](err); disk {
			err = notKept(in.name, format, err)
		}
		return "", err
	}
	in.disk, in.kept = f, nil
	return said, nil
}

// notKept explains why an input could not be copied to the disk.
func notKept(name, format string, err error) error {
	return &Error{Path: name, Err: err, Msg: fmt.Sprintf("it cannot be kept in %s, as %s needs, which is not read from start to end (%v): TMPDIR names another folder, or save it as a file first",
		filepath.Clean(os.TempDir()), format, err)}
}

// anywhere is an open file that may be read at any place.
type anywhere interface {
	io.ReaderAt
	io.Closer
}

// openAnywhere opens a file for a format that is not read from start to end, or an input that is on disk.
func openAnywhere(ctx context.Context, path, format string) (anywhere, int64, error) {
	if in := inputOf(ctx, path); in != nil && in.disk != nil {
		info, err := in.disk.Stat()
		if err != nil {
			return nil, 0, err
		}
		return noClose{in.disk}, info.Size(), nil
	}
	f, info, err := openTold(ctx, path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		f.Close()
		return nil, 0, wrong(path, "a pipe or device: expected a file, as %s is not read from start to end; save it as one first", format)
	}
	return f, info.Size(), nil
}

// noClose is a file that stays open.
type noClose struct{ io.ReaderAt }

func (noClose) Close() error { return nil }
