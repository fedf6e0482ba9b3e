package data

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"testing"
)

var errFuzzMemory = errors.New("too much memory for a test")

// fuzzArrays reads content as fuzz does. What is asked for at a time is at most 16 bytes for each of the content's, or
// 12 for each of so many cells, and what the blocks of a reader take.
func fuzzArrays(t *testing.T, content []byte, cells int, read func(*stream) (*Source, error)) {
	most := 0.0
	ctx := WithMemory(context.Background(), func(_ string, bytes float64) error {
		if most = max(most, bytes); bytes > 64<<20 {
			return errFuzzMemory
		}
		return nil
	})
	s := &stream{ctx: ctx, path: "fuzz", r: bytes.NewReader(content), most: int64(len(content)), hint: 1}
	if len(content)%2 == 1 { // as from a pipe: nothing is known of the size
		s.most = math.MaxInt64
	}
	src, err := read(s)
	if limit := float64(16*len(content) + 12*cells + 24<<20); most > limit {
		t.Fatalf("%d bytes of content ask for %g: expected at most %g", len(content), most, limit)
	}
	checkRead(t, src, err)
}

// checkRead makes sure that what was read is a valid source or an *Error.
func checkRead(t *testing.T, src *Source, err error) {
	t.Helper()
	var e *Error
	if err != nil {
		if !errors.As(err, &e) && !errors.Is(err, errFuzzMemory) {
			t.Fatalf("%v (%T): expected an *Error", err, err)
		}
		return
	}
	for _, set := range []*Set{src.Train, src.Val, src.Test} {
		if set == nil {
			continue
		}
		if err := set.Validate(); err != nil {
			t.Fatal(err)
		}
	}
	if src.Train == nil {
		t.Fatal("no error and no rows")
	}
}

// npzOf returns an archive of members as they are, not packed.
func npzOf(t testing.TB, members ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: members[i] + ".npy", Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, members[i+1])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func FuzzNPZ(f *testing.F) {
	x := array("<f4", []int{2, 2}, []float32{1, 2, 3, 4})
	f.Add(npzOf(f, "X", x, "y", array("|u1", []int{2}, []uint8{0, 1})))
	f.Add(npzOf(f, "data", x, "target", array("<U1", []int{2}, []int32{'a', 'b'}), "ids", array("<i8", []int{2}, []int64{7, 8})))
	f.Fuzz(func(t *testing.T, content []byte) {
		fuzzArrays(t, content, 0, func(s *stream) (*Source, error) {
			return readNPZ(s.ctx, "fuzz", bytes.NewReader(content), int64(len(content)), &Reading{})
		})
	})
}

// FuzzNPZArrays reads an archive of three members as they come, under the names that are given.
func FuzzNPZArrays(f *testing.F) {
	x := array("<f4", []int{2, 2}, []float32{1, 2, 3, 4})
	f.Add("X", x, "y", array("|u1", []int{2}, []uint8{0, 1}), "ids", array("<U2", []int{2}, []int32{'a', 'b', 'c', 0}))
	f.Add("x_train", x, "labels", array("|S1", []int{2}, []uint8{'a', 'b'}), "x_test", x)
	f.Fuzz(func(t *testing.T, a, x, b, y, c, z string) {
		content := npzOf(t, a, x, b, y, c, z)
		fuzzArrays(t, content, 0, func(s *stream) (*Source, error) {
			return readNPZ(s.ctx, "fuzz", bytes.NewReader(content), int64(len(content)), &Reading{})
		})
	})
}

// FuzzSciPy reads a sparse matrix whose five members come as they do.
func FuzzSciPy(f *testing.F) {
	shape := array("<i8", []int{2}, []int64{2, 3})
	three := array("<f8", []int{3}, []float64{1, 2, 3})
	for _, format := range []string{"csr", "csc"} {
		f.Add(format, shape, three, array("<i4", []int{3}, []int32{0, 1, 1}), array("<i4", []int{3}, []int32{0, 2, 3}))
	}
	f.Add("coo", shape, three, array("<i4", []int{3}, []int32{0, 1, 1}), array("<i4", []int{3}, []int32{0, 2, 1}))
	f.Add("bsr", shape, array("<f8", []int{1, 2, 3}, []float64{1, 2, 3, 4, 5, 6}), array("<i4", []int{1}, []int32{0}), array("<i4", []int{2}, []int32{0, 1}))
	f.Add("dia", shape, array("<f4", []int{1, 3}, []float32{1, 2, 3}), array("<i4", []int{1}, []int32{1}), "")
	f.Fuzz(func(t *testing.T, format, shape, data, first, second string) {
		names := append(append([]string{}, scipyArrays[format]...), "a", "b")
		content := npzOf(t, "format", array("|S3", nil, []byte((format + "\x00\x00\x00")[:3])), "shape", shape, "data", data, names[0], first, names[1], second)
		fuzzArrays(t, content, max(smallMatrix, int(float64(len(data))/fewestShare)), func(s *stream) (*Source, error) {
			return readNPZ(s.ctx, "fuzz", bytes.NewReader(content), int64(len(content)), &Reading{})
		})
	})
}

func FuzzSafetensors(f *testing.F) {
	f.Add([]byte(tensorsOf(`{"X":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}`, "12345678")))
	f.Add([]byte(tensorsOf(`{"labels":{"dtype":"I8","shape":[2],"data_offsets":[0,2]},"data":{"dtype":"BF16","shape":[2,2],"data_offsets":[2,10]},`+
		`"__metadata__":{"ids":"[\"a\",\"b\"]","columns":"[\"u\",\"v\"]"}}`, "1212345678")))
	f.Fuzz(func(t *testing.T, content []byte) {
		fuzzArrays(t, content, 0, func(s *stream) (*Source, error) { return readSafetensors(s, &Reading{}) })
	})
}

func FuzzMatrixMarket(f *testing.F) {
	f.Add([]byte("%%MatrixMarket matrix coordinate real general\n% a comment\n2 3 2\n1 1 0.5\n2 3 -1e3\n"))
	f.Add([]byte("%%MatrixMarket matrix coordinate pattern symmetric\n2 2 2\n1 1\n2 1\n"))
	f.Add([]byte("%%MatrixMarket matrix array integer skew-symmetric\n2 2\n3\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		fuzzArrays(t, content, max(smallMatrix, int(float64(len(content))/fewestShare)), func(s *stream) (*Source, error) {
			src := &Source{}
			return src, src.readMarket(s)
		})
	})
}

// FuzzUnpack unpacks what comes: bytes or an *Error.
func FuzzUnpack(f *testing.F) {
	f.Add([]byte(packed("hello")))
	f.Add([]byte(zstdPacked("hello, hello, hello")))
	f.Fuzz(func(t *testing.T, content []byte) {
		s := &stream{ctx: context.Background(), path: "fuzz", most: math.MaxInt64}
		done, err := s.unpack(bufio.NewReader(bytes.NewReader(content)), int64(len(content)))
		defer done()
		if err == nil {
			_, err = io.CopyN(io.Discard, s, 1<<20)
			if err = s.failed(err); errors.Is(err, io.EOF) {
				return
			}
		}
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("%v (%T): expected an *Error", err, err)
		}
		if err == nil && s.at > s.most {
			t.Fatalf("%d bytes of %d packed ones: expected at most %d", s.at, len(content), s.most)
		}
	})
}
