package aegpu_test

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aegpu/aegpu"
	"github.com/aegpu/aegpu/eval"
)

// batches is rows of two factors that three batches shift.
func batches(rows int) *aegpu.Table {
	r := rand.New(rand.NewPCG(5, 7))
	loads := [][2]float64{{1, 0}, {-1, 0.3}, {0, 1}, {0.7, 0.7}, {0.5, -0.8}}
	t := &aegpu.Table{Name: "batches", Rows: rows, Cols: len(loads), Classes: []string{"a", "b", "c"}, LabelName: "batch"}
	for range rows {
		c := int32(r.IntN(3))
		u, v := r.NormFloat64(), r.NormFloat64()
		t.Labels = append(t.Labels, c)
		for j, l := range loads {
			t.F32 = append(t.F32, float32(l[0]*u+l[1]*v+0.2*r.NormFloat64()+shiftOf(c, j)))
		}
	}
	return t
}

func shiftOf(c int32, j int) float64 { return 4 * float64((int(c)+j)%3-1) }

// fitted is a VAE of them.
func fitted(t *testing.T, dev aegpu.Device, rows *aegpu.Table, condition string) *aegpu.Model {
	t.Helper()
	s := must(aegpu.Preset("vae"))
	s.Hidden, s.Latent, s.Epochs, s.Batch, s.LR, s.Condition = []int{32}, 2, 60, 50, 0.005, condition
	if err := s.Set("loss", "gaussian"); err != nil {
		t.Fatal(err)
	}
	m, err := aegpu.Fit(dev, rows, s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// batchAccuracy is how well planes tell the batches apart by codes.
func batchAccuracy(t *testing.T, dev aegpu.Device, m *aegpu.Model, rows *aegpu.Table) float64 {
	t.Helper()
	codes, err := m.Encode(rows)
	if err != nil {
		t.Fatal(err)
	}
	half := rows.Rows / 2
	of := func(s *aegpu.Table) eval.Labelled {
		return eval.Labelled{X: s.F32, Width: s.Cols, Labels: s.Labels}
	}
	p, err := eval.LinearProbe(t.Context(), dev, of(codes.Head(half)), of(codes.Part(half, rows.Rows-half)), 3, eval.ProbeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p.Accuracy
}

// TestConditionIsFactoredOut holds the codes of a conditional model against those of one that is not told: planes tell
// the batches apart by these, and not by those.
func TestConditionIsFactoredOut(t *testing.T) {
	dev := must(aegpu.Open("cpu"))
	defer dev.Close()
	rows := batches(1500)
	plain, told := fitted(t, dev, rows, ""), fitted(t, dev, rows, "label")
	defer plain.Close()
	defer told.Close()
	without, with := batchAccuracy(t, dev, plain, rows), batchAccuracy(t, dev, told, rows)
	t.Logf("probe of the batch: %.3f of codes without the condition, %.3f with", without, with)
	if without < 0.95 || with > 1./3+0.08 {
		t.Errorf("a probe tells %.3f of the batches by the codes, %.3f without the condition: expected a third and nearly all", with, without)
	}

	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := told.Save(path); err != nil {
		t.Fatal(err)
	}
	again, err := aegpu.Load(dev, path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if c := again.Engine().Condition(); c.Name != "batch" || !slices.Equal(c.Levels, rows.Classes) || !slices.Equal(c.Rows, told.Engine().Condition().Rows) {
		t.Errorf("the file holds the condition %+v", c)
	}
	wantSamples(t, again)
	wantMoved(t, again, rows)
}

// wantSamples demands samples of every batch, as many as rows have, about its mean.
func wantSamples(t *testing.T, again *aegpu.Model) {
	t.Helper()
	made, err := again.Sample(3000, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	mean, n := [3][5]float64{}, [3]float64{}
	for i, l := range made.Conditions {
		n[l]++
		for j := range made.Cols {
			mean[l][j] += made.At(i, j)
		}
	}
	for l := range mean {
		if n[l] < 850 || n[l] > 1150 {
			t.Errorf("%v of 3000 samples are of level %d", n[l], l)
		}
		for j := range mean[l] {
			if got, want := mean[l][j]/n[l], shiftOf(int32(l), j); math.Abs(got-want) > 0.5 {
				t.Errorf("samples of level %d: column %d is %.2f on average, %.2f in the rows", l, j, got, want)
			}
		}
	}
}

// wantMoved demands that rows which are decoded as of another batch are moved to it, and are else what they were.
func wantMoved(t *testing.T, again *aegpu.Model, rows *aegpu.Table) {
	t.Helper()
	moved, err := again.Engine().ReconstructAt(t.Context(), rows, 2)
	if err != nil {
		t.Fatal(err)
	}
	off := 0.0
	for i, l := range rows.Labels {
		for j := range rows.Cols {
			d := moved.At(i, j) - (rows.At(i, j) - shiftOf(l, j) + shiftOf(2, j))
			off += d * d / float64(len(rows.F32))
		}
	}
	if t.Logf("rows moved to another batch: mean square error %.3f", off); !(off < 0.25) {
		t.Errorf("rows that are moved to another batch are off by %.3f, mean square", off)
	}
}

// Rows that cannot say what a conditional model is told are refused.
func TestConditionIsNeeded(t *testing.T) {
	dev := must(aegpu.Open("cpu"))
	defer dev.Close()
	rows := batches(60)
	rows.Labels, rows.Classes = nil, nil
	s := must(aegpu.Preset("vae"))
	s.Condition, s.Epochs = "batch", 1
	if m, err := aegpu.Fit(dev, rows, s); err == nil {
		m.Close()
		t.Error("trained without what it was to be conditioned on")
	}
}
