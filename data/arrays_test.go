package data

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fixture is a file that numpy, scipy or safetensors made: testdata/arrays/make.py.
func fixture(name string) string { return filepath.Join("testdata", "arrays", name) }

// readAs reads a file with choices.
func readAs(t *testing.T, path string, how Reading) *Source {
	t.Helper()
	src, err := Read(context.Background(), path, how)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Set{src.Train, src.Val, src.Test} {
		if s == nil {
			continue
		}
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
	}
	return src
}

// numbers returns the values of a set, bytes as they are stored.
func numbers(s *Set) []float64 {
	out := make([]float64, s.Rows*s.Cols)
	for i := range out {
		if out[i] = s.value(i); s.U8 != nil {
			out[i] = float64(s.U8[i])
		}
	}
	return out
}

func TestEveryTypeOfNumpyAndSafetensors(t *testing.T) {
	want := []float64{0, 1, 2, 3, 100, 7}
	bits := []float64{0, 1, 1, 1, 0, 1}
	check := func(path, array string, want []float64) {
		s := readAs(t, path, Reading{Array: array}).Train
		if s.Rows != 2 || s.Cols != 3 || !slices.Equal(numbers(s), want) || s.U8 != nil {
			t.Errorf("%s: %d x %d %v, want %v", array, s.Rows, s.Cols, numbers(s), want)
		}
	}
	n := 0
	for _, typ := range []string{"u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"} {
		for _, order := range []string{"leC", "leF", "beC", "beF"} {
			if typ[1] != '1' || order[0] == 'l' {
				check(fixture("types.npz"), typ+order, want)
				n++
			}
		}
		check(fixture("types.safetensors"), typ, want)
	}
	check(fixture("types.npz"), "b1leC", bits)
	check(fixture("types.npz"), "b1leF", bits)
	check(fixture("types.safetensors"), "bool", bits)
	if n != 40 {
		t.Errorf("%d arrays, want 40", n)
	}
	bf16 := tensorsOf(`{"x":{"dtype":"BF16","shape":[2,2],"data_offsets":[0,8]}}`, "\x80\x3f\x00\xc0\x49\x40\x00\x00")
	if s := open(t, file(t, "a.safetensors", bf16)); !slices.Equal(s.F32, []float32{1, -2, 3.140625, 0}) {
		t.Errorf("bfloat16: %v", s.F32)
	}
}

// TestFortranOrderOverBlocks has an array of more than a block in Fortran's order, of a size that was not expected.
func TestFortranOrderOverBlocks(t *testing.T) {
	const rows, cols = 3, 200000
	values := make([]float64, rows*cols)
	for i := range values {
		values[i] = float64(i)/3 + 1e9
	}
	content := strings.Replace(array("<f8", []int{rows, cols}, values), "'fortran_order': False", "'fortran_order': True ", 1)
	for _, c := range []string{content, packed(content), zstdPacked(content)} {
		s := open(t, file(t, "a.npy", c))
		for i := range s.F64 {
			if want := values[i/cols+i%cols*rows]; s.F64[i] != want {
				t.Fatalf("value %d is %v, want %v", i, s.F64[i], want)
			}
		}
	}
}

func TestArraysThatAreNoNumbersAreRefused(t *testing.T) {
	for array, words := range map[string][]string{
		"complex": {"complex numbers", "numpy.abs"},
		"objects": {"never unpickled", "astype"},
		"records": {"named fields", "structured_to_unstructured"},
		"dates":   {"dates", "astype(numpy.int64)"},
		"text":    {"text, which only labels may be"},
		"scalar":  {"without dimensions"},
		"empty":   {"shape (0 x 3)", "above 0"},
		"wide":    {`"<f16"`, "up to 8 bytes"},
		"gone":    {`no array "gone"`, `"complex" (complex64 4 x 3)`, `"objects" (objects 4 x 3)`, `"text" (text 4)`, `"scalar" (one float32)`},
	} {
		_, err := Read(context.Background(), fixture("refused.npz"), Reading{Array: array})
		wantError(t, err, append(words, "refused.npz")...)
	}
	for _, how := range []Reading{{Header: "yes"}, {Delimiter: ","}, {Decimal: ","}, {Group: "g"}, {Columns: []string{"1"}}, {Drop: []string{"1"}}, {Types: []string{"1=count"}}} {
		_, err := Read(context.Background(), fixture("names.npz"), how)
		wantError(t, err, "this kind of file has no")
	}
	for flag, how := range map[string]Reading{"--array X": {Array: "X"}, "--label y": {Label: "y"}, "--id i": {ID: "i"}} {
		for _, path := range []string{file(t, "a.npy", array("<f4", []int{1, 1}, []float32{1})), fixture("array.mtx")} {
			_, err := Read(context.Background(), path, how)
			wantError(t, err, flag, "no arrays with names")
		}
	}
}

