// Package libcuda binds the CUDA driver at run time.
//
// gorgonia.org/cu links against libcuda and calls cuInit when the program
// starts, ending it where there is no driver. This package defines every
// function that cu refers to as a jump through a table, answers cuInit with
// success, and fills the table from the driver's library only when [Load] is
// called. So one binary starts everywhere, and the lack of a driver or of a
// device is an error value.
//
// It also has the driver calls that cu does not bind: stream capture, graphs
// and page-locked memory. It must be linked into every program that imports cu.
package libcuda
