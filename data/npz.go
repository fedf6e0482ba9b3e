package data

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/flate"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// maxDirectory is the bytes of an archive's list of its members, which is held in memory as a whole.
const maxDirectory = 4 << 20

// smallMember is the bytes of a member that is read twice, at first for its checksum.
const smallMember = 1 << 16

// openNPZ reads the arrays X and, where it is there, y of an archive, or those of the other names of bundleRoles;
// x_train, y_train, x_test and y_test, say, give two parts. A sparse matrix of SciPy is made dense.
func openNPZ(ctx context.Context, path string, how *Reading) (*Source, error) {
	f, info, err := openTold(ctx, path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readNPZ(ctx, path, f, info.Size(), how)
}

// readNPZ reads an archive of so many bytes.
func readNPZ(ctx context.Context, path string, r io.ReaderAt, size int64, how *Reading) (*Source, error) {
	bounded := &boundedReaderAt{r: r, left: maxDirectory + 1<<17}
	z, err := zip.NewReader(bounded, size)
	switch {
	case errors.Is(err, errDirectory):
		return nil, wrong(path, "a list of members of more than %d bytes: expected fewer arrays", maxDirectory)
	case errors.Is(err, zip.ErrFormat), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, &Error{Path: path, Msg: "not a zip archive, or one that is cut short: expected NPZ", Err: err}
	case err != nil:
		return nil, err
	}
	bounded.left = -1
	for _, f := range z.File {
		if err := checkMember(r, f); err != nil {
			return nil, zipFailed(path, err)
		}
	}
	a := &archive{path: path, size: size, files: map[*arrayInfo]*zip.File{}}
	if err := a.readHeaders(ctx, z.File); err != nil {
		return nil, err
	}
	if how.Array == "" && a.sparse() {
		return a.readSparse(ctx, how)
	}
	return readBundle(ctx, a, how)
}

// checkMember compares the name of a member with that in front of its bytes, since no checksum covers either: an array
// under a damaged name would be left out, or taken for another. zip.ErrFormat is that they differ.
func checkMember(r io.ReaderAt, f *zip.File) error {
	end, err := f.DataOffset()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return zip.ErrFormat
	}
	if err != nil {
		return err
	}
	const fixed = 30 // bytes in front of the name, which tell its length and that of what follows it
	for _, most := range []int64{256, fixed + 2<<16} {
		start := max(end-most, 0)
		before := make([]byte, end-start)
		if _, err := r.ReadAt(before, start); errors.Is(err, io.EOF) {
			return zip.ErrFormat
		} else if err != nil {
			return err
		}
		for at := len(before); at >= 0; at = bytes.LastIndex(before[:at], []byte("PK\x03\x04")) {
			head := before[at:]
			if len(head) < fixed {
				continue
			}
			name, extra := int(binary.LittleEndian.Uint16(head[26:])), int(binary.LittleEndian.Uint16(head[28:]))
			if fixed+name+extra != len(head) {
				continue
			}
			if string(head[fixed:fixed+name]) != f.Name {
				return zip.ErrFormat
			}
			return nil
		}
	}
	return zip.ErrFormat
}

// boundedReaderAt ends with errDirectory after so many bytes; below 0 it does not.
type boundedReaderAt struct {
	r    io.ReaderAt
	left int64
}

var errDirectory = errors.New("more bytes than a directory may have")

func (b *boundedReaderAt) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 { // what a damaged directory may ask for
		return 0, zip.ErrFormat
	}
	if b.left >= 0 {
		if b.left -= int64(len(p)); b.left < 0 {
			b.left = 0
			return 0, errDirectory
		}
	}
	return b.r.ReadAt(p, at)
}

// archive is an open NPZ file.
type archive struct {
	path  string
	size  int64 // of the archive
	infos []*arrayInfo
	files map[*arrayInfo]*zip.File
}

func (a *archive) where() string        { return a.path }
func (a *archive) arrays() []*arrayInfo { return a.infos }

// readHeaders reads what each member says of its array. One that is none is an array with an error.
func (a *archive) readHeaders(ctx context.Context, files []*zip.File) error {
	for _, f := range files {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		info := &arrayInfo{name: strings.TrimSuffix(f.Name, ".npy")}
		err := a.with(ctx, f, func(s *stream) (err error) {
			if info.npyHeader, err = readNPYHeader(s); f.UncompressedSize64 > smallMember {
				return err
			}
			// A small one is read to its checksum, whatever it is: that decides on others.
			_, damage := io.Copy(io.Discard, s)
			if errors.Is(damage, io.ErrUnexpectedEOF) {
				damage = zip.ErrFormat
			}
			return cmp.Or(damage, err)
		})
		var e *Error
		var corrupt flate.CorruptInputError
		if err != nil && (!errors.As(err, &e) || errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrFormat) || errors.As(err, &corrupt)) {
			return cmp.Or(ctx.Err(), err)
		}
		info.err = err
		a.infos = append(a.infos, info)
		a.files[info] = f
	}
	return nil
}

func (a *archive) read(ctx context.Context, want []*arrayInfo, use func(*arrayInfo, *stream) error) error {
	for _, info := range want {
		err := a.with(ctx, a.files[info], func(s *stream) error {
			if _, err := readNPYHeader(s); err != nil {
				return err
			}
			return use(info, s)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// with opens one member and hands its unpacked bytes to read.
func (a *archive) with(ctx context.Context, f *zip.File, read func(*stream) error) error {
	name := a.path + "/" + strings.TrimSuffix(f.Name, ".npy")
	r, err := f.Open()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = zip.ErrFormat
	}
	if err != nil {
		return zipFailed(name, err)
	}
	defer r.Close()
	// The directory's sizes are claims too; what deflate can make of the packed bytes is the surer bound.
	packed := int64(min(f.CompressedSize64, uint64(a.size)))
	most := int64(min(f.UncompressedSize64, uint64(packed+1)*maxDeflate))
	return zipFailed(name, read(&stream{ctx: ctx, path: name, r: r, most: most, hint: packed * 8}))
}

// zipFailed turns the archive's complaints into an Error about the member.
func zipFailed(name string, err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, zip.ErrChecksum):
		return &Error{Path: name, Msg: "the packed data is damaged: its checksum does not match", Err: err}
	case errors.Is(err, zip.ErrFormat), errors.As(err, &corrupt):
		return &Error{Path: name, Msg: "the packed data is damaged: expected a zip archive", Err: err}
	case errors.Is(err, zip.ErrAlgorithm):
		return &Error{Path: name, Msg: "packed by an unknown method: expected none or deflate", Err: err}
	}
	return err
}
