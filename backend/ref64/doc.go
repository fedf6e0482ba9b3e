// Package ref64 is the device that defines right: every operation of
// [backend.Device] as plain loops over float64, in the shortest code that is
// obviously the formula in backend's doc comments. It is what the conformance
// suite compares other devices with and what gradient checks run on, and far too
// slow for anything else.
//
// Its random draws are the contract's float32 values, widened.
package ref64
