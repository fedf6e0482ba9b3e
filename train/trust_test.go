package train

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"math"
	"math/rand/v2"
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

// trained is the directory of a run of c that is done.
func trained(t *testing.T, c settings.Config) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	res, err := runIn(t, t.Context(), c, Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	res.Model.Close()
	return dir
}

// sameModel demands that two runs came to the same bytes.
func sameModel(t *testing.T, a, b, what string) {
	t.Helper()
	if !bytes.Equal(read(t, a, ModelFile), read(t, b, ModelFile)) {
		t.Errorf("%s: another model", what)
	}
}

// flip changes a bit of a file.
func flip(t *testing.T, path string, bit int) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bit %= 8 * len(b)
	b[bit/8] ^= 1 << (bit % 8)
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
}

// No bit of a checkpoint can be flipped unnoticed.
func TestFlippedBitsOfACheckpoint(t *testing.T) {
	file := read(t, trained(t, small(t, "vae")), CheckpointFile)
	if _, _, err := parseCheckpoint(file); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		bit := rng.IntN(8 * len(file))
		other := bytes.Clone(file)
		other[bit/8] ^= 1 << (bit % 8)
		if _, _, err := parseCheckpoint(other); err == nil || isVersion(err) {
			t.Fatalf("bit %d of byte %d: %v", bit%8, bit/8, err)
		}
	}
}

