package data

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// damaged are files of every format of arrays, by name, whole.
func damaged(t *testing.T) map[string]string {
	files := map[string]string{
		"a.npy": array("<f4", []int{3, 2}, []float32{1, 2, 3, 4, 5, 6}),
		"b.npy": array("<f8", []int{2, 2}, []float64{1, 2, 3, 1e-30}),
	}
	for _, name := range []string{"names.npz", "bytes.npz", "sparse-csr.npz", "sparse-coo.npz", "sparse-bsr.npz", "sparse-dia.npz",
		"coordinate.mtx", "array.mtx", "symmetric.mtx", "skew.mtx", "labels.safetensors"} {
		content, err := os.ReadFile(fixture(name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(content)
	}
	path := filepath.Join(t.TempDir(), "ours.safetensors")
	s := written()[1].Head(4)
	s.F64[3] = 1 // nothing is missing
	if err := Write(path, s); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	files["ours.safetensors"] = string(content)
	for _, name := range []string{"a.npy", "coordinate.mtx", "ours.safetensors"} {
		files[name+".zst"], files[name+".gz"] = zstdPacked(files[name]), packed(files[name])
	}
	return files
}

// TestDamageIsFound cuts files and flips single bits in them: each is an *Error or, where a number without a checksum
// was changed, a valid set; those with a checksum never read as other numbers.
func TestDamageIsFound(t *testing.T) {
	dir, cases, found := t.TempDir(), 0, 0
	for name, whole := range damaged(t) {
		path := filepath.Join(dir, name)
		read := func(content string) (*Source, error) {
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
			src, err := Open(context.Background(), path)
			checkRead(t, src, err)
			cases++
			if err != nil {
				found++
			}
			return src, err
		}
		good, err := read(whole)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		// The format of MNIST's archives and of packed files has a checksum over every byte that is read.
		summed := strings.HasSuffix(name, ".npz") || strings.HasSuffix(name, ".zst") || strings.HasSuffix(name, ".gz")
		for k := range 40 {
			at := (len(whole)*8 - 1) * k / 39
			b := []byte(whole)
			b[at/8] ^= 1 << (at % 8)
			src, err := read(string(b))
			if err == nil && summed && Fingerprint(src.Train) != Fingerprint(good.Train) {
				t.Errorf("%s: bit %d changed what was read", name, at)
			}
		}
		for k := range 12 {
			if n := len(whole) * k / 12; n < len(strings.TrimRight(whole, "\n")) {
				if _, err := read(whole[:n]); err == nil && !strings.HasSuffix(name, ".mtx") {
					t.Errorf("%s: cut to %d of %d bytes, and read", name, n, len(whole))
				}
			}
		}
		if _, err := read(whole + "more"); err == nil && !strings.HasSuffix(name, ".npz") {
			t.Errorf("%s: read with more behind it", name)
		}
	}
	if cases < 800 || found < cases/2 {
		t.Errorf("%d of %d cases were found", found, cases)
	}
}

// failing ends with an error that is no damage.
type failing struct{ r io.Reader }

func (f failing) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if errors.Is(err, io.EOF) {
		err = os.ErrDeadlineExceeded
	}
	return n, err
}

func TestAFileThatCannotBeReadIsNoDamage(t *testing.T) {
	content := zstdPacked(strings.Repeat("0123456789abcdef", 1<<12))
	s := &stream{ctx: t.Context(), path: "a"}
	z := &unzstd{packed: failing{bytes.NewReader([]byte(content[:len(content)/2]))}}
	if err := z.open(); err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	s.r = z
	_, err := io.Copy(io.Discard, s)
	var e *Error
	if err = s.failed(err); !errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &e) {
		t.Errorf("%v (%T)", err, err)
	}
}
