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
func (src *Source) readNPY(s *stream, how *Reading) error {
	h, err := readNPYHeader(s)
	if err != nil {
		return err
	}
	if src.Train, err = readArray(s, &arrayInfo{npyHeader: h}, how); err != nil {
		return err
	}
	src.foundShape(h.shape, how)
	src.doubtRounded(src.Train, h.descr)
	return nil
}
