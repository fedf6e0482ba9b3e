package data

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"unicode/utf8"
)

// A safetensors file (https://github.com/huggingface/safetensors) is read by our own code, in one pass: the library that
// reads model files wants all of a file in memory.

// The bounds of a header that is read and written.
const (
	maxTensorHeader = 16 << 20
	maxTensors      = 1 << 16
)

// tensorTypes are the element types of safetensors as NPY has them.
var tensorTypes = map[string]string{
	"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<bf2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
	"U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}

// tensorFile is a safetensors file whose header was read.
type tensorFile struct {
	s     *stream
	start int64 // of the first element
	infos []*arrayInfo
	spans map[*arrayInfo][2]int64 // where the elements are, from start on
	beside
}

// beside is what the header of a file of ours says besides its tensors, lists in JSON.
type beside struct {
	ids, classes []string
	idName       string
	columns      []Column
}

func openSafetensors(ctx context.Context, path string, how *Reading) (*Source, error) {
	var src *Source
	err := withFile(ctx, path, func(s *stream) (err error) {
		src, err = readSafetensors(s, how)
		return err
	})
	if err != nil {
		return nil, err
	}
	return src, nil
}

// readSafetensors reads tensors as an archive's arrays are.
func readSafetensors(s *stream, how *Reading) (*Source, error) {
	f := &tensorFile{s: s, spans: map[*arrayInfo][2]int64{}}
	if err := f.header(); err != nil {
		return nil, err
	}
	src, err := readBundle(s.ctx, f, how)
	if err != nil {
		return nil, err
	}
	return src, f.give(src.Train, how)
}

func (f *tensorFile) where() string        { return f.s.path }
func (f *tensorFile) arrays() []*arrayInfo { return f.infos }

// header reads the length and the JSON that say what the file holds.
func (f *tensorFile) header() error {
	var eight [8]byte
	if err := f.s.full(eight[:], "safetensors header"); err != nil {
		return err
	}
	n := binary.LittleEndian.Uint64(eight[:])
	if n > maxTensorHeader {
		return wrong(f.s.path, "a header of %d bytes: expected safetensors, whose header has at most %d", n, maxTensorHeader)
	}
	if err := f.s.can(int64(n), "safetensors header"); err != nil {
		return err
	}
	text := &io.LimitedReader{R: f.s, N: int64(n)}
	d := json.NewDecoder(text)
	err := f.tensors(d)
	if err == nil {
		_, err = d.Token()
		if errors.Is(err, io.EOF) {
			err = nil
		} else if err == nil {
			err = errors.New("more follows the object")
		}
	}
	var e *Error
	switch {
	case err == nil:
	case errors.As(err, &e):
		return err
	case f.s.ctx.Err() != nil:
		return f.s.ctx.Err()
	default:
		if _, ok := errors.AsType[*json.SyntaxError](err); ok || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || isJSONMisfit(err) {
			return &Error{Path: f.s.path, Offset: 8, Msg: "the header is damaged: expected tensors with dtype, shape and data_offsets, as JSON", Err: err}
		}
		return f.s.failed(err)
	}
	if f.start = 8 + int64(n); f.s.at != f.start {
		return &Error{Path: f.s.path, Offset: f.s.at, Msg: fmt.Sprintf("the header ends early: expected %d bytes of it", n), Err: io.ErrUnexpectedEOF}
	}
	return f.checkSpans()
}

// errHeader is JSON that is no header.
var errHeader = errors.New("no header of safetensors")

func isJSONMisfit(err error) bool {
	_, typ := errors.AsType[*json.UnmarshalTypeError](err)
	return typ || errors.Is(err, errHeader) || err.Error() == "more follows the object"
}

// tensors reads the object of the header, an entry at a time.
func (f *tensorFile) tensors(d *json.Decoder) error {
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return cmp.Or(err, errHeader)
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		if seen[name] {
			return wrong(f.s.path, "two tensors %q: expected each name once", clip(name))
		}
		seen[name] = true
		if name == "__metadata__" {
			if err := f.metadata(d); err != nil {
				return err
			}
			continue
		}
		var v struct {
			DType   string  `json:"dtype"`
			Shape   []int64 `json:"shape"`
			Offsets []int64 `json:"data_offsets"`
		}
		if err := d.Decode(&v); err != nil {
			return err
		}
		if len(v.Offsets) != 2 || v.Shape == nil || len(f.infos) >= maxTensors {
			return wrong(f.s.path, "tensor %q: expected dtype, shape and data_offsets, and at most %d tensors", clip(name), maxTensors)
		}
		info := &arrayInfo{name: name}
		if info.descr = tensorTypes[v.DType]; info.descr == "" {
			info.descr = v.DType
		}
		for _, n := range v.Shape {
			if n < 0 || n > math.MaxInt {
				return wrong(f.s.path, "tensor %q: a size of %d: expected sizes from 0", clip(name), n)
			}
			info.shape = append(info.shape, int(n))
		}
		f.infos = append(f.infos, info)
		f.spans[info] = [2]int64{v.Offsets[0], v.Offsets[1]}
	}
	_, err := d.Token()
	return err
}

