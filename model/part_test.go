package model

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/aegpu/aegpu/backend"
)

// TestPartsAreTheirText writes parts as text and reads them back.
func TestPartsAreTheirText(t *testing.T) {
	for text, want := range map[string]any{
		"deterministic": Deterministic{}, "topk:25": TopK{K: 25}, "topk:25:1.5": TopK{K: 25, Alpha: 1.5},
		"gaussian": Gaussian{}, "gaussian:5": Gaussian{Samples: 5}, "gaussian:1:0.25": Gaussian{FreeBits: 0.25},
		"squared": Squared{}, "bernoulli": Bernoulli{},
		"kl:0.05:3": KLSparsity{Target: 0.05, Weight: 3}, "l1:0.0001": L1Sparsity{Weight: 1e-4},
		"exact:0.1": Contractive{Weight: 0.1}, "stochastic:0.1:4": Contractive{Weight: 0.1, Probes: 4},
	} {
		var got any
		var err error
		switch want.(type) {
		case Code:
			got, err = ParseCode(text)
		case Likelihood:
			got, err = ParseLikelihood(text)
		default:
			got, err = ParsePenalty("", text)
		}
		if err != nil || got != want {
			t.Errorf("%s is read as %+v, %v: want %+v", text, got, err, want)
			continue
		}
		if again := got.(interface{ String() string }).String(); again != text {
			t.Errorf("%s is written as %s", text, again)
		}
	}
}

func TestPartsRefuse(t *testing.T) {
	code := func(text string) error { _, err := ParseCode(text); return err }
	penalty := func(text string) error { _, err := ParsePenalty(SparsitySetting, text); return err }
	for text, c := range map[string]struct {
		err  error
		want string
	}{
		"":           {code(""), "expected " + usages(codes)},
		"topk":       {code("topk"), "unknown code"},
		"topk:2.5":   {code("topk:2.5"), "whole number"},
		"topk:1e30":  {code("topk:1e30"), "whole number"},
		"topk:NaN":   {code("topk:NaN"), "not a number"},
		"gaussian:0": {code("gaussian:0"), "whole number"},
		"kl:1":       {penalty("kl:1"), "kl:TARGET:WEIGHT or l1:WEIGHT"},
		"exact:1":    {penalty("exact:1"), "unknown sparsity"},
		"l1:1e39":    {penalty("l1:1e39"), "not a number"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", text, c.err, c.want)
		}
	}
}

func TestCorruptionIsItsText(t *testing.T) {
	for text, want := range map[string]Corruption{
		"none": {}, "masking:0.3": {Kind: backend.Masking, Level: 0.3},
		"salt-and-pepper:0.1:-1:2": {Kind: backend.SaltAndPepper, Level: 0.1, Low: -1, High: 2},
	} {
		var got Corruption
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want || got.String() != text {
			t.Errorf("%s is read as %+v and written as %v, %v", text, got, got, err)
		}
	}
	for _, text := range []string{"", "masking", "masking:x", "masking:Inf", "none:1", "masking:1:2", "fog:1", "masking:0.1:0:1:2"} {
		if err := new(Corruption).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was let through", text)
		}
	}
}

// FuzzSpec reads specs as a model file holds them: what is valid is written as it was.
func FuzzSpec(f *testing.F) {
	for _, v := range Variants(5, []int{6}, 3) {
		text, err := json.Marshal(v.Spec)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var s, again Spec
		if json.Unmarshal(text, &s) != nil || s.Validate() != nil {
			return
		}
		written, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(written, &again); err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		if twice, err := json.Marshal(again); err != nil || string(twice) != string(written) {
			t.Fatalf("%s became %s, %v", written, twice, err)
		}
	})
}

func TestTermsAreAnObjectInOrder(t *testing.T) {
	want := Terms{{LossTerm, 1.5}, {ReconstructionTerm, 1}, {"kl", 0.5}}
	text, err := json.Marshal(want)
	if err != nil || string(text) != `{"loss":1.5,"reconstruction":1,"kl":0.5}` {
		t.Fatalf("%s, %v", text, err)
	}
	var got Terms
	if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if got.Loss() != 1.5 || got.Get("kl") != 0.5 || !math.IsNaN(got.Get("sparsity")) {
		t.Errorf("%v", got)
	}
	text, err = json.Marshal(Terms{{LossTerm, math.Inf(1)}})
	if err != nil || string(text) != `{"loss":null}` {
		t.Errorf("%s, %v", text, err)
	}
	for _, bad := range []string{`[]`, `{"loss":"x"}`, `{"loss":[1]}`, `3`} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("%s was let through", bad)
		}
	}
	if text, err := json.Marshal(Terms{}); err != nil || string(text) != `{}` {
		t.Errorf("%s, %v", text, err)
	}
}
