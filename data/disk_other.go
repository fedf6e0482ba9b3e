//go:build !unix

package data

import (
	"errors"
	"os"
)

const canMap = false

var errNoMaps = errors.New("data on disk need a Unix system: expected --memory to hold them")

func newMapping(string, int64) ([]byte, *os.File, error) { return nil, nil, errNoMaps }
func mapFile(*os.File, int64) ([]byte, error)            { return nil, errNoMaps }
func unmap([]byte)                                       {}
func (d *Disk) keepSmall(stop chan struct{})             {}
func (d *Disk) shrink()                                  {}
