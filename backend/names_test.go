package backend

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestActivationText(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range Activations() {
		text, err := a.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back Activation
		if err := back.UnmarshalText(text); err != nil || back != a {
			t.Errorf("%v came back as %v, %v", a, back, err)
		}
		if parsed, err := ParseActivation(a.String()); err != nil || parsed != a {
			t.Errorf("ParseActivation(%q) = %v, %v", a, parsed, err)
		}
		if seen[a.String()] {
			t.Errorf("two activations are called %v", a)
		}
		seen[a.String()] = true
	}
	out, err := json.Marshal(map[string]Activation{"activation": LeakyReLU})
	if err != nil || string(out) != `{"activation":"leaky-relu"}` {
		t.Errorf("JSON is %s, %v", out, err)
	}
}

func TestUnknownNames(t *testing.T) {
	var a Activation
	_, corruption := ParseCorruption("fog")
	_, optimiser := ParseOptimiser("lion")
	for name, err := range map[string]error{"swish": a.UnmarshalText([]byte("swish")), "fog": corruption, "lion": optimiser} {
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "expected one of") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := CorruptionKind(9).String() + OptimiserKind(9).String() + LossKind(9).String() + Precision(9).String(); got != "corruption(9)optimiser(9)loss(9)precision(9)" {
		t.Errorf("kinds that do not exist are called %s", got)
	}
	if got := Activation(200).String(); got != "activation(200)" {
		t.Errorf("an activation that does not exist is called %q", got)
	}
}

func TestCorruptionAndOptimiserNames(t *testing.T) {
	for k := NoCorruption; k <= SaltAndPepper; k++ {
		if back, err := ParseCorruption(k.String()); err != nil || back != k {
			t.Errorf("ParseCorruption(%q) = %v, %v", k, back, err)
		}
	}
	for k, moments := range map[OptimiserKind]int{SGD: 0, Momentum: 1, Nesterov: 1, Adam: 2, AdamW: 2, LAMB: 2} {
		if back, err := ParseOptimiser(k.String()); err != nil || back != k {
			t.Errorf("ParseOptimiser(%q) = %v, %v", k, back, err)
		}
		if k.Moments() != moments {
			t.Errorf("%v keeps %d moments, want %d", k, k.Moments(), moments)
		}
	}
}

// A pointer to an operation is one too, and is called and described alike.
func TestDescribePointer(t *testing.T) {
	op := Linear{Y: tensor(2, 3), X: tensor(2, 4), W: tensor(3, 4), Act: ReLU}
	name := func(x Tensor) string { return x.String() }
	if got, want := Describe(&op, name), Describe(op, name); got != want || Name(&op) != "Linear" {
		t.Errorf("%q is %q, want %q", Name(&op), got, want)
	}
}

func TestPrecisionText(t *testing.T) {
	for p, bytes := range map[Precision]int{FP32: 4, TF32: 4, BF16: 2} {
		text, err := p.MarshalText()
		var back Precision
		if err != nil || back.UnmarshalText(text) != nil || back != p || p.OperandBytes() != bytes {
			t.Errorf("%v is %s, came back as %v, of %d bytes", p, text, back, p.OperandBytes())
		}
	}
	if _, err := ParsePrecision("fp16"); err == nil {
		t.Error("fp16 was let through")
	}
}
