package train

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/model"
	"gopkg.in/yaml.v3"
)

// Config is everything that decides what a run computes, in the words of the
// command line: a field's YAML name is its flag. The zero value of a choice means
// its default; [Preset] fills a whole config.
type Config struct {
	Data  string  `yaml:"data"`
	Limit int     `yaml:"limit"` // keep the first rows of the training part; 0 keeps all
	Test  float64 `yaml:"test"`  // share held out for the test where the data has no test part
	Val   float64 `yaml:"val"`   // share of the training part held out for validation
	Scale string  `yaml:"scale"` // auto, none, minmax, standard

	Model            string             `yaml:"model"`
	Hidden           Widths             `yaml:"hidden,flow"`
	Decoder          Widths             `yaml:"decoder,flow"` // empty mirrors hidden
	Latent           int                `yaml:"latent"`
	Tied             bool               `yaml:"tied"`
	Activation       backend.Activation `yaml:"activation"`
	CodeActivation   backend.Activation `yaml:"code-activation"`
	OutputActivation backend.Activation `yaml:"output-activation"`
	Code             string             `yaml:"code"`
	Loss             string             `yaml:"loss"`
	Binarise         bool               `yaml:"binarise"`
	Init             string             `yaml:"init"`        // auto, xavier, he, lecun, sparse
	OutputBias       string             `yaml:"output-bias"` // mean: start at the training mean; zero
	Dropout          float64            `yaml:"dropout"`

	Corrupt  string  `yaml:"corrupt"`  // none, KIND:LEVEL, or one a layer separated by commas (stacked)
	Sparsity string  `yaml:"sparsity"` // none, kl:TARGET:WEIGHT, l1:WEIGHT, topk:K[:ALPHA]
	Contract string  `yaml:"contract"` // none, exact:WEIGHT, stochastic:WEIGHT[:PROBES]
	Beta     float64 `yaml:"beta"`
	KLWarmup float64 `yaml:"kl-warmup"` // epochs over which beta grows from 0
	FreeBits float64 `yaml:"free-bits"` // nats per latent unit
	Samples  int     `yaml:"samples"`   // codes an example; above 1: importance-weighted

	Epochs      int                   `yaml:"epochs"`
	Batch       int                   `yaml:"batch"`
	Accumulate  int                   `yaml:"accumulate"` // batches whose mean gradient makes an update
	LR          float64               `yaml:"lr"`
	LRScale     string                `yaml:"lr-scale"` // none, linear[:BATCH], sqrt[:BATCH]
	Optimizer   backend.OptimiserKind `yaml:"optimizer"`
	Momentum    string                `yaml:"momentum"` // NUMBER, or sutskever:MAX
	Beta1       float64               `yaml:"beta1"`
	Beta2       float64               `yaml:"beta2"`
	Eps         float64               `yaml:"eps"`
	Schedule    string                `yaml:"schedule"`  // constant, step:EPOCHS:FACTOR, cosine[:FLOOR], burda
	LRWarmup    float64               `yaml:"lr-warmup"` // epochs over which the learning rate grows from 0
	WeightDecay float64               `yaml:"weight-decay"`
	Clip        float64               `yaml:"clip"`

	Patience       int     `yaml:"patience"`        // epochs without improvement before stopping; 0 never stops
	MinImprovement float64 `yaml:"min-improvement"` // of the validation loss, to count as one

	PretrainEpochs   int     `yaml:"pretrain-epochs"` // per layer; above 0 trains greedily layer by layer first
	PretrainLR       float64 `yaml:"pretrain-lr"`
	Classifier       string  `yaml:"classifier"` // none, finetune, frozen
	ClassifierEpochs int     `yaml:"classifier-epochs"`
	ClassifierLR     float64 `yaml:"classifier-lr"`

	Seed      uint64 `yaml:"seed"`
	Device    string `yaml:"device"`    // auto, cpu, or a GPU's number
	Precision string `yaml:"precision"` // fp32, tf32, bf16
}

