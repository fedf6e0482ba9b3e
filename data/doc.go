// Package data reads, writes, scales and splits tables of examples.
//
// A [Set] is rows of numbers with optional class labels: a matrix, images, or a table of named columns of several kinds,
// which [NewTable] makes of what a program has in memory. [Open] makes one, or a training part and a test part, from a
// name: "builtin:glyphs" (digits drawn by this package), a file of IDX, NPY, NPZ, safetensors, Matrix Market, CSV, TSV,
// Parquet or Arrow, a folder of such files or of pictures, or standard input; [Read] takes what a file leaves open, and
// [Write] is the way back. [Preparation] is what is done to rows before a model sees them, and undone to what comes out
// of it, and [Split] holds rows out by what is in them and a seed.
//
// Every number that this package hands out is finite, but for the NaN of a missing cell. What a user got wrong, from a
// missing file to a damaged byte, comes back as an [*Error] that says where; any other error means that the machine failed (a full disk, a device
// gone) or that the context ended.
package data