func TestAnArchiveSaysWhatWasTaken(t *testing.T) {
	src := readAs(t, fixture("names.npz"), Reading{})
	s := src.Train
	if !slices.Equal(s.Labels, []int32{1, 0, 1, 2}) || !slices.Equal(s.Classes, []string{"cät", "dog", "eel"}) ||
		!slices.Equal(s.IDs, []string{"r1", "r2", "r3", "r4"}) || s.IDName != "ids" || !slices.Equal(namesOf(s.Columns), []string{"u", "v", "w"}) {
		t.Errorf("%+v", s)
	}
	want := []string{`array "data" (float32 4 x 3), labels "target" (3 classes): --array NAME, --label none`, `array "ids" names the rows: --id none`}
	if !slices.Equal(src.Found, want) {
		t.Errorf("found %q, want %q", src.Found, want)
	}
	src = readAs(t, fixture("bytes.npz"), Reading{})
	if s := src.Train; !slices.Equal(s.Labels, []int32{1, 0, 1, 0}) || !slices.Equal(s.Classes, []string{"a", "b"}) {
		t.Errorf("%+v", s)
	}
	if last := src.Found[len(src.Found)-1]; last != `left out: "note" (objects 1): --array NAME` {
		t.Errorf("found %q", last)
	}
	for _, how := range []Reading{{Label: "none", ID: "none"}, {Array: "data", Label: "none", ID: "none"}} {
		if s := readAs(t, fixture("names.npz"), how).Train; s.Labels != nil || s.IDs != nil {
			t.Errorf("labels %v, names %v in spite of none", s.Labels, s.IDs)
		}
	}
	if s := readAs(t, fixture("names.npz"), Reading{Label: "ids"}).Train; len(s.Classes) != 4 || s.IDs != nil {
		t.Errorf("--label ids: %v of %v", s.Labels, s.Classes)
	}
	for flag, how := range map[string]Reading{"--label": {Label: "gone"}, "--id": {ID: "gone"}} {
		_, err := Read(context.Background(), fixture("names.npz"), how)
		wantError(t, err, `no array "gone"`, flag, `"target" (text 4)`)
	}
	src = readAs(t, fixture("labels.safetensors"), Reading{})
	if s := src.Train; !slices.Equal(s.Labels, []int32{2, 0, 2, 1}) || !slices.Equal(namesOf(s.Columns), []string{"u", "v", "w"}) ||
		src.Found[0] != `array "X" (float32 4 x 3), labels "y" (3 classes): --array NAME, --label none` {
		t.Errorf("%+v, found %q", s, src.Found)
	}
}

// twoParts are members of an archive of three parts.
func twoParts() []string {
	part := func(rows int) string { return array("<f4", []int{rows, 2}, make([]float32, 2*rows)) }
	labels := func(rows int) string { return array("|u1", []int{rows, 1}, make([]uint8, rows)) }
	return []string{"train_images", part(5), "train_labels", labels(5), "val_images", part(2), "val_labels", labels(2), "test_images", part(3), "test_labels", labels(3)}
}

