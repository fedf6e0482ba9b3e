package data

import (
	"bytes"
	"context"
	"errors"
	"math"
	"testing"
)

// fuzz reads content as a stream and checks what holds for every input: a valid set or an *Error, never a panic.
func fuzz(t *testing.T, content []byte, read func(*stream) (*Set, error)) {
	s := &stream{ctx: context.Background(), path: "fuzz", r: bytes.NewReader(content), most: int64(len(content)), hint: 1}
	if len(content)%2 == 1 { // as from a pipe: nothing is known of the size
		s.most = math.MaxInt64
	}
	set, err := read(s)
	var e *Error
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("%v (%T): expected an *Error", err, err)
	}
	if err == nil {
		if err := set.Validate(); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzIDX(f *testing.F) {
	f.Add([]byte("\x00\x00\x08\x02\x00\x00\x00\x02\x00\x00\x00\x02\x01\x02\x03\x04"))
	f.Add([]byte("\x00\x00\x0d\x03\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x3f\x80\x00\x00"))
	f.Add([]byte("\x00\x00\x0e\x02\xff\xff\xff\xff\x7f\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, content []byte) { fuzz(t, content, readIDX) })
}

func FuzzNPY(f *testing.F) {
	f.Add([]byte(array("<f4", []int{2, 2}, []float32{1, 2, 3, 4})))
	f.Add([]byte(array("|u1", []int{1, 2, 2}, []uint8{1, 2, 3, 4})))
	f.Add([]byte(array(">i8", []int{1 << 60}, []uint8{1})))
	f.Add([]byte("\x93NUMPY\x02\x00\xff\xff\x00\x00{'shape': (1,)"))
	f.Fuzz(func(t *testing.T, content []byte) { fuzz(t, content, readNPY) })
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("a,label\n1,x\n2,y\n"))
	f.Add([]byte("1,2\n3,4\n"))
	f.Add([]byte("\ufeff\"a\nb\",y\n1e5,0\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		fuzz(t, content, func(s *stream) (*Set, error) { return readCSV(s, ',') })
		fuzz(t, content, func(s *stream) (*Set, error) { return readCSV(s, '\t') })
	})
}
