package main

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/aegpu/aegpu/eval"
)

// row is a line of the table of figures: a name, the model's and PCA's value.
type row struct{ Name, Value, Baseline, Note string }

// figures are a summary's lines, in the order in which people look at them.
func figures(s *eval.Summary) []row {
	var rows []row
	add := func(name string, v, base *float64, note string) {
		if v != nil {
			rows = append(rows, row{name, number(v), number(base), note})
		}
	}
	pca := s.PCA
	if pca == nil {
		pca = &eval.Baseline{}
		add("sse", s.SSE, nil, "squared error summed over an example")
		add("mse", s.MSE, nil, "squared error per element")
	} else {
		add("sse", s.SSE, &pca.SSE, "squared error summed over an example")
		add("mse", s.MSE, &pca.MSE, "squared error per element")
	}
	add("psnr_db", s.PSNR, pca.PSNR, "peak signal-to-noise ratio")
	add("corrupted_sse", s.CorruptedSSE, nil, "sse from inputs damaged by "+s.Corruption)
	add("bce", s.BCE, nil, "cross-entropy, nats an example")
	add("nll", s.NLL, nil, "Gaussian likelihood, nats an example")
	add("kl", s.KL, nil, "nats an example")
	add("elbo", s.ELBO, nil, "lower bound of log p(x), nats an example")
	add("nll_iwae", s.NLLIWAE, nil, fmt.Sprintf("-log p(x) with %d samples", s.IWAEK))
	if s.ActiveUnits != nil {
		rows = append(rows, row{"active_units", strconv.Itoa(*s.ActiveUnits), "", "latent units that vary with the example"})
	}
	add("mean_activation", s.MeanActivation, nil, "mean of the code")
	add("jacobian_norm", s.JacobianNorm, nil, "how much the code moves with the input")
	add("accuracy", s.Accuracy, nil, "of the classifier")
	add("test_error", s.TestError, nil, "1 - accuracy")
	add("probe_accuracy", s.ProbeAccuracy, pca.ProbeAccuracy, "of a linear classifier on the codes")
	add("knn_accuracy", s.KNNAccuracy, pca.KNNAccuracy, "of the nearest neighbours' majority")
	return rows
}

func number(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'g', 5, 64)
}

// writeFigures prints the table of a summary.
func writeFigures(out io.Writer, model, part string, s *eval.Summary) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	head := fmt.Sprintf("%s figures, %d examples\t%s", part, s.Examples, model)
	if s.PCA != nil {
		head += fmt.Sprintf("\tPCA-%d", s.PCA.Components)
	}
	fmt.Fprintln(w, head)
	for _, r := range figures(s) {
		fmt.Fprintf(w, "  %s\t%s", r.Name, r.Value)
		if s.PCA != nil {
			fmt.Fprintf(w, "\t%s", r.Baseline)
		}
		fmt.Fprintf(w, "\t%s\n", r.Note)
	}
	w.Flush()
}