var models = []string{"ae", "stacked", "denoising", "sparse", "vae", "contractive"}

// Models lists the presets' names.
func Models() []string { return models }

// Preset is the config of a named model with every default filled in.
func Preset(name string) (Config, error) {
	c := Config{
		Data: "builtin:glyphs", Test: 0.1, Val: 0.1, Scale: "auto", Model: name,
		Hidden: Widths{512, 256}, Latent: 32, Activation: backend.ReLU, Code: "deterministic", Loss: "bernoulli",
		Init: "auto", OutputBias: "mean", Corrupt: "none", Sparsity: "none", Contract: "none", Beta: 1, Samples: 1,
		Epochs: 10, Batch: 128, Accumulate: 1, LR: 1e-3, LRScale: "none", Optimizer: backend.Adam, Momentum: "0.9", Beta1: 0.9, Beta2: 0.999, Eps: 1e-8,
		Schedule: "constant", PretrainLR: 1e-3, Classifier: "none", ClassifierEpochs: 10, ClassifierLR: 1e-3,
		Seed: 1, Device: "auto", Precision: "fp32",
	}
	switch name {
	case "ae":
	case "stacked":
		c.PretrainEpochs = 3
	case "denoising":
		c.Corrupt = "masking:0.3"
	case "sparse":
		c.Hidden, c.Latent, c.CodeActivation, c.Sparsity = nil, 196, backend.Sigmoid, "kl:0.05:3"
	case "vae":
		c.Code, c.Hidden, c.Latent = "gaussian", Widths{400}, 20
	case "contractive":
		// Tied, because an untied decoder undoes any shrinking of the encoder (Rifai et al. 2011).
		c.Hidden, c.Latent, c.CodeActivation, c.Contract, c.Tied = nil, 256, backend.Sigmoid, "exact:0.1", true
	default:
		return Config{}, fmt.Errorf("unknown model %q: expected one of %s", name, strings.Join(models, ", "))
	}
	return c, nil
}

// ReadConfig reads a config as YAML over the preset that its model names (ae
// where it names none). An unknown setting is an error that names its line.
func ReadConfig(r io.Reader) (Config, error) { return ReadConfigAs(r, "") }

// ReadConfigAs is ReadConfig for another model than the file names: its preset is
// what the file's settings go over. "" takes the file's.
func ReadConfigAs(r io.Reader, as string) (Config, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return Config{}, err
	}
	var named struct {
		Model string `yaml:"model"`
	}
	if err := yaml.Unmarshal(text, &named); err != nil {
		return Config{}, err
	}
	switch {
	case as != "":
		named.Model = as
	case named.Model == "":
		named.Model = "ae"
	}
	c, err := Preset(named.Model)
	if err != nil {
		return Config{}, err
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return Config{}, err
	}
	c.Model = named.Model
	return c, checkWhole(text)
}

// checkWhole refuses fractions for whole numbers, which the YAML package cuts off.
func checkWhole(text []byte) error {
	var nodes map[string]yaml.Node
	if err := yaml.Unmarshal(text, &nodes); err != nil {
		return err
	}
	fields := reflect.TypeFor[Config]()
	for i := range fields.NumField() {
		f := fields.Field(i)
		n, ok := nodes[f.Tag.Get("yaml")]
		if v, err := strconv.ParseFloat(n.Value, 64); ok && f.Type.Kind() == reflect.Int && err == nil && v != math.Trunc(v) {
			return fmt.Errorf("line %d: %s is %s: expected a whole number", n.Line, f.Tag.Get("yaml"), n.Value)
		}
	}
	return nil
}

// Write writes the config as YAML.
func (c Config) Write(w io.Writer) error {
	enc := yaml.NewEncoder(w)
	if err := enc.Encode(c); err != nil {
		return err
	}
	return enc.Close()
}

