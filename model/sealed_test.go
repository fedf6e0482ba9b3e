package model

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend/ref64"
	"github.com/nlpodyssey/safetensors"
)

// resealed returns a sealed file with other tensors or metadata, whose digest fits.
func resealed(t *testing.T, file []byte, change func(views map[string]safetensors.TensorView, meta map[string]string)) []byte {
	t.Helper()
	st, meta, err := ReadSealed(file)
	if err != nil {
		t.Fatal(err)
	}
	views := map[string]safetensors.TensorView{}
	for _, v := range st.Tensors() {
		views[v.Name] = v.TensorView
	}
	change(views, meta)
	var b bytes.Buffer
	if err := WriteSealed(&b, views, meta); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func modelBytes(t *testing.T, s Spec) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := newTestModel(t, s).Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Every bit of a model file is under its digest: none can be flipped unnoticed.
func TestFlippedBitsOfAModel(t *testing.T) {
	file := modelBytes(t, Spec{Inputs: 3, Latent: 2})
	rng := rand.New(rand.NewPCG(7, 7))
	for range 500 {
		bit := rng.IntN(8 * len(file))
		other := bytes.Clone(file)
		other[bit/8] ^= 1 << (bit % 8)
		if _, err := Read(ref64.New(), other); err == nil {
			t.Fatalf("bit %d of byte %d was flipped, and the file read", bit%8, bit/8)
		}
	}
	if _, err := Read(ref64.New(), file); err != nil {
		t.Fatal(err)
	}
}

func TestSealedFiles(t *testing.T) {
	file := modelBytes(t, Spec{Inputs: 3, Latent: 2})
	if _, err := safetensors.Deserialize(file); err != nil {
		t.Errorf("not a plain safetensors file: %v", err)
	}
	gone := bytes.Replace(file, []byte(SealKey), []byte("aegpu.sha257"), 1)
	if _, err := Read(ref64.New(), gone); !errors.Is(err, ErrDamaged) {
		t.Errorf("without a digest: %v", err)
	}
	var plain bytes.Buffer
	if err := safetensors.SerializeToWriter(map[string]safetensors.TensorView{}, map[string]string{"format": "pt"}, &plain); err != nil {
		t.Fatal(err)
	}
	if _, meta, err := ReadSealed(plain.Bytes(), specKey); err != nil || meta["format"] != "pt" {
		t.Errorf("a file of another program: %v, %v", meta, err)
	}
}

func TestWeightsThatAreNotFinite(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		file := resealed(t, modelBytes(t, Spec{Inputs: 3, Latent: 2}), func(views map[string]safetensors.TensorView, _ map[string]string) {
			bad, err := Float32View([]float32{0, float32(v)}, 2)
			if err != nil {
				t.Fatal(err)
			}
			views["encoder.0.bias"] = bad
		})
		_, err := Read(ref64.New(), file)
		if err == nil || !strings.Contains(err.Error(), "tensor encoder.0.bias: number 2 is") {
			t.Errorf("%g: %v", v, err)
		}
	}
}
