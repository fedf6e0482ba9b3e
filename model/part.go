package model

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/aegpu/aegpu/backend"
)

// A part is one choice of what an autoencoder is, in a file of its own: a [Code],
// a [Penalty], a [Likelihood]. It is a value that writes itself as text, as in
// topk:25, and reads that text back. Bound to a graph it reserves its memory,
// enqueues its share of the forward and the backward pass, and names its terms.

// ErrUnknown is wrapped by the error of a text that names no kind of a part.
var ErrUnknown = errors.New("unknown")

// kind is one choice of a part.
type kind[P any] struct {
	name        string // that its text begins with
	usage       string // how the text is written
	least, most int    // numbers after the name
	make        func(v []float32) (P, error)
}

// parse returns the part that text stands for: a name, and numbers after colons.
func parse[P any](what string, kinds []kind[P], text string) (P, error) {
	var none P
	words := strings.Split(text, ":")
	for _, k := range kinds {
		if n := len(words) - 1; k.name != words[0] || n < k.least || n > k.most {
			continue
		}
		v := make([]float32, len(words)-1)
		for i, w := range words[1:] {
			var err error
			if v[i], err = number(w); err != nil {
				return none, fmt.Errorf("%s %q: %w", what, text, err)
			}
		}
		p, err := k.make(v)
		if err != nil {
			return none, fmt.Errorf("%s %q: %w", what, text, err)
		}
		return p, nil
	}
	return none, fmt.Errorf("%w %s %q: expected %s", ErrUnknown, what, text, usages(kinds))
}

// number returns the number that text stands for, which float32 has to hold.
func number(text string) (float32, error) {
	v, err := strconv.ParseFloat(text, 32)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is not a number of float32", text)
	}
	if double, err := strconv.ParseFloat(text, 64); v == 0 && (err != nil || double != 0) {
		return 0, fmt.Errorf("%q is 0 in float32", text)
	}
	return float32(v), nil
}

// usages lists how the kinds are written.
func usages[P any](kinds []kind[P]) string {
	all := make([]string, len(kinds))
	for i, k := range kinds {
		all[i] = k.usage
	}
	if len(all) == 1 {
		return all[0]
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// Codes returns how the kinds of code are written, for people.
func Codes() string { return usages(codes) }

// Likelihoods returns how the kinds of likelihood are written, for people.
func Likelihoods() string { return usages(likelihoods) }

// worded is a part's text: its name and its numbers, shortest first to last.
func worded(name string, v ...float32) string {
	for _, x := range v {
		name += ":" + strconv.FormatFloat(float64(x), 'g', -1, 32)
	}
	return name
}

// whole returns v as a whole number of at least one.
func whole(what string, v float32) (int, error) {
	if !(v >= 1 && v <= 1<<24 && v == float32(int(v))) {
		return 0, fmt.Errorf("%g %s: expected a whole number above 0", v, what)
	}
	return int(v), nil
}

// placed is what every bound part has to say of its memory.
type placed interface {
	// reserve takes the part's memory. It is called twice: to count, and to take.
	reserve(alloc backend.Alloc)
	// start uploads what is constant, once the memory is there.
	start()
	// tensors hands on the part's tensors by name, for a listing of the step.
	tensors(add func(name string, of backend.Tensor))
}

// unplaced is a bound part without memory of its own.
type unplaced struct{}

func (unplaced) reserve(backend.Alloc)                {}
func (unplaced) start()                               {}
func (unplaced) tensors(func(string, backend.Tensor)) {}

// term is a sum over examples that a part adds to the loss.
type term struct {
	name string
	// weight is that of the term in the loss; kl is the scheduled weight of a KL term.
	weight func(kl float64) float64
	batch  bool // it is one a batch, not one an example
}

// addTerm registers a term and returns the slot of its accumulator.
func (g *graph) addTerm(t term) int {
	g.terms = append(g.terms, t)
	return numSums + len(g.terms) - 1
}
