package settings

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
	"github.com/aegpu/aegpu/data"
	"github.com/aegpu/aegpu/model"
)

// kinds are the settings with texts of their own: a fresh one, texts that it reads
// and writes, others that it reads, and those that it refuses.
var kinds = map[string]struct {
	make    func() encoding.TextUnmarshaler
	same    []string
	other   []string
	refused []string
}{
	"Hidden": {func() encoding.TextUnmarshaler { return new(Widths) }, []string{"none", "512,256", "1", "auto"}, []string{"5, 4"}, []string{"0", "5,", "x", "-3", "-1", "auto,5"}},
	"Latent": {func() encoding.TextUnmarshaler { return new(Number) }, []string{"auto", "0", "32"}, []string{"032"}, []string{"", "-1", "1.5", "x", "99999999999999999999"}},
	"Epochs": {func() encoding.TextUnmarshaler { return new(Number) }, []string{"auto", "10"}, nil, []string{"all"}},
	"Code": {func() encoding.TextUnmarshaler { return new(Code) }, []string{"deterministic", "gaussian", "gaussian:5", "gaussian:1:0.5", "topk:25", "topk:25:2"}, nil,
		[]string{"", "topk", "topk:0", "topk:x", "gausian"}},
	"Loss": {func() encoding.TextUnmarshaler { return new(Loss) }, []string{"squared", "bernoulli", "gaussian", "auto", "poisson", "multinomial,a=gaussian", "auto,\"a,b=c=poisson\",d=softmax"},
		[]string{"age=gaussian", "auto, b=bernoulli", `auto,"a,b"=poisson,"say ""so"""=gaussian,c=softmax`}, []string{"", "mse", "squared:1", "auto,b=normal", "auto,=poisson", "auto,b=poisson,a=gaussian,b=gaussian", "squared,a=poisson", "softmax", "columns:poisson"}},
	"SizeFactor": {func() encoding.TextUnmarshaler { return new(SizeFactor) }, []string{"auto", "total", "none"}, nil, []string{"", "sum"}},
	"Init":       {func() encoding.TextUnmarshaler { return new(model.Init) }, []string{"auto", "pca", "xavier", "he", "lecun", "sparse"}, nil, []string{"none", "PCA"}},
	"OutputBias": {func() encoding.TextUnmarshaler { return new(OutputBias) }, []string{"mean", "zero"}, nil, []string{"", "one"}},
	"Corrupt": {func() encoding.TextUnmarshaler { return new(Corruptions) }, []string{"auto", "none", "masking:0.3", "gaussian:0.5,none,salt-and-pepper:0.1", "salt-and-pepper:0.1:-1:2"},
		[]string{"masking:0.30", "none, none"}, []string{"", "masking", "fog:1", "masking:0.1,", "none:3", "masking:nan", strings.Repeat("none,", 70) + "none"}},
	"Sparsity": {func() encoding.TextUnmarshaler { return new(Sparsity) }, []string{"none", "kl:0.05:3", "l1:0.0001", "topk:25", "topk:25:1.5"}, []string{"l1:1e-4"},
		[]string{"", "kl:1", "kl:x:1", "topk:x", "gaussian", "deterministic", "exact:1", "l1:1e39"}},
	"Contract": {func() encoding.TextUnmarshaler { return new(Contraction) }, []string{"none", "exact:0.1", "stochastic:0.1", "stochastic:1:4"}, []string{"stochastic:1:1"},
		[]string{"", "exact", "kl:0.1:1", "stochastic:1:0.5"}},
	"LRScale": {func() encoding.TextUnmarshaler { return new(LRScale) }, []string{"none", "linear", "sqrt", "linear:256", "sqrt:512"}, nil,
		[]string{"", "cubic", "sqrt:0", "none:4", "linear:x"}},
	"Momentum": {func() encoding.TextUnmarshaler { return new(Momentum) }, []string{"0", "0.9", "sutskever:0.99"}, []string{"0.90"}, []string{"", "1", "-0.1", "x:0.9", "nan", "sutskever:"}},
	"Schedule": {func() encoding.TextUnmarshaler { return new(Schedule) }, []string{"constant", "burda", "cosine", "cosine:0.2", "step:3:0.1", "auto"}, []string{"cosine:0"},
		[]string{"", "step", "step:0:1", "cosine:2", "step:3:x", "linear:3", "constant:1"}},
	"Classifier": {func() encoding.TextUnmarshaler { return new(Classifier) }, []string{"none", "finetune", "frozen"}, nil, []string{"", "svm"}},
	"Precision":  {func() encoding.TextUnmarshaler { return new(backend.Precision) }, []string{"fp32", "tf32", "bf16"}, nil, []string{"", "fp16"}},
	"Scale":      {func() encoding.TextUnmarshaler { return new(data.Scaling) }, []string{"auto", "none", "minmax", "standard", "robust"}, nil, []string{"", "max"}},
	"Missing":    {func() encoding.TextUnmarshaler { return new(data.Missing) }, []string{"auto", "mask", "refuse", "mean", "median"}, nil, []string{"", "drop"}},
	"Activation": {func() encoding.TextUnmarshaler { return new(Activation) }, []string{"identity", "relu", "tanh"}, nil, []string{"", "swish"}},
	"Columns": {func() encoding.TextUnmarshaler { return new(List) }, []string{"", "age", "age,flow rate", `"a,b","say ""so"""`}, []string{"a, b"},
		[]string{`"a`, "a\nb", "  ", "a,,b"}},
	"DataFingerprint": {func() encoding.TextUnmarshaler { return new(Fingerprint) }, []string{strings.Repeat("0123456789abcdef", 4)}, nil,
		[]string{"12", "none", strings.Repeat("0123456789ABCDEF", 4), strings.Repeat("0", 65)}},
	"Optimizer": {func() encoding.TextUnmarshaler { return new(Optimizer) }, []string{"sgd", "adam", "lamb"}, nil, []string{"", "lion"}},
}

