package main

import (
	"encoding"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aegpu/aegpu/train"
	"github.com/urfave/cli/v2"
	"gopkg.in/yaml.v3"
)

// setting is a flag that sets the field of train.Config with that YAML name.
type setting struct{ category, name, usage string }

// settings are all fields of train.Config but data, which is an argument.
var settings = []setting{
	{"Model", "model", "preset `NAME`: ae, stacked, denoising, sparse, vae or contractive; chooses the defaults of the rest"},
	{"Model", "hidden", "`WIDTHS` of the encoder's hidden layers, as in 512,256, or none"},
	{"Model", "decoder", "`WIDTHS` of the decoder's hidden layers; none mirrors --hidden"},
	{"Model", "latent", "`SIZE` of the code"},
	{"Model", "tied", "the decoder's weights are the encoder's, transposed"},
	{"Model", "activation", "activation `NAME` of the hidden layers: identity, relu, leaky-relu, elu, gelu, silu, softplus, sigmoid, tanh"},
	{"Model", "code-activation", "activation `NAME` of the code"},
	{"Model", "output-activation", "activation `NAME` of the reconstruction (squared loss)"},
	{"Model", "loss", "loss `NAME`: squared, bernoulli (cross-entropy) or gaussian"},
	{"Model", "binarise", "draw grey inputs to 0 or 1 afresh for every batch"},
	{"Model", "init", "initialisation `NAME` of the weights: auto, xavier, he, lecun, sparse"},
	{"Model", "output-bias", "`START` of the output's bias: mean (of the training rows) or zero"},
	{"Model", "dropout", "`SHARE` of hidden units dropped in training"},

	{"Regularisation", "corrupt", "damage `KIND:LEVEL` to the input: masking:0.3, gaussian:0.5, salt-and-pepper:0.1; one a layer with commas"},
	{"Regularisation", "sparsity", "`PENALTY` on the code: kl:TARGET:WEIGHT, l1:WEIGHT or topk:K[:ALPHA]"},
	{"Regularisation", "contract", "`PENALTY` on the encoder's Jacobian: exact:WEIGHT or stochastic:WEIGHT[:PROBES]"},
	{"Regularisation", "beta", "`WEIGHT` of the KL term (vae)"},
	{"Regularisation", "kl-warmup", "`EPOCHS` over which beta grows from 0 (vae)"},
	{"Regularisation", "free-bits", "`NATS` of KL per latent unit that are not penalised (vae)"},
	{"Regularisation", "samples", "`COUNT` of codes an example; above 1 trains the importance-weighted bound (vae)"},
	{"Regularisation", "weight-decay", "`WEIGHT` of weight decay"},
	{"Regularisation", "clip", "`NORM` that the gradient is clipped to"},

	{"Training", "epochs", "`COUNT` of passes over the training rows"},
	{"Training", "batch", "`ROWS` that the device computes on at a time, an update without --accumulate"},
	{"Training", "accumulate", "`COUNT` of batches whose mean gradient makes an update, so that it sees as many times --batch rows in the memory of one; kl sparsity and free bits are of each batch"},
	{"Training", "lr", "learning `RATE`"},
	{"Training", "lr-scale", "`RULE` that scales the learning rates to an update's rows: none, linear[:BATCH] (rows/BATCH), sqrt[:BATCH] (its root), BATCH being 128 where left out"},
	{"Training", "optimizer", "update rule `NAME`: sgd, momentum, nesterov, adam, adamw, lamb (for large batches; wants a higher --lr, such as 0.005 at batch 128, 0.02 at 8192)"},
	{"Training", "momentum", "`VALUE` of momentum and nesterov, or sutskever:MAX"},
	{"Training", "beta1", "`DECAY` of the first moment of adam, adamw and lamb"},
	{"Training", "beta2", "`DECAY` of their second moment"},
	{"Training", "eps", "`VALUE` that keeps them from dividing by 0"},
	{"Training", "schedule", "learning rate `SCHEDULE`: constant, step:EPOCHS:FACTOR, cosine[:FLOOR], burda"},
	{"Training", "lr-warmup", "`EPOCHS` over which the learning rate grows from 0"},
	{"Training", "patience", "`EPOCHS` without improvement before stopping; 0 never stops"},
	{"Training", "min-improvement", "`LOSS` by which the validation loss must fall to count as improved"},
	{"Training", "pretrain-epochs", "`COUNT` of epochs of greedy pretraining, each layer"},
	{"Training", "pretrain-lr", "learning `RATE` of the pretraining"},
	{"Training", "classifier", "`KIND` of classifier on the code afterwards: none, finetune or frozen (needs labels)"},
	{"Training", "classifier-epochs", "`COUNT` of epochs of the classifier"},
	{"Training", "classifier-lr", "learning `RATE` of the classifier"},

	{"Data", "limit", "keep the first `N` training rows; 0 keeps all"},
	{"Data", "test", "`SHARE` of the rows held out for the test, where the data has no test part"},
	{"Data", "val", "`SHARE` of the training rows held out for validation"},
	{"Data", "scale", "column scaling `KIND`: auto, none, minmax, standard"},

	{"Run", "seed", "`NUMBER` that weights, noise and shuffles follow from"},
	{"Run", "device", "device `NAME`: auto (a usable GPU, else the CPU), cpu, or a GPU's number"},
	{"Run", "precision", "`PRECISION` of the products: fp32, tf32, bf16"},
}

