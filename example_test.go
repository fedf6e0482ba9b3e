package aegpu_test

import (
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"

	"github.com/aegpu/aegpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/settings"
)

// must ends an example on an error.
func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// From a CSV to codes. The first line of testdata/waves.csv names five columns, of which
// "class" holds labels: they stay with the codes.
func Example() {
	dev := must(aegpu.Open("auto"))
	defer dev.Close()
	rows := must(aegpu.Read("testdata/waves.csv"))
	m := must(aegpu.Fit(dev, rows, aegpu.Settings{Latent: 2}))
	defer m.Close()
	codes := must(m.Encode(rows))
	if err := aegpu.Write(filepath.Join(os.TempDir(), "codes.csv"), codes); err != nil {
		log.Fatal(err)
	}
	fmt.Println(codes.Rows, "codes of", codes.Cols, "numbers, of", codes.Classes)
	// Output: 300 codes of 2 numbers, of [even odd]
}

// train fits the settings to the built-in table on the CPU and says what came of it.
func train(s aegpu.Settings) {
	dev := must(aegpu.Open("cpu"))
	defer dev.Close()
	rows, test := aegpu.Split(must(aegpu.Read("testdata/waves.csv")), 1, 0.2)
	m := must(aegpu.Fit(dev, rows, s))
	defer m.Close()
	codes := must(m.Encode(test))
	back := must(m.Reconstruct(test))
	history := m.Training.History
	fell := history[len(history)-1].Train.Loss() < history[0].Train.Loss()
	fmt.Printf("%d columns, codes of %d, %d columns back; the loss fell: %v\n", test.Cols, codes.Cols, back.Cols, fell)
}

// small makes a training of the examples quick.
func small(s aegpu.Settings) aegpu.Settings {
	s.Batch, s.Epochs, s.LR = 32, 20, 0.01
	return s
}

// A deep autoencoder is the default: any widths, mirrored in the decoder.
func ExampleFit_deep() {
	train(small(aegpu.Settings{Hidden: aegpu.Widths{32, 16}, Latent: 2}))
	// Output: 4 columns, codes of 2, 4 columns back; the loss fell: true
}

// A variational autoencoder, whose codes have a prior to draw new rows from.
func ExampleFit_variational() {
	train(small(aegpu.Settings{Model: "vae", Hidden: aegpu.Widths{16}, Latent: 2, Beta: 0.1}))
	// Output: 4 columns, codes of 2, 4 columns back; the loss fell: true
}

// A denoising autoencoder sees damaged rows and learns the clean ones.
func ExampleFit_denoising() {
	s := aegpu.Settings{Model: "denoising", Hidden: aegpu.Widths{16}, Latent: 2}
	if err := s.Corrupt.UnmarshalText([]byte("gaussian:0.1")); err != nil {
		log.Fatal(err)
	}
	train(small(s))
	// Output: 4 columns, codes of 2, 4 columns back; the loss fell: true
}

// A sparse autoencoder has a wide code of which few units are active.
func ExampleFit_sparse() {
	train(small(aegpu.Settings{Model: "sparse", Latent: 12}))
	// Output: 4 columns, codes of 12, 4 columns back; the loss fell: true
}

// Of a top-k code all but the largest units are zero.
func ExampleFit_topK() {
	s := aegpu.Settings{Hidden: aegpu.Widths{16}, Latent: 8}
	if err := s.Code.UnmarshalText([]byte("topk:2")); err != nil {
		log.Fatal(err)
	}
	train(small(s))
	// Output: 4 columns, codes of 8, 4 columns back; the loss fell: true
}

// A contractive autoencoder has a code that moves little with the input.
func ExampleFit_contractive() {
	train(small(aegpu.Settings{Model: "contractive", Latent: 8}))
	// Output: 4 columns, codes of 8, 4 columns back; the loss fell: true
}

// A stacked autoencoder is trained layer by layer first, then as a whole.
func ExampleFit_stacked() {
	train(small(aegpu.Settings{Model: "stacked", Hidden: aegpu.Widths{16}, Latent: 2, PretrainEpochs: 5}))
	// Output: 4 columns, codes of 2, 4 columns back; the loss fell: true
}

// A training that is watched, and kept in a directory that `aegpu evaluate` and a later
// Fit with [aegpu.Resuming] take.
func ExampleFit_directory() {
	dev := must(aegpu.Open("cpu"))
	defer dev.Close()
	dir := must(os.MkdirTemp("", "aegpu"))
	defer os.RemoveAll(dir)
	epochs := 0
	m := must(aegpu.Fit(dev, must(aegpu.Read("testdata/waves.csv")), aegpu.Settings{Latent: 2, Epochs: 3},
		aegpu.InDirectory(filepath.Join(dir, "run")), aegpu.OnEpoch(func(aegpu.Epoch) { epochs++ })))
	m.Close()
	m = must(aegpu.Load(dev, filepath.Join(dir, "run")))
	defer m.Close()
	fmt.Println(epochs, "epochs; the model takes", m.Inputs(), "columns to", m.Latent())
	// Output: 3 epochs; the model takes 4 columns to 2
}

