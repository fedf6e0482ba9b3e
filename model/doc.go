// Package model is what an autoencoder is: an encoder, a code, a decoder, and
// the terms of its loss, each a choice of its own ([Spec]). It is written on
// package backend alone and computes the same on every device.
//
// A [Model] is the parameters on a device, with Encode, Decode, Reconstruct and
// Sample. A [Training] is the planned, compiled training step of a model on a
// resident data set. The loop around it is package train.
package model
