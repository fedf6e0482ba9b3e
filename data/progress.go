package data

import (
	"context"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
)

// progressKey finds whom a context tells how far its work is.
type progressKey struct{}

// WithProgress returns a context under which reading, and whatever calls [Progress], tells how far it is: so much of what
// is done, of so much in all, bytes of a file, pictures or rows. Both are the same in the end, whether it went well or not.
// tell is called from several goroutines and often.
func WithProgress(ctx context.Context, tell func(what string, done, total int64)) context.Context {
	return context.WithValue(ctx, progressKey{}, tell)
}

// Progress tells how far something is, where the context has somebody to tell.
func Progress(ctx context.Context, what string, done, total int64) {
	if tell, ok := ctx.Value(progressKey{}).(func(string, int64, int64)); ok {
		tell(what, done, total)
	}
}

// inputFile is a file that is read from its start, or at any place.
type inputFile interface {
	io.ReadCloser
	io.ReaderAt
}

// openTold is openStat of a file whose reading is told.
func openTold(ctx context.Context, path string) (inputFile, fs.FileInfo, error) {
	f, info, err := openStat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() || info.Size() == 0 {
		return f, info, nil
	}
	return &toldFile{file: f, ctx: ctx, size: info.Size()}, info, nil
}

// toldFile is a file that tells how many of its bytes were read, be it twice.
type toldFile struct {
	file *os.File
	ctx  context.Context
	size int64
	read atomic.Int64
}

func (f *toldFile) Read(p []byte) (int, error) {
	n, err := f.file.Read(p)
	f.tell(n)
	return n, err
}

func (f *toldFile) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.file.ReadAt(p, at)
	f.tell(n)
	return n, err
}

func (f *toldFile) tell(n int) {
	Progress(f.ctx, "reading "+f.file.Name(), min(f.read.Add(int64(n)), f.size-1), f.size)
}

func (f *toldFile) Close() error {
	Progress(f.ctx, "reading "+f.file.Name(), f.size, f.size)
	return f.file.Close()
}
