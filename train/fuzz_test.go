package train

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/cpu"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
	"github.com/nlpodyssey/safetensors"
)

// FuzzCheckpoint resumes from checkpoints whose state is any text, and reads files that
// are any bytes: they are refused, or the run goes on to its end.
func FuzzCheckpoint(f *testing.F) {
	c, err := settings.Preset("stacked")
	if err != nil {
		f.Fatal(err)
	}
	c.Hidden, c.Latent, c.Batch, c.Epochs, c.PretrainEpochs, c.Test = settings.Widths{4}, 2, 50, 2, 1, 0
	sets, err := divideWaves(c)
	if err != nil {
		f.Fatal(err)
	}
	begun, file := begin(f, c, sets)
	_, st, err := parseCheckpoint(file)
	if err != nil {
		f.Fatal(err)
	}
	_, meta, err := safetensors.ReadMetadata(file)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(meta.Metadata()[checkpointKey]), []byte(nil))
	f.Add([]byte(nil), file)
	state := meta.Metadata()[checkpointKey]
	for _, lie := range [][2]string{
		{`"stage":3`, `"stage":-1`}, {`"stage":3`, `"stage":9`}, {`"epoch":`, `"epoch":-`}, {`"epoch":`, `"epoch":9e18`}, {`"epoch":`, `"epoch":922337203685477580`}, {`"batches":`, `"batches":-7`}, {`"batches":`, `"batches":99`},
		{`"sums":null`, `"sums":[1]`}, {`"sums":null`, `"sums":[1e308,1e308,1e308,1e308,1e308,1e308,1e308,1e308]`}, {`"bad":`, `"bad":-`}, {`"best_loss":`, `"best_loss":-`}, {`"done":false`, `"done":true`}, {`"history":`, `"history":null,"x":`}, {`"seconds":`, `"seconds":-`},
	} {
		f.Add([]byte(strings.Replace(state, lie[0], lie[1], 1)), []byte(nil))
	}
	f.Fuzz(func(t *testing.T, state, raw []byte) {
		if len(raw) == 0 {
			raw = withState(t, st, string(state))
		}
		if _, _, err := parseCheckpoint(raw); err != nil {
			return
		}
		dir := t.TempDir()
		for name, content := range map[string][]byte{ConfigFile: begun, CheckpointFile: raw} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		dev, err := cpu.Open(cpu.Options{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer dev.Close()
		res, err := Run(t.Context(), dev, c, sets, Options{Dir: dir, Resume: true})
		var request *RequestError
		var diverged *DivergedError
		switch {
		case err == nil:
			res.Model.Close()
		case !errors.As(err, &request) && !errors.As(err, &diverged):
			t.Errorf("%v (%T): expected a RequestError", err, err)
		}
	})
}

// begin trains until the first checkpoint, and returns the settings' and the checkpoint's
// file.
func begin(t testing.TB, c settings.Config, sets *Sets) (config, last []byte) {
	t.Helper()
	dev, err := cpu.Open(cpu.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	epochs := 0
	_, err = Run(ctx, dev, c, sets, Options{Dir: dir, Epoch: func(Record) {
		if epochs++; epochs == 3 { // of the whole autoencoder
			cancel()
		}
	}})
	if !Interrupted(err) {
		t.Fatal(err)
	}
	for name, to := range map[string]*[]byte{ConfigFile: &config, CheckpointFile: &last} {
		if *to, err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return config, last
}

// withState is the file of a checkpoint of these tensors and that state.
func withState(t testing.TB, st safetensors.SafeTensors, state string) []byte {
	t.Helper()
	views := map[string]safetensors.TensorView{}
	for _, name := range st.Names() {
		views[name], _ = st.Tensor(name)
	}
	var b bytes.Buffer
	if err := model.WriteSealed(&b, views, map[string]string{checkpointKey: state}); err != nil {
		t.Skip(err)
	}
	return b.Bytes()
}

func divideWaves(c settings.Config) (*Sets, error) {
	return Divide(&data.Source{Train: waves(110)}, c)
}