// A table of a program's own, with a category: each level is an input, and what comes
// back is a level again.
func ExampleNewTable() {
	const n = 200
	size, colour := make([]float64, n), make([]string, n)
	for i := range n {
		size[i], colour[i] = math.Sin(float64(i)), "small"
		if size[i] > 0 {
			colour[i] = "large"
		}
	}
	rows := must(aegpu.NewTable("things", data.Numbers("size", size), data.Texts("colour", colour)))
	dev := must(aegpu.Open("cpu"))
	defer dev.Close()
	m := must(aegpu.Fit(dev, rows, small(aegpu.Settings{Hidden: aegpu.Widths{16}, Latent: 1})))
	defer m.Close()
	back := must(m.Reconstruct(rows))
	right := 0
	for i := range n {
		if back.At(i, 1) == rows.At(i, 1) {
			right++
		}
	}
	fmt.Println(back.Columns[1].Name, back.Columns[1].Levels, right > 190)
	// Output: colour [small large (other)] true
}

// New rows from the prior of a VAE, and from codes in between two rows'.
func ExampleModel_Sample() {
	dev := must(aegpu.Open("cpu"))
	defer dev.Close()
	rows := must(aegpu.Read("testdata/waves.csv"))
	m := must(aegpu.Fit(dev, rows, small(aegpu.Settings{Model: "vae", Latent: 2})))
	defer m.Close()
	fresh := must(m.Sample(5, 1, nil))
	fmt.Println(fresh.Rows, "new rows of", fresh.Cols)
	codes := must(m.Encode(rows.Head(2)))
	middle := func(j int) []float64 { return []float64{(codes.At(0, j) + codes.At(1, j)) / 2} }
	between := must(m.Decode(must(aegpu.NewTable("middle", data.Numbers("z0", middle(0)), data.Numbers("z1", middle(1))))))
	fmt.Println(between.Rows, "row between, its first column", between.Columns[0].Name)
	// Output:
	// 5 new rows of 4
	// 1 row between, its first column height
}

// What the code keeps, next to PCA of the same size.
func ExampleModel_Evaluate() {
	dev := must(aegpu.Open("cpu"))
	defer dev.Close()
	rows, test := aegpu.Split(must(aegpu.Read("testdata/waves.csv")), 1, 0.2)
	m := must(aegpu.Fit(dev, rows, aegpu.Settings{Latent: 2, Hidden: aegpu.Widths{64}, Batch: 16, Epochs: 150, LR: 0.005}))
	defer m.Close()
	e := must(m.Evaluate(test, rows))
	fmt.Println(e.Examples, "rows; more explained than by PCA:", e.Get("explained_variance") > e.PCA.Get("explained_variance"))
	// Output: 60 rows; more explained than by PCA: true
}

// How strange rows are to a model: a value that is far off stands out, and its column is named.
func ExampleModel_Score() {
	dev := must(aegpu.Open("cpu"))
	defer dev.Close()
	rows := must(aegpu.Read("testdata/waves.csv"))
	m := must(aegpu.Fit(dev, rows, small(aegpu.Settings{Hidden: aegpu.Widths{16}, Latent: 2})))
	defer m.Close()
	few := must(aegpu.NewTable("few", data.Numbers("height", []float64{170, 170.6}), data.Numbers("width", []float64{45, 44.994}),
		data.Numbers("depth", []float64{20, 90}), data.Numbers("mass", []float64{73, 73.985})))
	scores := must(m.Score(few, aegpu.ScoreOptions{ByColumn: true}))
	strangest := 0
	for i := range scores.Rows {
		if scores.At(i, 0) > scores.At(strangest, 0) {
			strangest = i
		}
	}
	top := scores.Columns[3]
	fmt.Println(scores.Columns[0].Name, scores.Columns[1].Name, scores.Columns[2].Name, top.Name)
	fmt.Println("row", strangest, "is the strangest, by its", top.Levels[int(scores.At(strangest, 3))])
	// Output:
	// rarity squared_error nll top1
	// row 1 is the strangest, by its depth
}

// Classes and their probabilities from a classifier on the code.
func ExampleModel_Predict() {
	dev := must(aegpu.Open("cpu"))
	defer dev.Close()
	rows := must(aegpu.Read("testdata/waves.csv"))
	m := must(aegpu.Fit(dev, rows, small(aegpu.Settings{Hidden: aegpu.Widths{16}, Latent: 2, Classifier: settings.FinetuneClassifier, ClassifierEpochs: 3})))
	defer m.Close()
	p := must(m.Predict(rows))
	sum := p.At(0, 1) + p.At(0, 2)
	fmt.Println(p.Columns[0].Name, p.Columns[1].Name, p.Columns[2].Name, math.Abs(sum-1) < 1e-12)
	// Output: class p:even p:odd true
}

// A classifier on the code, trained through the encoder once the autoencoder is: labels
// come with the table.
func ExampleFit_classifier() {
	dev := must(aegpu.Open("cpu"))
	defer dev.Close()
	rows := must(aegpu.Read("testdata/waves.csv"))
	s := small(must(aegpu.Preset("stacked")))
	s.Hidden, s.Latent, s.PretrainEpochs, s.Classifier, s.ClassifierEpochs = aegpu.Widths{16}, 2, 3, settings.FinetuneClassifier, 3
	m := must(aegpu.Fit(dev, rows, s))
	defer m.Close()
	e := must(m.Evaluate(rows, nil))
	fmt.Println("a classifier is measured:", e.Get("accuracy") > 0)
	// Output: a classifier is measured: true
}
