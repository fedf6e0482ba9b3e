package main

import (
	"slices"

	"github.com/aegpu/aegpu/internal/fetch"
)

// publicSet is a data set that anyone may download.
type publicSet struct {
	name, about string
	places      []string // where the files lie, the first that answers is taken
	files       []fetch.File
}

// publicSets are those that data download knows. What is trained on comes last, so that a folder that lacks something is
// not taken for a whole one.
//
// The sha256 are those of torchvision (torchvision/prototype/datasets/_builtin/mnist.py), which are of the files as they were
// published; ankane/torchvision-ruby, which others wrote, has the same of kmnist, and many projects those of the other two. Of
// mnist's test files they were computed of copies of our own too (our copies of the rest are packed anew, to the same content).
// Sizes were found beside the sha256.
var publicSets = []publicSet{
	{"fashion-mnist", "clothes, 60,000 + 10,000 grey images of 28x28 in 10 classes (Zalando, MIT licence)",
		[]string{"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion", "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"},
		[]fetch.File{
			{Name: "t10k-labels-idx1-ubyte.gz", Size: 5148, SHA256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"},
			{Name: "t10k-images-idx3-ubyte.gz", Size: 4422102, SHA256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
			{Name: "train-labels-idx1-ubyte.gz", Size: 29515, SHA256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
			{Name: "train-images-idx3-ubyte.gz", Size: 26421880, SHA256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
		}},
	{"kmnist", "Japanese characters in cursive, 60,000 + 10,000 grey images of 28x28 in 10 classes (CODH, CC BY-SA 4.0)",
		[]string{"https://codh.rois.ac.jp/kmnist/dataset/kmnist", "http://codh.rois.ac.jp/kmnist/dataset/kmnist"}, // no other place has these files
		[]fetch.File{
			{Name: "t10k-labels-idx1-ubyte.gz", Size: 5120, SHA256: "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"},
			{Name: "t10k-images-idx3-ubyte.gz", Size: 3041136, SHA256: "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"},
			{Name: "train-labels-idx1-ubyte.gz", Size: 29497, SHA256: "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"},
			{Name: "train-images-idx3-ubyte.gz", Size: 18165135, SHA256: "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"},
		}},
	{"mnist", "digits, 60,000 + 10,000 grey images of 28x28 in 10 classes (LeCun, Cortes, Burges)",
		[]string{"https://ossci-datasets.s3.amazonaws.com/mnist", "https://storage.googleapis.com/cvdf-datasets/mnist"},
		[]fetch.File{
			{Name: "t10k-labels-idx1-ubyte.gz", Size: 4542, SHA256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"},
			{Name: "t10k-images-idx3-ubyte.gz", Size: 1648877, SHA256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
			{Name: "train-labels-idx1-ubyte.gz", Size: 28881, SHA256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
			{Name: "train-images-idx3-ubyte.gz", Size: 9912422, SHA256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
		}},
}

// findSet is the data set of a name.
func findSet(name string) (publicSet, error) {
	names := make([]string, len(publicSets))
	for i, d := range publicSets {
		if names[i] = d.name; d.name == name {
			return d, nil
		}
	}
	return publicSet{}, unknown("data set", name, "", names, "expected "+listed(names))
}

// listed is names in a sentence.
func listed(names []string) string {
	text := ""
	for i, n := range slices.Sorted(slices.Values(names)) {
		switch {
		case i > 0 && i == len(names)-1:
			text += " or "
		case i > 0:
			text += ", "
		}
		text += n
	}
	return text
}

// bytes is how many bytes all files are.
func (d publicSet) bytes() (n int64) {
	for _, f := range d.files {
		n += f.Size
	}
	return n
}
