package data

import "context"

// openNPY reads the one array of an NPY file as examples.
func openNPY(ctx context.Context, path string, how *Reading) (*Source, error) {
	if err := how.arraysHaveNo(path, false); err != nil {
		return nil, err
	}
	src := &Source{}
	err := withFile(ctx, path, func(s *stream) error { return src.readNPY(s, how) })
	if err != nil {
		return nil, err
	}
	return src, nil
}

// readNPY reads an NPY array of one or more dimensions. Elements of uint8 are grey bytes, all other numbers become
// float32, or float64 where float32 would blur them.
func (s *Source) readNPY(in *stream, how *Reading) error {
	h, err := readNPYHeader(in)
	if err != nil {
		return err
	}
	if s.Train, err = readArray(in, &arrayInfo{npyHeader: h}, how); err != nil {
		return err
	}
	s.foundShape(h.shape, how)
	s.doubtRounded(s.Train, h.descr)
	return nil
}
