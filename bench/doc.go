// Package bench times training steps, and what the device can do at best, so
// that a step's time can be read as a share of its floor.
package bench
