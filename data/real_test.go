package data

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/aegpu/aegpu/internal/realdata"
)

func TestMNIST(t *testing.T) {
	dir := realdata.Path(t, "mnist")
	src, err := Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		set  *Set
		rows int
		want string
	}{
		{src.Train, 60000, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
		{src.Test, 10000, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
	} {
		// The sums are of the unpacked files: 16 bytes of header, then the pixels.
		h := sha256.New()
		h.Write([]byte{0, 0, 8, 3, 0, 0, byte(c.rows >> 8), byte(c.rows), 0, 0, 0, 28, 0, 0, 0, 28})
		h.Write(c.set.U8)
		if got := fmt.Sprintf("%x", h.Sum(nil)); got != c.want || c.set.Rows != c.rows {
			t.Errorf("%s: %d rows, sha256 %s, want %s", c.set.Name, c.set.Rows, got, c.want)
		}
		if err := c.set.Validate(); err != nil || len(c.set.Classes) != 10 || c.set.Height != 28 {
			t.Errorf("%s: %v, classes %v", c.set.Name, err, c.set.Classes)
		}
	}
	if l := src.Train.Labels; l[0] != 5 || l[1] != 0 || l[2] != 4 {
		t.Errorf("the first labels are %v, want 5 0 4", l[:3])
	}
}

func TestADBench(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(realdata.Path(t, "adbench"), "*.npz"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	shapes := map[string][2]int{"4_breastw.npz": {683, 9}, "18_Ionosphere.npz": {351, 32}, "17_InternetAds.npz": {1966, 1555}}
	for _, f := range files {
		s := open(t, f)
		if s.Rows < 100 || s.Cols < 2 || len(s.Classes) != 2 {
			t.Errorf("%s: %d x %d, classes %v", f, s.Rows, s.Cols, s.Classes)
		}
		if want, ok := shapes[filepath.Base(f)]; ok && want != [2]int{s.Rows, s.Cols} {
			t.Errorf("%s: %d x %d, want %v", f, s.Rows, s.Cols, want)
		}
		lo, hi := s.Range()
		t.Logf("%s: %d x %d, %v to %v, bytes %v", filepath.Base(f), s.Rows, s.Cols, lo, hi, s.U8 != nil)
	}
}

func BenchmarkOpenMNIST(b *testing.B) {
	dir := realdata.Path(b, "mnist")
	for b.Loop() {
		if _, err := Open(context.Background(), dir); err != nil {
			b.Fatal(err)
		}
	}
}