// A run whose last checkpoint is damaged goes on from the one before, to the same bits; in between, too, the damaged
// one never takes the place of the one before.
func TestDamagedLastCheckpoint(t *testing.T) {
	c := small(t, "vae")
	c.Epochs = 4
	whole := trained(t, c)
	short := c
	short.Epochs = 3
	dir := trained(t, short)
	flip(t, filepath.Join(dir, CheckpointFile), 12345)
	var said []string
	warn := func(line string) { said = append(said, line) }
	ctx, cancel := context.WithCancel(t.Context())
	_, err := runIn(t, ctx, c, Options{Dir: dir, Resume: true, Warn: warn, Progress: func(Progress) { cancel() }})
	if !Interrupted(err) {
		t.Fatal(err)
	}
	if len(said) != 1 || !strings.Contains(said[0], CheckpointFile) || !strings.Contains(said[0], PreviousFile) {
		t.Errorf("said %q", said)
	}
	for _, name := range []string{CheckpointFile, PreviousFile} {
		if _, _, err := parseCheckpoint(read(t, dir, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := runIn(t, t.Context(), c, Options{Dir: dir, Resume: true, Warn: warn}); err != nil || len(said) != 1 {
		t.Fatal(err, said)
	}
	sameModel(t, dir, whole, "after a damaged checkpoint")

	flip(t, filepath.Join(dir, CheckpointFile), 7)
	flip(t, filepath.Join(dir, PreviousFile), 8)
	var request *RequestError
	if _, err := runIn(t, t.Context(), c, Options{Dir: dir, Resume: true}); !errors.As(err, &request) || !strings.Contains(err.Error(), "nothing is left") {
		t.Errorf("both damaged: %v", err)
	}
}

// A run that was killed between the two renames of a checkpoint has the one before it.
func TestOnlyThePreviousCheckpoint(t *testing.T) {
	c := small(t, "ae")
	dir, whole := trained(t, c), trained(t, c)
	if err := os.Remove(filepath.Join(dir, CheckpointFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := runIn(t, t.Context(), c, Options{Dir: dir, Resume: true, Warn: func(line string) { t.Error(line) }}); err != nil {
		t.Fatal(err)
	}
	sameModel(t, dir, whole, "from the checkpoint before")
}

// stateFaults are wrong numbers in the state of a checkpoint, each as the text that takes the place of another.
var stateFaults = []struct{ name, old, new string }{
	{"a stage below 0", `"stage":3`, `"stage":-1`},
	{"a stage too far", `"stage":3`, `"stage":9`},
	{"another stage", `"stage":3`, `"stage":2`},
	{"another epoch", `"phase":{"epoch":2`, `"phase":{"epoch":1`},
	{"a batch too far", `"batches":0`, `"batches":700`},
	{"a batch below 0", `"batches":0`, `"batches":-7`},
	{"sums of no batch", `"sums":null`, `"sums":[1]`},
	{"another count of bad epochs", `"bad":0`, `"bad":1`},
	{"another best loss", `"best_loss":`, `"best_loss":1`},
	{"negative seconds", `}],"seconds":`, `}],"seconds":-`},
	{"no history", `"history":[`, `"history":[],"x":[`},
	{"no such step", `"step":`, `"step":1`},
	{"other data", `"data":"`, `"data":"0`},
}

// bufferFaults are what may be wrong with the tensors of a checkpoint.
var bufferFaults = map[string]func(map[string]safetensors.TensorView){
	"weights missing": func(v map[string]safetensors.TensorView) { delete(v, wholeBuffer) },
	"best missing":    func(v map[string]safetensors.TensorView) { delete(v, bestBuffer) },
	"moments cut": func(v map[string]safetensors.TensorView) {
		v[momentBuffer(0)], _ = model.Float32View([]float32{1}, 1)
	},
	"weights NaN": func(v map[string]safetensors.TensorView) {
		nan := make([]float32, v[wholeBuffer].DataLen()/4)
		nan[3] = float32(math.NaN())
		v[wholeBuffer], _ = model.Float32View(nan, uint64(len(nan)))
	},
}

// A checkpoint whose digest fits and whose numbers do not is refused.
func TestNumbersOfACheckpoint(t *testing.T) {
	c := small(t, "stacked")
	c.Epochs, c.PretrainEpochs = 2, 1
	dir := trained(t, c)
	st, meta, err := model.ReadSealed(read(t, dir, CheckpointFile))
	if err != nil {
		t.Fatal(err)
	}
	views, state := map[string]safetensors.TensorView{}, meta[checkpointKey]
	for _, v := range st.Tensors() {
		views[v.Name] = v.TensorView
	}
	refuse := func(name string, views map[string]safetensors.TensorView, state string) {
		err := data.WriteAtomic(filepath.Join(dir, CheckpointFile), func(w io.Writer) error {
			return model.WriteSealed(w, views, map[string]string{checkpointKey: state})
		})
		if err != nil {
			t.Fatal(err)
		}
		var request *RequestError
		if _, err := runIn(t, t.Context(), c, Options{Dir: dir, Resume: true}); !errors.As(err, &request) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, f := range stateFaults {
		if !strings.Contains(state, f.old) {
			t.Fatalf("%s: no %s in %s", f.name, f.old, state)
		}
		refuse(f.name, views, strings.Replace(state, f.old, f.new, 1))
	}
	for name, change := range bufferFaults {
		other := maps.Clone(views)
		change(other)
		refuse(name, other, state)
	}
}

// resumed goes on with a run under other settings.
func resumed(t *testing.T, dir string, c settings.Config) error {
	t.Helper()
	res, err := runIn(t, t.Context(), c, Options{Dir: dir, Resume: true})
	if err == nil {
		res.Model.Close()
	}
	return err
}

// replayed trains what a run's config.yaml says and demands the run's model.
func replayed(t *testing.T, dir string) {
	t.Helper()
	c, err := settings.ReadConfig(bytes.NewReader(read(t, dir, ConfigFile)))
	if err != nil {
		t.Fatal(err)
	}
	sameModel(t, dir, trained(t, c), "trained again by "+ConfigFile)
}

// The settings in a run's directory give its bits, whatever epochs it was resumed with.
func TestResumeWithOtherEpochs(t *testing.T) {
	base := small(t, "ae")
	cosine, sutskever := base, base
	cosine.Schedule = settings.Schedule{Kind: settings.CosineSchedule}
	sutskever.Optimizer, sutskever.Momentum = settings.Nesterov, settings.Momentum{Value: 0.9, Sutskever: true}
	for _, one := range []struct {
		name   string
		c      settings.Config
		epochs settings.Number
		want   string // of the refusal
	}{
		{"more", base, 5, ""},
		{"fewer", base, 2, "go on with 3 or more"},
		{"as many", cosine, 3, ""},
		{"more under a cosine", cosine, 5, "are spread over"},
		{"fewer under a cosine", cosine, 2, "are spread over"},
		{"more under a momentum", sutskever, 5, "are spread over"},
	} {
		t.Run(one.name, func(t *testing.T) {
			dir := trained(t, one.c)
			before := read(t, dir, ConfigFile)
			now := one.c
			now.Epochs = one.epochs
			err := resumed(t, dir, now)
			if (one.want == "") != (err == nil) || err != nil && (!strings.Contains(err.Error(), one.want) || !strings.Contains(err.Error(), "InitFrom")) {
				t.Fatalf("got %v, want %q", err, one.want)
			}
			if err != nil && !bytes.Equal(before, read(t, dir, ConfigFile)) {
				t.Error("a refused resume changed the settings")
			}
			replayed(t, dir)
		})
	}
}

// Patience may change where the run would have taken the same course under the new one.
func TestResumeWithOtherPatience(t *testing.T) {
	c := small(t, "ae")
	c.Loss = settings.Loss{Likelihood: model.Bernoulli{}}
	c.Epochs, c.Patience, c.MinImprovement, c.Val = 12, 2, 0.05, 0.3
	patient := c
	patient.Patience = 4
	early, late := trained(t, c), trained(t, patient)
	if bytes.Equal(read(t, early, HistoryFile), read(t, late, HistoryFile)) {
		t.Fatal("the patience made no difference")
	}
	if err := resumed(t, early, patient); err != nil {
		t.Fatal(err)
	}
	sameModel(t, early, late, "with more patience")
	replayed(t, early)
	if err := resumed(t, late, c); err == nil || !strings.Contains(err.Error(), "Patience is 2") {
		t.Errorf("less patience than the run has had: %v", err)
	}
	replayed(t, late)
}

// A phase that is over cannot be given other epochs, one that has not begun can.
func TestResumeInALaterPhase(t *testing.T) {
	c := small(t, "ae")
	c.Epochs, c.Classifier, c.ClassifierEpochs = 2, settings.FrozenClassifier, 1
	dir := trained(t, c)
	more := c
	more.Epochs = 3
	if err := resumed(t, dir, more); err == nil || !strings.Contains(err.Error(), "phase autoencoder has ended") {
		t.Errorf("more epochs of a phase that is over: %v", err)
	}
	none := c
	none.Epochs = 0
	if err := resumed(t, dir, none); err == nil {
		t.Error("a phase was left out")
	}
	more = c
	more.ClassifierEpochs = 2
	if err := resumed(t, dir, more); err != nil {
		t.Error(err)
	}
	replayed(t, dir)
}

func TestResumeOnOtherData(t *testing.T) {
	c := small(t, "ae")
	dir := trained(t, c)
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	other := waves(110)
	other.F32[0] += 0.01
	sets, err := Divide(&data.Source{Train: other}, c)
	if err != nil {
		t.Fatal(err)
	}
	var request *RequestError
	if _, err := Run(t.Context(), dev, c, sets, Options{Dir: dir, Resume: true}); !errors.As(err, &request) || !strings.Contains(err.Error(), "other data") {
		t.Errorf("got %v", err)
	}
	m, err := model.Read(dev, read(t, dir, ModelFile))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if m.Fingerprint != divide(t, c).Fingerprint() || m.Fingerprint == sets.Fingerprint() {
		t.Errorf("the model file has the fingerprint %q", m.Fingerprint)
	}
}

// A run's settings are refused on other data, where nothing is gone on with.
func TestSettingsOfOtherData(t *testing.T) {
	c := small(t, "ae")
	dir := trained(t, c)
	was, err := settings.ReadConfig(bytes.NewReader(read(t, dir, ConfigFile)))
	if err != nil {
		t.Fatal(err)
	}
	other := waves(110)
	other.F32[0] += 0.01
	sets, err := Divide(&data.Source{Train: other}, was)
	if err != nil {
		t.Fatal(err)
	}
	var bad *settings.Error
	if err := runOn(t, t.Context(), was, sets, Options{}); !errors.As(err, &bad) || bad.Field != "DataFingerprint" {
		t.Errorf("got %v", err)
	}
	was.Seed++ // which divides the same data otherwise
	if err := runOn(t, t.Context(), was, divide(t, was), Options{}); err != nil {
		t.Error(err)
	}
}

func TestInitFrom(t *testing.T) {
	c := small(t, "ae")
	from := c
	from.Init = model.XavierInit // whose weights change from epoch to epoch
	first := trained(t, from)
	c.InitFrom, c.LR, c.Epochs, c.Seed = first, 0.001, 1, 9
	second := trained(t, c)
	text := string(read(t, second, ConfigFile))
	if !strings.Contains(text, "init-from: "+first+"@sha256:") {
		t.Fatalf("the settings do not say from what:\n%s", text)
	}
	replayed(t, second)
	more := c
	more.Epochs = 2
	if err := resumed(t, second, more); err != nil {
		t.Errorf("resumed with the path alone: %v", err)
	}
	replayed(t, second)
	for name, change := range map[string]func(*settings.Config){
		"hidden layers":  func(c *settings.Config) { c.Hidden = settings.Widths{5} },
		"code of size 2": func(c *settings.Config) { c.Latent = 3 },
		"activation":     func(c *settings.Config) { c.Activation = settings.Tanh },
		"of the code":    func(c *settings.Config) { c.Code = settings.Code{Code: model.Gaussian{}} },
		"no such file":   func(c *settings.Config) { c.InitFrom += "/nowhere" },
	} {
		other := c
		change(&other)
		_, err := runIn(t, t.Context(), other, Options{})
		var bad *settings.Error
		if !errors.As(err, &bad) || bad.Field != "InitFrom" || !strings.Contains(strings.ReplaceAll(err.Error(), "code of size: 2", "code of size 2"), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The file goes on and is another now.
	longer := from
	longer.Epochs = 5
	if err := resumed(t, first, longer); err != nil {
		t.Fatal(err)
	}
	again, err := settings.ReadConfig(bytes.NewReader(read(t, second, ConfigFile)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := runIn(t, t.Context(), again, Options{}); err == nil || !strings.Contains(err.Error(), "others than those") {
		t.Errorf("weights that have changed: %v", err)
	}
	if err := resumed(t, second, again); err != nil {
		t.Errorf("a run that has begun does not need them: %v", err)
	}
}
