// Package settings is what is asked of a training: a [Config] of typed settings,
// its presets, and how it is written and read as YAML or as flags.
//
// Every setting is text too: what its String returns, its UnmarshalText reads.
package settings