// metadata reads the texts of the header. What is not as we write it is another program's and left out.
func (f *tensorFile) metadata(d *json.Decoder) error {
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return cmp.Or(err, errHeader)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var text string
		if err := d.Decode(&text); err != nil {
			return err
		}
		switch key {
		case "id_name":
			f.idName = text
		case idArray:
			f.ids = jsonList[string](text)
		case classArray:
			f.classes = jsonList[string](text)
		case columnsArray:
			if f.columns = columnsNamed(jsonList[string](text)); f.columns == nil {
				f.columns = jsonList[Column](text)
			}
		}
	}
	_, err := d.Token()
	return err
}

// jsonList reads a list, nil where the text is none of such values.
func jsonList[T any](text string) []T {
	var list []T
	if json.Unmarshal([]byte(text), &list) != nil {
		return nil
	}
	return list
}

// checkSpans makes sure that the tensors follow each other without holes, as the format says.
func (f *tensorFile) checkSpans() error {
	slices.SortStableFunc(f.infos, func(a, b *arrayInfo) int {
		x, y := f.spans[a], f.spans[b]
		return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1]))
	})
	at := int64(0)
	for _, a := range f.infos {
		span := f.spans[a]
		if span[0] != at || span[1] < at {
			return wrong(f.s.path, "tensor %q: bytes %d to %d: expected them from %d on", clip(a.name), span[0], span[1], at)
		}
		at = span[1]
		n := product(a.shape)
		e, ok := elementOf(a.descr)
		if n < 0 || ok && (n > math.MaxInt64/8 || int64(n)*int64(e.size) != at-span[0]) {
			return wrong(f.s.path, "tensor %s: %d bytes: expected those of its shape", a, at-span[0])
		}
	}
	return f.s.can(at, "tensors")
}

// read hands on the tensors in the order of the file, and makes sure that the file ends with the last.
func (f *tensorFile) read(_ context.Context, want []*arrayInfo, use func(*arrayInfo, *stream) error) error {
	for _, a := range f.infos {
		span := f.spans[a]
		n := span[1] - span[0]
		if !slices.Contains(want, a) {
			if err := f.skip(a, n); err != nil {
				return err
			}
			continue
		}
		part := &stream{ctx: f.s.ctx, path: f.s.path + "/" + a.name, r: io.LimitReader(f.s, n), at: f.s.at, most: f.s.at + n, hint: min(f.s.hint, n)}
		if err := use(a, part); err != nil {
			return err
		}
	}
	return f.s.end("last tensor")
}

// skip reads over the n bytes of a tensor.
func (f *tensorFile) skip(a *arrayInfo, n int64) error {
	got, err := io.CopyN(io.Discard, f.s, n)
	if errors.Is(err, io.EOF) {
		return &Error{Path: f.s.path, Offset: f.s.at, Err: io.ErrUnexpectedEOF,
			Msg: fmt.Sprintf("the data ends inside the tensor %q: expected %d bytes, found %d", clip(a.name), n, got)}
	}
	if err != nil {
		return f.s.failed(err)
	}
	return nil
}

// give hands what the header says besides to the set, where it fits.
func (b *beside) give(s *Set, how *Reading) error {
	valid := func(names []string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return !utf8.ValidString(n) })
	}
	if s.IDs == nil && how.ID == "" && len(b.ids) == s.Rows && valid(b.ids) {
		s.IDs, s.IDName = b.ids, b.idName
	}
	if len(b.columns) == s.Cols && s.Channels == 0 {
		s.Columns = b.columns
	}
	if c := uniqueNames(b.classes); s.Labels != nil && len(c) >= len(s.Classes) && valid(c) && countedNames(s.Classes) {
		s.Classes = c
	}
	return s.Validate()
}

// countedNames says whether the names of classes are their numbers.
func countedNames(names []string) bool {
	for i, n := range names {
		if n != fmt.Sprint(i) {
			return false
		}
	}
	return true
}
