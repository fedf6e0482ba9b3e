// Package train is the loop around a model: batches, schedules, early stopping,
// checkpoints and the events that a progress line or a report is made of.
//
// [Load] reads and splits the data of a [settings.Config]; [Run] trains layer by layer
// where asked, then as a whole, then a classifier, and leaves a run directory that can
// be resumed.
package train