// Spec is the model that the config describes, for data of that many columns.
func (c *Config) Spec(inputs int) (model.Spec, error) {
	s := model.Spec{
		Inputs: inputs, Hidden: c.Hidden, Decoder: c.Decoder, Latent: c.Latent, Tied: c.Tied,
		Activation: c.Activation, CodeActivation: c.CodeActivation, Output: c.OutputActivation,
		Binarise: c.Binarise, Dropout: float32(c.Dropout),
	}
	if len(c.Decoder) == 0 {
		s.Decoder = nil
	}
	var err error
	if s.Likelihood, err = model.ParseLikelihood(c.Loss); err != nil {
		return s, err
	}
	if s.Init, err = model.ParseInit(c.Init); err != nil {
		return s, err
	}
	corrupt, err := c.corruptions()
	if err != nil {
		return s, err
	}
	if len(corrupt) == 1 {
		s.Corrupt = corrupt[0]
	}
	if err := c.setCode(&s); err != nil {
		return s, err
	}
	if c.Contract != "none" && c.Contract != "" {
		p, err := model.ParsePenalty(model.ContractionSetting, c.Contract)
		if err != nil {
			return s, err
		}
		s.Penalties = append(s.Penalties, p)
	}
	return s, s.Validate()
}

// setCode chooses the code, and the penalty on it, that code and sparsity name.
func (c *Config) setCode(s *model.Spec) (err error) {
	text := c.Code
	if sparse := orNone(c.Sparsity); strings.HasPrefix(sparse, "topk:") {
		if text != "" && text != "deterministic" {
			return fmt.Errorf("sparsity %s on a %s code: that code has a constraint of its own", sparse, text)
		}
		text = sparse
	} else if sparse != "none" {
		p, err := model.ParsePenalty(model.SparsitySetting, sparse)
		if err != nil {
			return err
		}
		s.Penalties = append(s.Penalties, p)
	}
	if text == "" {
		text = "deterministic"
	}
	if s.Code, err = model.ParseCode(text); err != nil {
		return err
	}
	if s.Code, err = s.Code.WithBound(c.Samples, float32(c.FreeBits)); err != nil {
		return err
	}
	if !s.Code.Drawn() && (c.KLWarmup > 0 || c.Beta != 1) {
		return fmt.Errorf("beta and kl-warmup weigh the KL of a code that is drawn (model vae), not of a %s one", s.Code)
	}
	return nil
}