func TestPartsOfAnArchive(t *testing.T) {
	src := readAs(t, file(t, "a.npz", string(npzOf(t, twoParts()...))), Reading{})
	if src.Train.Rows != 5 || src.Val.Rows != 2 || src.Test.Rows != 3 || len(src.Val.Labels) != 2 || len(src.Test.Labels) != 3 {
		t.Errorf("%+v", src)
	}
	if len(src.Found) != 3 || src.Found[1] != `validation part "val_images" (float32 2 x 2), labels "val_labels" (1 classes)` {
		t.Errorf("found %q", src.Found)
	}
	if src := readAs(t, file(t, "a.npz", string(npzOf(t, twoParts()...))), Reading{Array: "test_images"}); src.Train.Rows != 3 || len(src.Train.Labels) != 3 || src.Test != nil {
		t.Errorf("--array test_images: %+v", src)
	}
	one := array("<f4", []int{2, 1}, []float32{1, 2})
	for _, c := range []struct {
		members []string
		words   []string
	}{
		{append([]string{"X_test", array("<f4", []int{1, 3}, []float32{1, 2, 3})}, twoParts()[:4]...), []string{"a.npz/X_test", "3 columns: expected 2 as in", "train_images"}},
		{append(twoParts()[:6], "y_val", array("|u1", []int{3}, []uint8{1, 2, 3})), []string{"a.npz/y_val", "3 labels: expected 2"}},
		{[]string{"X", one, "y", array("<f4", []int{2, 4}, make([]float32, 8))}, []string{"a.npz/y", "labels of shape 2 x 4", "--label none"}},
		{[]string{"a", one, "b", one}, []string{"no array named X or data", `"a" (float32 2 x 1), "b" (float32 2 x 1)`}},
		{[]string{"X", one, "y", array("<U1", []int{2}, []int32{'a', 0})}, []string{"a.npz/y", "row 2", "empty"}},
		{[]string{"X", one, "y", array("<U1", []int{2}, []int32{'a', 0x110000})}, []string{"a.npz/y", "row 2", "text"}},
		{[]string{"X", one, "y", array("<c8", []int{2}, make([]float32, 4))}, []string{"a.npz/y", "complex"}},
		{[]string{"y", one}, nil},
	} {
		_, err := Open(context.Background(), file(t, "a.npz", string(npzOf(t, c.members...))))
		if c.words == nil {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		wantError(t, err, c.words...)
	}
}

// TestHeadersAreComparedFirst has labels of two hundred million rows that are not there: the headers alone refuse them.
func TestHeadersAreComparedFirst(t *testing.T) {
	x := array("<f4", []int{6, 4}, make([]float32, 24))
	asked := false
	ctx := WithMemory(t.Context(), func(string, float64) error { asked = true; return nil })
	for _, members := range [][]string{
		{"X", string(formatNPYHeader("<f4", []int{6, 4})), "y", string(formatNPYHeader("|u1", []int{200000000}))},
		{"x_train", x, "x_test", x, "y_test", string(formatNPYHeader("|u1", []int{7}))},
	} {
		asked = false
		_, err := Open(ctx, file(t, "a.npz", string(npzOf(t, members...))))
		wantError(t, err, "labels: expected 6, one for each row of")
		if asked && len(members) == 4 { // a header is asked for too
			_, err = Open(WithMemory(t.Context(), func(_ string, n float64) error {
				if n > 1<<10 {
					t.Errorf("asked for %g bytes", n)
				}
				return nil
			}), file(t, "a.npz", string(npzOf(t, members...))))
			wantError(t, err, "labels: expected 6")
		}
	}
	header := `{"X":{"dtype":"F32","shape":[6,4],"data_offsets":[0,96]},"y":{"dtype":"U8","shape":[200],"data_offsets":[96,296]}}`
	_, err := Open(ctx, file(t, "a.safetensors", tensorsOf(header, strings.Repeat("\xff", 296))))
	wantError(t, err, "a.safetensors/y: 200 labels: expected 6")
}

func TestLayoutRows(t *testing.T) {
	values := make([]float32, 50*4*5)
	for i := range values {
		values[i] = float32(i)
	}
	path := file(t, "a.npy", array("<f4", []int{50, 4, 5}, values))
	src := readAs(t, path, Reading{})
	if src.Train.Rows != 50 || src.Train.Cols != 20 || len(src.Found) == 0 || src.Found[0] != "50 rows of 4 x 5: --layout rows makes 200 rows of 5" {
		t.Errorf("%d x %d, found %q", src.Train.Rows, src.Train.Cols, src.Found)
	}
	src = readAs(t, path, Reading{Layout: "rows"})
	if s := src.Train; s.Rows != 200 || s.Cols != 5 || s.Channels != 0 || !slices.Equal(s.F32, values) || !strings.HasPrefix(src.Found[0], "200 rows of 5") {
		t.Errorf("%d x %d, found %q", s.Rows, s.Cols, src.Found)
	}
	members := npzOf(t, "X", array("<f4", []int{2, 2, 3}, values[:12]), "y", array("|u1", []int{2, 2}, []uint8{0, 1, 2, 3}))
	path = file(t, "a.npz", string(members))
	if s := readAs(t, path, Reading{Layout: "rows"}).Train; s.Rows != 4 || !slices.Equal(s.Labels, []int32{0, 1, 2, 3}) {
		t.Errorf("%+v", s)
	}
	_, err := Open(context.Background(), path)
	wantError(t, err, "labels of shape 2 x 2")
}

func TestWhatLooksWrongIsDoubted(t *testing.T) {
	values, targets := make([]float32, 40), make([]float64, 40)
	for i := range targets {
		values[i], targets[i] = float32(i%4), float64(i)/7
	}
	path := file(t, "a.npz", string(npzOf(t, "X", array("<f4", []int{40, 1}, values), "y", array("<f8", []int{40}, targets))))
	if src := readAs(t, path, Reading{}); src.Train.Labels != nil || src.Doubts != nil || !has(src.Found, `left out: "y" (float64 40)`, "--label y takes them for classes") {
		t.Errorf("%d labels, found %q, doubts %q", len(src.Train.Labels), src.Found, src.Doubts)
	}
	if src := readAs(t, path, Reading{Label: "y"}); len(src.Train.Classes) != 40 || len(src.Doubts) != 1 || !strings.Contains(src.Doubts[0], "40 classes in 40 rows") {
		t.Errorf("doubts %q", src.Doubts)
	}
	for i := range targets {
		targets[i] = float64(i % 2)
	}
	path = file(t, "a.npz", string(npzOf(t, "X", array("<f4", []int{40, 1}, values), "y", array("<f8", []int{40}, targets))))
	if src := readAs(t, path, Reading{}); !slices.Equal(src.Train.Classes, []string{"0", "1"}) || src.Doubts != nil {
		t.Errorf("classes %q, doubts %q", src.Train.Classes, src.Doubts)
	}
	parts := npzOf(t, "X_train", array("<f4", []int{40, 1}, values), "y_train", array("<f8", []int{40}, targets),
		"X_test", array("<f4", []int{2, 1}, values[:2]), "y_test", array("<f8", []int{2}, []float64{0, 0.5}))
	if src := readAs(t, file(t, "a.npz", string(parts)), Reading{}); src.Train.Labels != nil || src.Test.Labels != nil ||
		!has(src.Found, `left out: "y_train" (float64 40), "y_test" (float64 2): not whole`, "--label y_train") || has(src.Found, "--array NAME", "left out") {
		t.Errorf("found %q", src.Found)
	}
	path = file(t, "a.npy", array("<i8", []int{2, 2}, []int64{1, 2, 3, math.MaxInt64}))
	if src := readAs(t, path, Reading{}); len(src.Doubts) != 1 || !strings.Contains(src.Doubts[0], "row 2: column 2: integers from 2^53") {
		t.Errorf("doubts %q", src.Doubts)
	}
	many := make([]int32, maxClasses+1)
	for i := range many {
		many[i] = int32(i)
	}
	path = file(t, "a.npz", string(npzOf(t, "X", array("<i4", []int{len(many), 1}, many), "y", array("<i4", []int{len(many)}, many))))
	_, err := Open(context.Background(), path)
	wantError(t, err, "more than 65536 classes", "--label none")
}