// written is what a setting's value is written as.
func written(t *testing.T, v encoding.TextUnmarshaler) string {
	t.Helper()
	m, ok := reflect.ValueOf(v).Elem().Interface().(encoding.TextMarshaler)
	if !ok {
		t.Fatalf("%T writes no text", v)
	}
	text, err := m.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	if s := fmt.Sprint(m); s != string(text) {
		t.Errorf("%T is %s and written %s", v, s, text)
	}
	return string(text)
}

func TestTexts(t *testing.T) {
	for field, k := range kinds {
		f, ok := configType.FieldByName(field)
		if v := k.make(); !ok || reflect.TypeOf(v).Elem() != f.Type {
			t.Errorf("%s is no %T", field, v)
		}
		for _, text := range slices.Concat(k.same, k.other) {
			v, back := k.make(), k.make()
			if err := v.UnmarshalText([]byte(text)); err != nil {
				t.Errorf("%s %q: %v", field, text, err)
				continue
			}
			got := written(t, v)
			if slices.Contains(k.same, text) && got != text {
				t.Errorf("%s %q is written %q", field, text, got)
			}
			if err := back.UnmarshalText([]byte(got)); err != nil || !reflect.DeepEqual(back, v) {
				t.Errorf("%s %q came back as %v, %v", field, text, back, err)
			}
		}
		for _, text := range k.refused {
			if text == "" && field == "Hidden" {
				continue
			}
			if v := k.make(); v.UnmarshalText([]byte(text)) == nil {
				t.Errorf("%s %q was let through as %v", field, text, v)
			}
		}
		zero := k.make()
		if text := written(t, zero); zero.UnmarshalText([]byte(text)) != nil {
			t.Errorf("the zero %s is written %q, which it does not read", field, text)
		}
	}
}

// Every setting that is no word, number or bool is in the table.
func TestEveryTypeHasTexts(t *testing.T) {
	in := map[reflect.Type]bool{}
	for _, k := range kinds {
		in[reflect.TypeOf(k.make()).Elem()] = true
	}
	for _, i := range fields() {
		if f := configType.Field(i); f.Type.PkgPath() != "" && !in[f.Type] {
			t.Errorf("%s has a type that is not tested: %v", f.Name, f.Type)
		}
	}
}

// FuzzTexts holds that a text that a setting reads is written as one that it reads
// as the same.
func FuzzTexts(f *testing.F) {
	for field, k := range kinds {
		for _, text := range slices.Concat(k.same, k.other, k.refused) {
			f.Add(field, text)
		}
	}
	f.Fuzz(func(t *testing.T, field, text string) {
		k, ok := kinds[field]
		if !ok {
			return
		}
		v, back := k.make(), k.make()
		if v.UnmarshalText([]byte(text)) != nil {
			return
		}
		got := written(t, v)
		if err := back.UnmarshalText([]byte(got)); err != nil || !reflect.DeepEqual(v, back) {
			t.Errorf("%s %q is written %q, which is read as %v, %v", field, text, got, back, err)
		}
	})
}

func TestSchedules(t *testing.T) {
	for _, c := range []struct {
		text          string
		epoch, epochs float64
		want          float64
	}{
		{"constant", 7, 10, 1},
		{"step:3:0.1", 2.9, 10, 1},
		{"step:3:0.1", 6, 10, 0.01},
		{"cosine", 0, 10, 1},
		{"cosine", 5, 10, 0.5},
		{"cosine", 10, 10, 0},
		{"cosine:0.2", 10, 10, 0.2},
		{"burda", 0.5, 40, 1},
		{"burda", 1, 40, math.Pow(10, -1.0/7)},
		{"burda", 3.9, 40, math.Pow(10, -1.0/7)},
		{"burda", 4, 40, math.Pow(10, -2.0/7)},
	} {
		var s Schedule
		if err := s.UnmarshalText([]byte(c.text)); err != nil {
			t.Fatal(err)
		}
		if got := s.Factor(c.epoch, c.epochs); !(math.Abs(got-c.want) < 1e-6) { // the factors are read as float32
			t.Errorf("%s at %g of %g: %g, want %g", c.text, c.epoch, c.epochs, got, c.want)
		}
	}
}

func TestMomentum(t *testing.T) {
	m := Momentum{Value: 0.99, Sutskever: true}
	for step, want := range map[int]float64{0: 0.5, 249: 0.5, 250: 0.75, 500: 1 - 1.0/6, 100000: 0.99, 749000: 0.9} {
		if got := m.At(step, 750000); !(math.Abs(got-want) < 1e-7) {
			t.Errorf("step %d: %g, want %g", step, got, want)
		}
	}
	if got := (Momentum{Value: 0.5}).At(3, 10); got != 0.5 {
		t.Errorf("constant: %g", got)
	}
}

func TestLRScale(t *testing.T) {
	for _, tt := range []struct {
		text string
		rows int
		want float64
	}{
		{"none", 4096, 1},
		{"linear", 128, 1},
		{"linear", 8192, 64},
		{"linear:256", 64, 0.25},
		{"sqrt", 2048, 4},
		{"sqrt:512", 2048, 2},
	} {
		var s LRScale
		if err := s.UnmarshalText([]byte(tt.text)); err != nil {
			t.Fatal(err)
		}
		if got := s.Factor(tt.rows); !(math.Abs(got-tt.want) < 1e-12) {
			t.Errorf("%s at %d rows: %g, want %g", tt.text, tt.rows, got, tt.want)
		}
	}
}
