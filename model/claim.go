package model

import "fmt"

// checkClaim refuses the spec of a file of so many bytes that has parameters for more, so
// that no memory is taken by what a header claims.
func (s *Spec) checkClaim(size int) error {
	if err := s.Validate(); err != nil {
		return err
	}
	most, need := size/4, 0
	for _, half := range [][]dense{s.encoderLayers(), s.decoderLayers()} {
		for _, d := range half {
			if need += d.out * d.in; need > most && !s.Tied || need > 2*most { // tied weights are in the file once
				return fmt.Errorf("a model of more parameters than fit into %d bytes: expected a whole file", size)
			}
		}
	}
	return nil
}
