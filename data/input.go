package data

import (
	"context"
	"io"
	"io/fs"
	"os"
	"time"
)

// StandardInput is the name of data that come from the command's standard input, see [WithInput].
const StandardInput = "-"

// mostKept is how much of an input that comes once is kept, so that it can be read a second time.
const mostKept = 64 << 20

// inputKey finds the inputs of a context.
type inputKey struct{}

// WithInput returns a context under which the name "-" is what r gives. It comes once; its first 64 MiB may be looked at
// again.
func WithInput(ctx context.Context, r io.Reader) context.Context {
	return withInput(ctx, StandardInput, r)
}

func withInput(ctx context.Context, name string, r io.Reader) context.Context {
	before, _ := ctx.Value(inputKey{}).(*onceOnly)
	return context.WithValue(ctx, inputKey{}, &onceOnly{name: name, r: r, before: before})
}

// onceOnly is bytes that come once: of standard input, a pipe, a device.
type onceOnly struct {
	name   string
	r      io.Reader
	before *onceOnly // another one of the context

	kept    [][]byte // as it came
	size    int      // bytes that are kept
	gone    bool     // more came than is kept
	disk    *os.File // that holds all of it, nil for none
	err     error    // behind what is kept
	pending chan chunk
}

// chunk is what one reading came to.
type chunk struct {
	bytes []byte
	err   error
}

// comesOnce refuses standard input in more than one place.
func (r *Reading) comesOnce(name string) error {
	field := ""
	for _, p := range []struct{ name, field string }{{name, "data"}, {r.TestData, "TestData"}, {r.ValData, "ValData"}} {
		if p.name == StandardInput && field != "" {
			return &ReadingError{p.field, "is -, and so are other data: standard input comes once, expected a file"}
		}
		if p.name == StandardInput {
			field = p.field
		}
	}
	return nil
}

// inputOf returns the input of that name, nil where the name is one of a file.
func inputOf(ctx context.Context, name string) *onceOnly {
	in, _ := ctx.Value(inputKey{}).(*onceOnly)
	for in != nil && in.name != name {
		in = in.before
	}
	return in
}

// again says whether the bytes of a name can be read a second time.
func again(ctx context.Context, path string) bool {
	if in := inputOf(ctx, path); in != nil {
		return !in.gone || in.disk != nil
	}
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// openBytes opens a file, or an input of the context at its start.
func openBytes(ctx context.Context, path string) (io.ReadCloser, fs.FileInfo, error) {
	in := inputOf(ctx, path)
	switch {
	case in != nil && in.disk != nil:
		info, err := in.disk.Stat()
		if err != nil {
			return nil, nil, err
		}
		return io.NopCloser(io.NewSectionReader(in.disk, 0, info.Size())), info, nil
	case in != nil && in.gone:
		return nil, nil, wrong(path, "it comes once and was read before: expected a file")
	case in != nil:
		return io.NopCloser(&replay{ctx: ctx, in: in}), pipeInfo(path), nil
	case path == StandardInput:
		return nil, nil, wrong(path, "standard input is not there: expected a file")
	}
	return openTold(ctx, path)
}

// openStat opens a file and says what it is.
func openStat(path string) (*os.File, fs.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, pathError(path, err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// replay reads an input from its start.
type replay struct {
	ctx   context.Context
	in    *onceOnly
	chunk int // of what is kept
	at    int // in the chunk
}

// Read gives what is kept and then what comes. It ends with the context, also while nothing comes.
func (r *replay) Read(p []byte) (int, error) {
	for r.chunk == len(r.in.kept) {
		if r.in.err != nil {
			return 0, r.in.err
		}
		if err := r.in.more(r.ctx); err != nil {
			return 0, err
		}
		if r.in.gone {
			r.chunk, r.at = 0, 0
		}
	}
	part := r.in.kept[r.chunk][r.at:]
	n := copy(p, part)
	if r.at += n; n == len(part) {
		r.chunk, r.at = r.chunk+1, 0
	}
	return n, nil
}

// more takes the next chunk, which is all that is kept once too much has come.
func (in *onceOnly) more(ctx context.Context) error {
	if in.pending == nil { // a reading that was waited for in vain goes on
		in.pending = make(chan chunk, 1)
		go func(to chan<- chunk) {
			buf := make([]byte, 256<<10)
			n, err := in.r.Read(buf)
			to <- chunk{buf[:n:n], err}
		}(in.pending)
	}
	var got chunk
	select {
	case got = <-in.pending:
		in.pending = nil
	case <-ctx.Done():
		return ctx.Err()
	}
	in.err = got.err
	if in.size += len(got.bytes); in.size > mostKept {
		in.gone, in.kept = true, nil
	}
	if len(got.bytes) > 0 {
		in.kept = append(in.kept, got.bytes)
	}
	return nil
}

// pipeInfo describes an input as the system describes a pipe.
type pipeInfo string

func (p pipeInfo) Name() string       { return string(p) }
func (p pipeInfo) Size() int64        { return 0 }
func (p pipeInfo) Mode() fs.FileMode  { return fs.ModeNamedPipe }
func (p pipeInfo) ModTime() time.Time { return time.Time{} }
func (p pipeInfo) IsDir() bool        { return false }
func (p pipeInfo) Sys() any           { return nil }
