package data

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// formats are the bytes of the same rows in every format that is known by its content.
func formats(t *testing.T) map[string]string {
	t.Helper()
	s := &Set{Name: "rows", Rows: 4, Cols: 3, F32: []float32{0, 0.25, 0.5, 1, 0.5, 0.125, 0.75, 0, 0.5, 1, 1, 0.75}}
	all := map[string]string{}
	for _, ending := range []string{"csv", "tsv", "npy", "npz", "parquet", "arrow", "safetensors"} {
		path := filepath.Join(t.TempDir(), "rows."+ending)
		if err := Write(path, s); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[ending] = string(b)
	}
	all["idx"] = "\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00\x02\x00\x01\x02\x03\x04\x05\x06\xff"
	return all
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A file whose name says nothing is read by its content, packed or not, to the same rows as under its own name; standard
// input too, where the format needs no other part than the next.
func TestFormatsByContent(t *testing.T) {
	for kind, text := range formats(t) {
		want, err := Open(t.Context(), file(t, "rows."+kind, text))
		if err != nil {
			t.Fatal(kind, err)
		}
		for name, content := range map[string]string{"data": text, "x.dat": text, "images.gz": gzipped(t, text), "-": text, "- ": gzipped(t, text)} {
			if strings.Contains("npz parquet arrow", kind) && name == "images.gz" {
				continue
			}
			ctx, path := t.Context(), ""
			if strings.HasPrefix(name, "-") {
				ctx, path = WithInput(ctx, strings.NewReader(content)), StandardInput
			} else {
				path = file(t, name, content)
			}
			got, err := Open(ctx, path)
			if name == "- " && strings.Contains("npz parquet arrow", kind) {
				wantError(t, err, "-: ", "packed as a whole")
				continue
			}
			if err != nil {
				t.Errorf("%s as %s: %v", kind, name, err)
				continue
			}
			values := func(s *Set) string { return fmt.Sprintf("%v %v %v", s.U8, s.F32, s.F64) }
			if values(got.Train) != values(want.Train) ||
				got.Train.Height != want.Train.Height || !strings.Contains(strings.Join(got.Found, "\n"), "by its content") {
				t.Errorf("%s as %s: %v %v", kind, name, got.Train, got.Found)
			}
		}
	}
	src, err := Open(t.Context(), file(t, "array.csv", formats(t)["npy"]))
	if err != nil || src.Train.Cols != 3 || !strings.Contains(src.Found[0], "NPY by its content") {
		t.Errorf("an array under the name of a table: %v %v", src, err)
	}
}

// A column that turns out to be of texts far below is read again as far as the input is kept.
func TestInputIsReadAgain(t *testing.T) {
	var b strings.Builder
	b.WriteString("a,b\n")
	for i := range 3000 {
		word := fmt.Sprint(i % 7)
		if i > 1200 {
			word = "x" + word
		}
		fmt.Fprintf(&b, "%d.5,%s\n", i%13, word)
	}
	want, err := Open(t.Context(), file(t, "late.csv", b.String()))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open(WithInput(t.Context(), strings.NewReader(b.String())), StandardInput)
	if err != nil || !reflect.DeepEqual(got.Train.Columns, want.Train.Columns) || got.Train.Rows != 3000 {
		t.Errorf("%v %v", got, err)
	}
}

// More than is kept comes through whole, once.
func TestLongInput(t *testing.T) {
	line := strings.Repeat("1.25,", 1000) + "2\n"
	lines := mostKept/len(line) + 100
	ctx := WithInput(t.Context(), strings.NewReader(strings.Repeat(line, lines)))
	src, err := Open(ctx, StandardInput)
	if err != nil || src.Train.Rows != lines || src.Train.At(lines-1, 1000) != 2 {
		t.Fatalf("%v %v", src, err)
	}
	_, err = Open(ctx, StandardInput)
	wantError(t, err, "-: ", "comes once")
}

// Waiting for input ends with the context, and what was waited for is not lost.
func TestInputEndsWithTheContext(t *testing.T) {
	r, w := io.Pipe()
	all := WithInput(t.Context(), r)
	ctx, cancel := context.WithCancel(all)
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := Open(ctx, StandardInput); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	go func() {
		io.WriteString(w, "a,b\n1,2\n")
		io.WriteString(w, "3,4\n")
		w.Close()
	}()
	if src, err := Open(all, StandardInput); err != nil || src.Train.Rows != 2 {
		t.Errorf("%v %v", src, err)
	}
}

func TestInputComesOnce(t *testing.T) {
	var bad *ReadingError
	for _, c := range []struct {
		name string
		how  Reading
		want string
	}{{"-", Reading{TestData: "-"}, "TestData"}, {"-", Reading{ValData: "-"}, "ValData"}, {"x.csv", Reading{TestData: "-", ValData: "-"}, "ValData"}} {
		if _, err := Read(t.Context(), c.name, c.how); !errors.As(err, &bad) || bad.Field != c.want {
			t.Errorf("%s %v: %v", c.name, c.how, err)
		}
	}
	_, err := Open(t.Context(), "-")
	wantError(t, err, "-: ", "standard input")
}
