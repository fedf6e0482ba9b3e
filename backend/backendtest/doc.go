// Package backendtest holds a [backend.Device] to its contract, in the idiom of
// testing/fstest and golang.org/x/net/nettest: a device's whole test is
//
//	func TestDevice(t *testing.T) {
//		backendtest.Run(t, func(t *testing.T) backend.Device { return cpu.New() })
//	}
//
// Every operation runs on the device and on package ref64 with the same random
// inputs, over awkward shapes, every activation and every optional operand; over
// even ones with everything aligned, where a fast path would start; and over some
// that are drawn.
// Destinations start as NaN, so that an element left out shows; every buffer is
// a view inside a larger one whose other elements must not change; offsets take
// every remainder that a vector load might mind. Inputs must keep their bits.
//
// Two things are the device's to choose, and left out of comparisons but for a test
// that states each: the derivative of ReLU at exactly 0 (kink.go), and NaN out of a
// ReLU that ends a product, which the guard must find all the same (guard.go).
//
// Random draws are compared bit for bit, everything else within a budget that
// says where it comes from (see tolerance.go). What draws is tried from several places
// of a larger batch on, and the shares of a batch must be the whole (see ranks.go).
package backendtest
