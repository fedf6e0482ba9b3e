package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
	"github.com/aegpu/aegpu/settings"
	"github.com/urfave/cli/v2"
)

// setting is a flag that sets the field of settings.Config with that YAML name.
type setting struct{ category, name, usage string }

// allSettings are all fields of settings.Config but data, which is an argument, and its fingerprint, which a training writes.
var allSettings = []setting{
	{"Model", "model", "preset `NAME`: ae, stacked, denoising, sparse, vae or contractive; chooses the defaults of the rest"},
	{"Model", "hidden", "`WIDTHS` of the encoder's hidden layers, as in 512,256, none, or auto (by the data)"},
	{"Model", "decoder", "`WIDTHS` of the decoder's hidden layers; none mirrors --hidden"},
	{"Model", "latent", "`SIZE` of the code, or auto (by the data)"},
	{"Model", "tied", "the decoder's weights are the encoder's, transposed"},
	{"Model", "activation", "activation `NAME` of the hidden layers: identity, relu, leaky-relu, elu, gelu, silu, softplus, sigmoid, tanh"},
	{"Model", "code-activation", "activation `NAME` of the code"},
	{"Model", "output-activation", "activation `NAME` of the reconstruction (squared loss)"},
	{"Model", "code", "`KIND` of code: " + model.Codes()},
	{"Model", "loss", "loss `NAME`: " + settings.Losses() + "; with commas columns of another one, as in auto,visits=poisson"},
	{"Model", "binarise", "draw grey inputs to 0 or 1 afresh for every batch"},
	{"Model", "init", "initialisation `NAME` of the weights: auto (pca where the model can start from it, else xavier), pca, xavier, he, lecun, sparse"},
	{"Model", "output-bias", "`START` of the output's bias: mean (of the training rows) or zero"},
	{"Model", "dropout", "`SHARE` of hidden units dropped in training"},

	{"Regularisation", "corrupt", "damage `KIND:LEVEL` to the input: none, auto (masking:0.3 of tables with missing cells, else none), masking:0.3, gaussian:0.5, salt-and-pepper:0.1; one a layer with commas"},
	{"Regularisation", "sparsity", "`PENALTY` on the code: kl:TARGET:WEIGHT, l1:WEIGHT or topk:K[:ALPHA]"},
	{"Regularisation", "contract", "`PENALTY` on the encoder's Jacobian: exact:WEIGHT or stochastic:WEIGHT[:PROBES]"},
	{"Regularisation", "beta", "`WEIGHT` of the KL term (vae)"},
	{"Regularisation", "kl-warmup", "`EPOCHS` over which beta grows from 0 (vae)"},
	{"Regularisation", "free-bits", "`NATS` of KL per latent unit that are not penalised (vae)"},
	{"Regularisation", "samples", "`COUNT` of codes an example; above 1 trains the importance-weighted bound (vae)"},
	{"Regularisation", "weight-decay", "`WEIGHT` of weight decay"},
	{"Regularisation", "clip", "`NORM` that the gradient is clipped to"},

	{"Training", "init-from", "start from the weights of `RUN`, a run or a model file of the same architecture, and not from new ones"},
	{"Training", "epochs", "`COUNT` of passes over the training rows, or auto (as many as make enough updates)"},
	{"Training", "batch", "`ROWS` that the device computes on at a time, an update without --accumulate, or auto (fewer of small tables)"},
	{"Training", "accumulate", "`COUNT` of batches whose mean gradient makes an update, so that it sees as many times --batch rows in the memory of one; kl sparsity and free bits are of each batch"},
	{"Training", "lr", "learning `RATE`"},
	{"Training", "lr-scale", "`RULE` that scales the learning rates to an update's rows: none, linear[:BATCH] (rows/BATCH), sqrt[:BATCH] (its root), BATCH being 128 where left out"},
	{"Training", "optimizer", "update rule `NAME`: sgd, momentum, nesterov, adam, adamw, lamb (for large batches; wants a higher --lr, such as 0.005 at batch 128, 0.02 at 8192)"},
	{"Training", "momentum", "`VALUE` of momentum and nesterov, or sutskever:MAX"},
	{"Training", "beta1", "`DECAY` of the first moment of adam, adamw and lamb"},
	{"Training", "beta2", "`DECAY` of their second moment"},
	{"Training", "eps", "`VALUE` that keeps them from dividing by 0"},
	{"Training", "schedule", "learning rate `SCHEDULE`: auto (cosine where the epochs are auto, else constant), constant, step:EPOCHS:FACTOR, cosine[:FLOOR], burda"},
	{"Training", "lr-warmup", "`EPOCHS` over which the learning rate grows from 0"},
	{"Training", "patience", "`EPOCHS` without improvement before stopping; 0 never stops, auto is a share of the epochs where these are auto, else 0"},
	{"Training", "min-improvement", "`LOSS` by which the validation loss must fall to count as improved; of tables whose code is not drawn the squared error, columns in units of their variance"},
	{"Training", "pretrain-epochs", "`COUNT` of epochs of greedy pretraining, each layer"},
	{"Training", "pretrain-lr", "learning `RATE` of the pretraining"},
	{"Training", "classifier", "`KIND` of classifier on the code afterwards: none, finetune or frozen (needs labels)"},
	{"Training", "classifier-epochs", "`COUNT` of epochs of the classifier"},
	{"Training", "classifier-lr", "learning `RATE` of the classifier"},

	{"Data", "limit", "keep the first `N` training rows; 0 keeps all"},
	{"Data", "window", "`N` training rows on the device at a time, from which batches are drawn until the next come; 0 is all, or what the memory holds of data on disk"},
	{"Data", "block", "`N` rows that lie side by side come into a window together; 0 is a 512th of it"},
	{"Data", "test", "`SHARE` of the rows held out for the test, where the data has no test part"},
	{"Data", "val", "`SHARE` of the training rows held out for validation"},
	{"Data", "header", "`WHETHER` the first line of a table holds names: auto, yes, no"},
	{"Data", "delimiter", "`CHARACTER` between fields, or comma, tab, semicolon, pipe, space"},
	{"Data", "decimal", "decimal `MARK`: . or ,"},
	{"Data", "id", "`COLUMN` (name, or number from 1) with names of the rows, kept out of training and given back; none for no column"},
	{"Data", "label", "`COLUMN` with classes, kept out of training; none for no column"},
	{"Data", "group", "`COLUMN` whose equal values stay on one side of every split, kept out of training"},
	{"Data", "condition", "`COLUMN` with a category that encoder and decoder are told, so that the code is free of it and samples can be drawn for a level, kept out of the inputs; label for the labels"},
	{"Data", "columns", "`LIST` of the columns to train on, with commas"},
	{"Data", "drop", "`LIST` of columns to leave out"},
	{"Data", "types", "`LIST` of COLUMN=KIND: real, count, yes/no, category, date (as days), id, text"},
	{"Data", "target", "`LIST` of what the decoder is to make of the rows where that is other data: columns of a table, which are no inputs then, or an array, or a file"},
	{"Data", "array", "`NAME` of the array of an archive"},
	{"Data", "layout", "`LAYOUT` of an array: auto, rows, hwc, chw (channels first), or 28x28 or 32x32x3 for flat rows that are images"},
	{"Data", "resize", "`WIDTHxHEIGHT` that pictures are brought to"},
	{"Data", "test-data", "`DATA` to test on"},
	{"Data", "val-data", "`DATA` to validate on"},
	{"Data", "missing", "what missing cells `BECOME`: mask (no loss is over them; auto, where columns have likelihoods of their own), refuse (an error), mean or median of their column in the training rows (of categories the most frequent)"},
	{"Data", "size-factor", "`WHETHER` means of counts are in proportion to the total of their row: auto (where the totals of rows say so), total, none"},
	{"Data", "scale", "column scaling `KIND`: auto, none, minmax, standard, robust (median and spread)"},

	{"Run", "seed", "`NUMBER` that weights, noise and shuffles follow from"},
	{"Run", "device", "device `NAME`: auto (a usable GPU, else the CPU), cpu, a GPU's number, or several as 0,1 or all: a rank for each"},
	{"Run", "precision", "`PRECISION` of the products: fp32, tf32, bf16"},
}