// corruptions are the corruptions of the input, one, or one a layer.
func (c *Config) corruptions() ([]model.Corruption, error) {
	var all []model.Corruption
	for part := range strings.SplitSeq(c.Corrupt, ",") {
		var one model.Corruption
		if err := one.UnmarshalText([]byte(orNone(strings.TrimSpace(part)))); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	if len(all) > 1 && c.PretrainEpochs == 0 {
		return nil, fmt.Errorf("corrupt %q names %d corruptions, one a layer: that needs pretrain-epochs above 0 (model stacked)", c.Corrupt, len(all))
	}
	if layers := len(c.Hidden) + 1; len(all) > 1 && len(all) != layers {
		return nil, fmt.Errorf("corrupt %q names %d corruptions for %d layers: expected one, or one a layer", c.Corrupt, len(all), layers)
	}
	return all, nil
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func number(what, text string) (float32, error) {
	v, err := strconv.ParseFloat(text, 32)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%s: %q is not a number", what, text)
	}
	return float32(v), nil
}

// Validate refuses settings that no run can have, with the reason. What depends
// on the data is checked when the data is there.
func (c *Config) Validate() error {
	if _, err := c.Spec(1); err != nil {
		return err
	}
	if _, err := c.Update(); err != nil {
		return err
	}
	if _, err := parseSchedule(c.Schedule); err != nil {
		return err
	}
	if _, err := parseMomentum(c.Momentum); err != nil {
		return err
	}
	if _, err := parseLRScale(c.LRScale); err != nil {
		return err
	}
	return c.checkNumbers()
}

func (c *Config) checkNumbers() error {
	type bound struct {
		name string
		v    float64
		ok   bool
		want string
	}
	for _, b := range []bound{
		{"limit", float64(c.Limit), c.Limit >= 0, "0 or more"},
		{"test", c.Test, c.Test >= 0 && c.Test < 1, "0 or more and below 1"},
		{"val", c.Val, c.Val >= 0 && c.Val < 1, "0 or more and below 1"},
		{"epochs", float64(c.Epochs), c.Epochs >= 0, "0 or more"},
		{"batch", float64(c.Batch), c.Batch >= 1, "1 or more"},
		{"accumulate", float64(c.Accumulate), c.Accumulate >= 1, "1 or more"},
		{"lr", c.LR, c.LR > 0, "above 0"},
		{"pretrain-lr", c.PretrainLR, c.PretrainLR > 0, "above 0"},
		{"classifier-lr", c.ClassifierLR, c.ClassifierLR > 0, "above 0"},
		{"pretrain-epochs", float64(c.PretrainEpochs), c.PretrainEpochs >= 0, "0 or more"},
		{"classifier-epochs", float64(c.ClassifierEpochs), c.ClassifierEpochs >= 0, "0 or more"},
		{"beta", c.Beta, c.Beta >= 0, "0 or more"},
		{"kl-warmup", c.KLWarmup, c.KLWarmup >= 0, "0 or more"},
		{"lr-warmup", c.LRWarmup, c.LRWarmup >= 0, "0 or more"},
		{"weight-decay", c.WeightDecay, c.WeightDecay >= 0, "0 or more"},
		{"clip", c.Clip, c.Clip >= 0, "0 or more"},
		{"beta1", c.Beta1, c.Beta1 >= 0 && c.Beta1 < 1, "0 or more and below 1"},
		{"beta2", c.Beta2, c.Beta2 >= 0 && c.Beta2 < 1, "0 or more and below 1"},
		{"eps", c.Eps, c.Eps > 0, "above 0"},
		{"patience", float64(c.Patience), c.Patience >= 0, "0 or more"},
		{"min-improvement", c.MinImprovement, c.MinImprovement >= 0, "0 or more"},
	} {
		if !b.ok || math.IsInf(b.v, 0) {
			return fmt.Errorf("%s is %g: expected %s", b.name, b.v, b.want)
		}
	}
	if c.Patience > 0 && c.Val == 0 {
		return errors.New("patience needs a validation part: set val above 0")
	}
	for name, v := range map[string][2]string{
		"scale": {c.Scale, "auto none minmax standard"}, "output-bias": {c.OutputBias, "mean zero"},
		"classifier": {c.Classifier, "none finetune frozen"}, "precision": {c.Precision, "fp32 tf32 bf16"},
	} {
		if !strings.Contains(" "+v[1]+" ", " "+v[0]+" ") || v[0] == "" {
			return fmt.Errorf("%s is %q: expected one of %s", name, v[0], strings.ReplaceAll(v[1], " ", ", "))
		}
	}
	if c.Epochs == 0 && c.PretrainEpochs == 0 && c.Classifier == "none" {
		return errors.New("epochs is 0 and there is nothing else to train")
	}
	return nil
}

// Update is the constant part of the update rule.
func (c *Config) Update() (backend.Optimiser, error) {
	if c.Optimizer > backend.LAMB {
		return backend.Optimiser{}, fmt.Errorf("unknown optimizer %v", c.Optimizer)
	}
	return backend.Optimiser{
		Kind: c.Optimizer, Beta1: float32(c.Beta1), Beta2: float32(c.Beta2), Eps: float32(c.Eps),
		WeightDecay: float32(c.WeightDecay), Clip: float32(c.Clip),
	}, nil
}
