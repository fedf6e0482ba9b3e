package settings

import (
	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// Config is everything that decides what a run computes. A field's YAML name is its
// flag on the command line.
//
// A config that [Preset], [ReadConfig] or Complete made means what every field says,
// zero too. In one that is written as a literal a field that is zero is left out:
// Complete takes it from the preset that Model names, "" being ae. An activation, an
// optimizer and lists of widths have values other than zero for identity, SGD and
// none; to ask for a number that is 0 (no rows held out, seed 0), start from Preset.
// Widths, sizes and lengths may be left open ([Auto], [AutoWidths], [AutoSchedule]):
// a training finds them out from its data.
// What validates, trains or writes a config completes it first.
type Config struct {
	Data  string `yaml:"data"`
	Limit int    `yaml:"limit"` // keep the first rows of the training part; 0 keeps all
	// Window is how many training rows are on the device at a time; 0 is all, or as many as a share of the memory holds
	// where the data are on disk. Batches are drawn from them until the next come, in blocks of Block rows that lie side by
	// side, which are shuffled too. Both decide the order of the rows.
	Window  int          `yaml:"window,omitempty"`
	Block   int          `yaml:"block,omitempty"`
	Test    float64      `yaml:"test"` // share held out for the test where the data has no test part
	Val     float64      `yaml:"val"`  // share of the training part held out for validation
	Scale   data.Scaling `yaml:"scale"`
	Missing data.Missing `yaml:"missing,omitempty"` // what missing cells become
	// SizeFactor says whether means of counts are in proportion to the total of their row.
	SizeFactor SizeFactor `yaml:"size-factor,omitempty"`

	// How the data are read where the files leave a choice, see [data.Reading].
	Header    string `yaml:"header,omitempty"`
	Delimiter string `yaml:"delimiter,omitempty"`
	Decimal   string `yaml:"decimal,omitempty"`
	ID        string `yaml:"id,omitempty"`
	Label     string `yaml:"label,omitempty"`
	Group     string `yaml:"group,omitempty"`
	Condition string `yaml:"condition,omitempty"` // what encoder and decoder are told of every row
	Columns   List   `yaml:"columns,omitempty"`
	Drop      List   `yaml:"drop,omitempty"`
	Types     List   `yaml:"types,omitempty"`
	Target    List   `yaml:"target,omitempty"`
	Array     string `yaml:"array,omitempty"`
	Layout    string `yaml:"layout,omitempty"`
	Resize    string `yaml:"resize,omitempty"`
	TestData  string `yaml:"test-data,omitempty"`
	ValData   string `yaml:"val-data,omitempty"`
	// DataFingerprint is of all that Data held when a training wrote these settings, before it was divided: then they give
	// the same bits on no other data. "" takes the data as they are.
	DataFingerprint Fingerprint `yaml:"data-fingerprint,omitempty"`

	Model            string     `yaml:"model"` // the preset that says what is left out
	Hidden           Widths     `yaml:"hidden,flow"`
	Decoder          Widths     `yaml:"decoder,flow"` // empty mirrors hidden
	Latent           Number     `yaml:"latent"`
	Tied             bool       `yaml:"tied"`
	Activation       Activation `yaml:"activation"`
	CodeActivation   Activation `yaml:"code-activation"`
	OutputActivation Activation `yaml:"output-activation"`
	Code             Code       `yaml:"code"`
	Loss             Loss       `yaml:"loss"`
	Binarise         bool       `yaml:"binarise"`
	Init             model.Init `yaml:"init"`
	OutputBias       OutputBias `yaml:"output-bias"`
	Dropout          float64    `yaml:"dropout"`

	Corrupt  Corruptions `yaml:"corrupt"`
	Sparsity Sparsity    `yaml:"sparsity"`
	Contract Contraction `yaml:"contract"`
	Beta     float64     `yaml:"beta"`
	KLWarmup float64     `yaml:"kl-warmup"` // epochs over which beta grows from 0
	FreeBits float64     `yaml:"free-bits"` // nats per latent unit
	Samples  int         `yaml:"samples"`   // codes an example; above 1: importance-weighted

	Epochs      Number    `yaml:"epochs"`
	Batch       Number    `yaml:"batch"`
	Accumulate  int       `yaml:"accumulate"` // batches whose mean gradient makes an update
	LR          float64   `yaml:"lr"`
	LRScale     LRScale   `yaml:"lr-scale"`
	Optimizer   Optimizer `yaml:"optimizer"`
	Momentum    Momentum  `yaml:"momentum"`
	Beta1       float64   `yaml:"beta1"`
	Beta2       float64   `yaml:"beta2"`
	Eps         float64   `yaml:"eps"`
	Schedule    Schedule  `yaml:"schedule"`
	LRWarmup    float64   `yaml:"lr-warmup"` // epochs over which the learning rate grows from 0
	WeightDecay float64   `yaml:"weight-decay"`
	Clip        float64   `yaml:"clip"`

	Patience       Number  `yaml:"patience"`        // epochs without improvement before stopping; 0 never stops
	MinImprovement float64 `yaml:"min-improvement"` // of the validation loss, or of what the best is chosen by, to count as one

	PretrainEpochs   int        `yaml:"pretrain-epochs"` // per layer; above 0 trains greedily layer by layer first
	PretrainLR       float64    `yaml:"pretrain-lr"`
	Classifier       Classifier `yaml:"classifier"`
	ClassifierEpochs int        `yaml:"classifier-epochs"`
	ClassifierLR     float64    `yaml:"classifier-lr"`

	// InitFrom is a run or a model file whose weights, biases included, the training starts
	// from, so that Init and OutputBias have no say; "" for new ones. Where it has been read
	// the file's digest follows, see InitFile.
	InitFrom string `yaml:"init-from,omitempty"`

	Seed      uint64            `yaml:"seed"`
	Device    string            `yaml:"device"` // auto, cpu, or a GPU's number
	Precision backend.Precision `yaml:"precision"`

	complete bool // every field means what it says
}

// Reading returns how the data are read.
func (c *Config) Reading() data.Reading {
	return data.Reading{Header: c.Header, Delimiter: c.Delimiter, Decimal: c.Decimal, ID: c.ID, Label: c.Label, Group: c.Group, Condition: c.Condition,
		Columns: c.Columns, Drop: c.Drop, Types: c.Types, Target: c.Target, Array: c.Array, Layout: c.Layout, Resize: c.Resize,
		TestData: c.TestData, ValData: c.ValData}
}
