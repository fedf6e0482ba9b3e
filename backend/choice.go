package backend

import "errors"

// Choice is the algorithm that a device computes a product by, of several that may round differently.
type Choice struct {
	Machine   string `json:"machine"` // what it holds for
	Product   string `json:"product"`
	Candidate int    `json:"candidate"`
}

// ErrTuning is wrapped by the error of a choice, or of a file of them, that cannot be used.
var ErrTuning = errors.New("the file of algorithms cannot be used")

// Chooser is what a device can do besides whose results depend on choices.
type Chooser interface {
	// Machine is what its choices hold for.
	Machine() string
	// Choose has it take those of kept that hold for it, or fail with an error that wraps
	// ErrTuning and names the file that they are from, and choose for all other products
	// as it does without. It forgets what it took before.
	Choose(file string, kept []Choice)
	// Chosen is what it took since then.
	Chosen() []Choice
}