// settingFlags are the flags of the settings, with the defaults of all presets.
func settingFlags() []cli.Flag {
	var flags []cli.Flag
	for _, s := range allSettings {
		if isSwitch(&settings.Config{}, s.name) {
			flags = append(flags, &cli.BoolFlag{Name: s.name, Usage: s.usage, Category: s.category, DisableDefaultText: true})
			continue
		}
		flags = append(flags, &cli.StringFlag{Name: s.name, Usage: s.usage, Category: s.category, DefaultText: defaultText(s.name)})
	}
	return append(flags, memoryFlag())
}

// isSwitch reports whether a setting is on or off.
func isSwitch(c *settings.Config, name string) bool {
	_, ok := c.Get(name).(bool)
	return ok
}

// defaultText is the value of a setting in all presets, or that it depends.
func defaultText(name string) string {
	text := ""
	for _, m := range settings.Models() {
		c, err := settings.Preset(m)
		if err != nil {
			return ""
		}
		v := fmt.Sprint(c.Get(name))
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

// readConfig is the config of a command: the preset, over it the file ("" for
// none), over it the flags that are set, but for those of the command's own that
// are called like a setting.
func readConfig(c *cli.Context, file string, own ...string) (settings.Config, error) {
	config, err := configFile(file, c.String("model"))
	if err != nil {
		return config, err
	}
	for _, s := range allSettings {
		if s.name == "model" || !c.IsSet(s.name) || slices.Contains(own, s.name) {
			continue
		}
		text := c.String(s.name)
		if isSwitch(&config, s.name) {
			text = strconv.FormatBool(c.Bool(s.name))
		}
		if err := config.Set(s.name, text); err != nil {
			return config, wrong("%s", inFlags(err))
		}
	}
	if err := config.Validate(); err != nil {
		return config, wrong("%s", inFlags(err))
	}
	return config, nil
}

// inFlags is an error's text, with settings called by their flags.
func inFlags(err error) string {
	return inWords(err, func(field string) string { return "--" + settings.Name(field) })
}

// inFile is an error's text, with settings called as in a file.
func inFile(err error) string { return inWords(err, settings.Name) }

func inWords(err error, name func(field string) string) string {
	var bad *settings.Error
	var reading *data.ReadingError
	if errors.As(err, &reading) {
		bad = &settings.Error{Field: reading.Field, Msg: reading.Msg}
	}
	if bad == nil && !errors.As(err, &bad) {
		return oneLine(err)
	}
	// What an error further out has to say stays around it.
	return shownLine(strings.Replace(err.Error(), bad.Error(), bad.Words(name), 1))
}

// configFile reads a config over the preset of that model, or of the file's own
// where model is "".
func configFile(path, model string) (settings.Config, error) {
	if path == "" {
		if model == "" {
			model = "ae"
		}
		config, err := settings.Preset(model)
		if err != nil {
			return config, wrong("%s", inFlags(err))
		}
		return config, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return settings.Config{}, unreadable(path, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return settings.Config{}, wrong("%s: a folder: expected a file of settings", path)
	}
	config, err := settings.ReadConfigAs(f, model)
	if err != nil {
		return config, wrong("%s: %s", path, plainYAML(err))
	}
	return config, nil
}

// plainYAML is an error in a file of settings, in the words of the file.
func plainYAML(err error) string {
	text := strings.TrimPrefix(inFile(err), "yaml: ")
	var unknown *settings.UnknownError
	if errors.As(err, &unknown) {
		if near := nearest(unknown.Name, settingNames()); near != "" {
			text += ": did you mean " + near + "?"
		}
	}
	return text
}

func settingNames() []string { return settings.Names() }
