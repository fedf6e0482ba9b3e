package train_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"

	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/train"
	"gorgonia.org/tensor"
)

// circles is a matrix of 500 points on a noiseless curve in 8 dimensions.
func circles() *tensor.Dense {
	x := make([]float32, 0, 500*8)
	for i := range 500 {
		for j := range 8 {
			x = append(x, float32(0.5+0.4*math.Sin(float64(i)/10+float64(j))))
		}
	}
	return tensor.New(tensor.WithShape(500, 8), tensor.WithBacking(x))
}

// Train a variational autoencoder on a matrix, get the codes, save the model,
// load it, and decode.
func Example() {
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer dev.Close()

	config, err := train.Preset("vae")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	config.Hidden, config.Latent = train.Widths{32}, 2
	config.Batch, config.Epochs, config.Beta = 32, 20, 0.01

	x := circles()
	run, err := train.Fit(context.Background(), dev, config, x)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer run.Model.Close()
	rows, err := data.FromDense(x)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	codes, err := run.Model.Encode(context.Background(), rows)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Println(codes.Rows, "codes of", codes.Cols)

	var file bytes.Buffer
	if err := run.Model.Write(&file); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	loaded, err := model.Read(dev, file.Bytes())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer loaded.Close()
	decoded, err := loaded.Decode(context.Background(), codes)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Println(decoded.Rows, "decoded rows of", decoded.Cols)
	first, last := run.History[0].Train.Loss(), run.History[len(run.History)-1].Train.Loss()
	fmt.Println("loss fell:", last < first)
	// Output:
	// 500 codes of 2
	// 500 decoded rows of 8
	// loss fell: true
}
