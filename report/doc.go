// Package report draws what a training run has to show: reconstructions,
// samples, filters, codes and loss curves, as PNG; step times as SVG too.
//
// Every function writes one picture to a writer and reports a wrong shape as an
// error. Values need not be sane: a NaN pixel is magenta, a curve has a gap where
// its value is not finite, and an empty set makes a picture that says so.
package report
