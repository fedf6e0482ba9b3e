package model

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/aegpu/aegpu/data"
)

// FuzzRead reads model files: what is read is written and read again as the same, and
// works on a row; what is not is refused. Memory follows the file, not its claims.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/c4e7ac7/*.safetensors")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range files {
		file, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file)
	}
	for _, v := range Variants(5, []int{6}, 3) {
		f.Add(fileOf(f, v.Spec))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) > 1<<16 {
			return
		}
		dev := ref64.New()
		m, err := Read(dev, file)
		if err != nil {
			return
		}
		defer m.Close()
		var once, twice bytes.Buffer
		if err := m.Write(&once); err != nil {
			t.Fatal(err)
		}
		again, err := Read(dev, once.Bytes())
		if err != nil {
			t.Fatalf("what was written: %v", err)
		}
		defer again.Close()
		if err := again.Write(&twice); err != nil || !bytes.Equal(once.Bytes(), twice.Bytes()) {
			t.Errorf("written again it is another file, %v", err)
		}
		row := &data.Set{Name: "row", Rows: 1, Cols: m.Preparation().Width(), F32: make([]float32, m.Preparation().Width())}
		if _, err := m.Encode(t.Context(), row); err != nil && strings.Contains(err.Error(), "panic") {
			t.Error(err)
		}
	})
}

// fileOf is the file of a new model.
func fileOf(t testing.TB, s Spec) []byte {
	t.Helper()
	m, err := New(ref64.New(), s, 1)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A file of a few hundred bytes that claims a large model is refused before memory is
// taken for it.
func TestReadTakesNoMemoryForAClaim(t *testing.T) {
	file := bytes.Replace(fileOf(t, Spec{Inputs: 5, Latent: 3}), []byte(`\"inputs\":5,`), []byte(`\"inputs\":9,`), 1)
	for _, claim := range []Spec{{Inputs: 5, Latent: 30000, Hidden: []int{30000}}, {Inputs: 5, Latent: 3, Hidden: []int{20000, 20000}, Tied: true}, {Inputs: 1 << 20, Latent: 1 << 10}} {
		if err := claim.checkClaim(len(file)); err == nil || !strings.Contains(err.Error(), "more parameters than fit") {
			t.Errorf("%+v: %v", claim, err)
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Read(ref64.New(), file); err == nil {
		t.Error("another spec was let through")
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 1<<20 {
		t.Errorf("%d bytes were taken", took)
	}
}
