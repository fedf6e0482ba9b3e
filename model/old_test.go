package model_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// TestOldFilesAreRead reads models of every kind that commit c4e7ac7 wrote, before the
// parts, and holds their codes and reconstructions to those that it made of the same
// rows.
func TestOldFilesAreRead(t *testing.T) {
	dir := filepath.Join("testdata", "c4e7ac7")
	files, err := filepath.Glob(filepath.Join(dir, "*.safetensors"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files of models, %v", len(files), err)
	}
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	open := func(path string) *data.Set {
		source, err := data.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return source.Train
	}
	for _, path := range files {
		name := strings.TrimSuffix(path, ".safetensors")
		t.Run(filepath.Base(name), func(t *testing.T) {
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			m, err := model.Read(dev, file)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			rows := open(filepath.Join(dir, "waves.csv"))
			if m.Preparation().Identity() {
				rows = open(filepath.Join(dir, "grey.idx"))
			}
			codes, err := m.Encode(t.Context(), rows)
			if err != nil {
				t.Fatal(err)
			}
			inside := within(m.Preparation(), rows)
			held(t, "codes", inside, codes, open(name+".codes.npy"))
			back, err := m.Reconstruct(t.Context(), rows)
			if err != nil {
				t.Fatal(err)
			}
			held(t, "rows", inside, back, open(name+".rows.npy"))
		})
	}
}

// within says of each row whether the model was trained on its like. Others were not
// clamped to [0, 1] on their way to the encoder then, and are now.
func within(p *data.Preparation, s *data.Set) []bool {
	all := make([]bool, s.Rows)
	row := make([]float32, s.Cols)
	for i := range all {
		s.Row(row, i)
		all[i] = true
		for j, v := range row {
			if p.Unit && !p.Identity() {
				x := (float64(v) - p.Shift[j]) / p.Scale[j]
				all[i] = all[i] && x >= 0 && x <= 1
			}
		}
	}
	return all
}

// held compares with what was written then, when rows were scaled in float32: a few
// units of its precision, times the range of a column.
func held(t *testing.T, what string, rows []bool, got, want *data.Set) {
	t.Helper()
	if got.Rows != want.Rows || got.Cols != want.Cols {
		t.Fatalf("%d x %d %s: want %d x %d", got.Rows, got.Cols, what, want.Rows, want.Cols)
	}
	compared := 0
	for i, w := range want.F32 {
		if !rows[i/want.Cols] {
			continue
		}
		compared++
		if d := math.Abs(float64(got.F32[i] - w)); !(d <= 1e-5*math.Max(1, math.Abs(float64(w)))) {
			t.Fatalf("%s: row %d, column %d is %g, was %g", what, i/want.Cols+1, i%want.Cols+1, got.F32[i], w)
		}
	}
	if compared < 4*len(want.F32)/5 {
		t.Fatalf("only %d of %d values were compared", compared, len(want.F32))
	}
}
