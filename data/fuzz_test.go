package data

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
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
	f.Fuzz(func(t *testing.T, content []byte) {
		fuzzArrays(t, content, 0, func(s *stream) (*Source, error) {
			src := &Source{}
			return src, src.readNPY(s, &Reading{})
		})
	})
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("a,label\n1,x\n2,y\n"))
	f.Add([]byte("1,2\n3,4\n"))
	f.Add([]byte("# \"a b\" c\n1  2\n 3 4\n"))
	f.Add([]byte("title\n;when;b\n1;2024-01-02;0,5\nx;2024-01-03;1,5\n"))
	f.Add([]byte("\ufeff\"a\nb\",y\n1e5,0\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, comma := range []rune{',', '\t', ' '} {
			fuzz(t, content, func(s *stream) (*Set, error) {
				src, err := readCSV(s, comma, &Reading{}, nil)
				if err != nil {
					return nil, err
				}
				return src.Train, nil
			})
		}
	})
}

// hold reads content as a file of columns: a valid set or an *Error, never a panic.
func hold(t testing.TB, name string, content []byte, read func(*randomFile, *Reading) (*Source, error)) *Set {
	t.Helper()
	src, err := read(&randomFile{ctx: context.Background(), path: "fuzz", r: bytes.NewReader(content), size: int64(len(content))}, &Reading{})
	var e *Error
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("%s: %v (%T): expected an *Error", name, err, err)
	}
	if err != nil {
		return nil
	}
	if err := src.Train.Validate(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return src.Train
}

func FuzzParquet(f *testing.F) {
	for _, path := range typed(f) {
		if content, err := os.ReadFile(path); err == nil && format(path) == "parquet" {
			f.Add(content)
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) { hold(t, "fuzz", content, readColumns("parquet")) })
}

func FuzzArrow(f *testing.F) {
	for _, path := range typed(f) {
		if content, err := os.ReadFile(path); err == nil && format(path) == "arrow" {
			f.Add(content)
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) { hold(t, "fuzz", content, readColumns("arrow")) })
}

// FuzzPreparation reads a preparation from JSON: Validate does not panic, and what it accepts prepares and undoes a row
// of zeros and a row of ones.
func FuzzPreparation(f *testing.F) {
	for _, s := range append(stores(), mixed(f)) {
		p, err := FitPreparation(s, PreparationOptions{})
		if err != nil {
			f.Fatal(err)
		}
		text, _ := json.Marshal(p)
		f.Add(text)
	}
	f.Add([]byte(`{"scaling":"minmax","unit":true,"cols":1,"shift":[1e308],"scale":[1e-320]}`))
	f.Add([]byte(`{"scaling":"none","cols":1,"columns":[{"kind":"category","levels":["a","a"]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var p Preparation
		if json.Unmarshal(text, &p) != nil {
			return
		}
		var e *Error
		if err := p.Validate(); err != nil {
			if !errors.As(err, &e) {
				t.Fatalf("%v (%T): expected an *Error", err, err)
			}
			return
		}
		if p.Cols > 1000 {
			return
		}
		s := &Set{Name: "fuzz", Rows: 2, Cols: p.Cols, F32: make([]float32, 2*p.Cols), Columns: p.Columns}
		for j := range p.Cols {
			if c := p.column(j); c.Kind != Category || len(c.Levels) > 1 {
				s.F32[p.Cols+j] = 1
			}
		}
		x, err := p.Apply(s)
		if err != nil {
			t.Fatal(err)
		}
		back, err := p.Undo(x.Dense().Data().([]float32))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []*Set{x, back} {
			if err := s.Validate(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := p.Match(back); err != nil {
			t.Fatal(err)
		}
	})
}