// settingFlags are the flags of the settings, with the defaults of all presets.
func settingFlags() []cli.Flag {
	var flags []cli.Flag
	for _, s := range settings {
		if field(&train.Config{}, s.name).Kind() == reflect.Bool {
			flags = append(flags, &cli.BoolFlag{Name: s.name, Usage: s.usage, Category: s.category, DisableDefaultText: true})
			continue
		}
		flags = append(flags, &cli.StringFlag{Name: s.name, Usage: s.usage, Category: s.category, DefaultText: defaultText(s.name)})
	}
	return flags
}

// defaultText is the value of a setting in all presets, or that it depends.
func defaultText(name string) string {
	text := ""
	for _, m := range train.Models() {
		c, err := train.Preset(m)
		if err != nil {
			return ""
		}
		v := fmt.Sprint(field(&c, name).Interface())
		if text != "" && v != text {
			if name == "model" {
				return "ae"
			}
			return "by model"
		}
		text = v
	}
	return text
}

// field is the field of the config with that YAML name.
func field(c *train.Config, name string) reflect.Value {
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		if tag, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ","); tag == name {
			return v.Field(i)
		}
	}
	panic("no setting is called " + name)
}

// set gives a setting the value that was written on the command line.
func set(c *train.Config, name, text string) error {
	f := field(c, name)
	expected := ""
	var err error
	switch p := f.Addr().Interface().(type) {
	case *train.Widths:
		*p, err = train.ParseWidths(text)
	case encoding.TextUnmarshaler:
		err = p.UnmarshalText([]byte(text))
	case *string:
		*p = text
	case *int:
		*p, err = strconv.Atoi(text)
		expected = "a whole number"
	case *uint64:
		*p, err = strconv.ParseUint(text, 10, 64)
		expected = "a whole number, 0 or more"
	case *float64:
		*p, err = strconv.ParseFloat(text, 64)
		expected = "a number"
	default:
		panic("a setting of an unknown type: " + name)
	}
	if err != nil && expected != "" {
		return wrong("--%s is %q: expected %s", name, text, expected)
	}
	if err != nil {
		return wrong("--%s: %w", name, err)
	}
	return nil
}

// readConfig is the config of a command: the preset, over it the file ("" for
// none), over it the flags that are set, but for those of the command's own that
// are called like a setting.
func readConfig(c *cli.Context, file string, own ...string) (train.Config, error) {
	config, err := configFile(file, c.String("model"))
	if err != nil {
		return config, err
	}
	for _, s := range settings {
		switch {
		case !c.IsSet(s.name) || slices.Contains(own, s.name):
		case field(&config, s.name).Kind() == reflect.Bool:
			field(&config, s.name).SetBool(c.Bool(s.name))
		default:
			if err := set(&config, s.name, c.String(s.name)); err != nil {
				return config, err
			}
		}
	}
	return config, nil
}

// configFile reads a config over the preset of that model, or of the file's own
// where model is "".
func configFile(path, model string) (train.Config, error) {
	if path == "" {
		if model == "" {
			model = "ae"
		}
		config, err := train.Preset(model)
		if err != nil {
			return config, wrong("--model: %w", err)
		}
		return config, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return train.Config{}, unreadable(path, err)
	}
	defer f.Close()
	config, err := train.ReadConfigAs(f, model)
	if err != nil {
		return config, wrong("%s: %s", path, plainYAML(err))
	}
	return config, nil
}

var unknownField = regexp.MustCompile(`^line (\d+): field (\S+) not found in type .*$`)

// typeErrors are the words of the YAML package for a value of the wrong type, and ours.
var typeErrors = strings.NewReplacer("cannot unmarshal !!str", "found", "cannot unmarshal !!float", "found", "cannot unmarshal !!seq", "found a list",
	"cannot unmarshal !!map", "found a mapping", " into int", ": expected a whole number", " into uint64", ": expected a whole number",
	" into float64", ": expected a number", " into bool", ": expected true or false", " into string", ": expected a word")

// plainYAML is a YAML error in the words of the file.
func plainYAML(err error) string {
	var broken *yaml.TypeError
	if !errors.As(err, &broken) {
		return strings.TrimPrefix(oneLine(err), "yaml: ")
	}
	lines := make([]string, len(broken.Errors))
	for i, e := range broken.Errors {
		lines[i] = typeErrors.Replace(e)
		if m := unknownField.FindStringSubmatch(e); m != nil {
			lines[i] = "line " + m[1] + ": unknown setting " + m[2]
			if near := nearest(m[2], settingNames()); near != "" {
				lines[i] += ": did you mean " + near + "?"
			}
		}
	}
	return strings.Join(lines, "; ")
}

func settingNames() []string {
	names := []string{"data"}
	for _, s := range settings {
		names = append(names, s.name)
	}
	return names
}
