package data

import (
	"context"
	"math"
)

// Pictures have one scale for all pixels: a scale of each pixel's own would be that of the noise where they are alike.

// pictures says whether the rows are images for sure: they have channels, or are not as small as a short table may be.
func (s *Set) pictures() bool {
	return s.Height > 0 && allReal(s.Columns) && (s.Channels > 1 || s.Layout != LayoutPlain || min(s.Height, s.Width) >= 8)
}

// bytesAsNumbers says whether pictures have values from 0 to 255, as bytes have.
func (s *Set) bytesAsNumbers() bool {
	if !s.pictures() || s.IsBytes() {
		return false
	}
	lo, hi := s.Range()
	_, white := GreyRange(float64(lo), float64(hi))
	return lo >= 0 && hi <= 255 && white == 255
}

// fitImages notes what images are and gives pictures one scale, v/255 where they have values as bytes have and the
// choice is left to the data.
func (p *Preparation) fitImages(s *Set, asked Scaling, ranges func() columnRange) {
	if p.Images = s.images(); p.Images == nil {
		return
	}
	lo, hi := s.scaledRange()
	p.Images.Black, p.Images.White = GreyRange(float64(lo), float64(hi))
	if s.IsBytes() {
		p.Images.Bytes, p.Images.Black, p.Images.White = true, 0, 255
	}
	if p.Shift == nil || !s.pictures() {
		return
	}
	shift, scale := 0.0, 255.0
	if asked != ScaleAuto || !s.bytesAsNumbers() {
		shift, scale = p.common(s, ranges())
	}
	for j := range p.Shift {
		p.Shift[j], p.Scale[j] = shift, scale
	}
}

// common returns the shift and the scale of all pixels together.
func (p *Preparation) common(s *Set, r columnRange) (shift, scale float64) {
	lo, hi, mean := r.lo, r.hi, r.mean
	low, high, middle := lo[0], hi[0], 0.0
	for j := range lo {
		low, high = min(low, lo[j]), max(high, hi[j])
		middle += mean[j] / float64(s.Cols)
	}
	if low == high {
		return low, 1
	}
	if p.Scaling == ScaleMinMax {
		return low, high - low
	}
	sum := 0.0 // in the order of the rows, on which its bits depend
	s.walk(func(_ int, block *Set) []func() {
		return []func(){func() {
			block.wideColumns(0, s.Cols, func(_ int, row []float64) {
				for _, v := range row {
					d := (v - middle) / (high - low)
					sum += float64(d * d)
				}
			})
		}}
	})
	return middle, math.Sqrt(sum/float64(s.Rows)/float64(s.Cols)) * (high - low)
}

// Alike returns the shift and the scale that all pixels of images have, false where they have none or several.
func (p *Preparation) Alike() (shift, scale float64, alike bool) {
	if p.Images == nil || p.Shift == nil {
		return 0, 1, false
	}
	for j, v := range p.Shift {
		if v != p.Shift[0] || p.Scale[j] != p.Scale[0] {
			return 0, 1, false
		}
	}
	return p.Shift[0], p.Scale[0], true
}

// checkImages refuses images of another shape than those that were fitted to, and values of 0 to 255 where those that
// were fitted to lie within [0,1].
func (p *Preparation) checkImages(s *Set) error {
	m := p.Images
	if m == nil {
		return nil
	}
	if s.Height > 0 && (s.Height != m.Height || s.Width != m.Width || s.Channels != m.Channels) {
		return wrong(s.Name, "images of %s: expected %s, as in the data that the model was trained on", s.images(), m)
	}
	if p.Scaling != ScaleNone || !m.Bytes && (m.Black != 0 || m.White != 1) || s.IsBytes() || s.seen {
		return nil
	}
	if lo, hi := s.Range(); lo < -1 || hi > 2 {
		return wrong(s.Name, "images with values within [%g, %g]: expected [0, 1], as in the data that the model was trained on", lo, hi)
	}
	return nil
}

// measure notes the range of images of numbers, which a few of them do not show: they may all be dark.
func (s *Set) measure() {
	if s.span = nil; !s.IsBytes() {
		lo, hi := s.Range()
		s.span = &[2]float32{lo, hi}
	}
}

// inRange returns images in the range of those that were fitted to: bytes as numbers where these were numbers up to 255,
// and numbers up to 255 as v/255 where these were bytes. Numbers within [0,1] that should reach up to 255 are refused.
func (p *Preparation) inRange(s *Set) (*Set, error) {
	m := p.Images
	if m == nil {
		return s, nil
	}
	if s.IsBytes() {
		if m.Bytes || m.White <= 2 {
			return s, nil
		}
		if s.OnDisk() {
			return s.rewritten(s.Cols, (*Set).numbered)
		}
		t := *s
		return &t, t.unbyte(context.Background())
	}
	if !allReal(s.Columns) && !measured(s.Columns) {
		return s, nil
	}
	if !m.Bytes && (m.Black != 0 || m.White != 255 || s.seen) {
		return s, nil
	}
	span := s.span
	if span == nil {
		lo, hi := s.Range()
		span = &[2]float32{lo, hi}
	}
	switch lo, hi := span[0], span[1]; {
	case m.Bytes && likeBytes(lo, hi):
		return s.asBytes()
	case !m.Bytes && lo >= 0 && hi > 0 && hi <= 1:
		return nil, wrong(s.Name, "images with values within [%g, %g]: expected [0, 255], as in the data that the model was trained on", lo, hi)
	}
	return s, nil
}

// likeBytes says whether images with this range have values of 0 to 255. What comes out of a model may lie a little
// outside.
func likeBytes(lo, hi float32) bool {
	return lo >= 0 && hi > 2 && hi <= 255 || lo >= -128 && hi >= 128 && hi < 384
}

// unbyte makes numbers of bytes, 0 to 255. The bytes stay as they are: another set may have them too.
func (s *Set) unbyte(ctx context.Context) error {
	if s.disk == nil {
		if err := (&stream{ctx: ctx, path: s.Name}).ask(4*int64(len(s.U8)), "numbers"); err != nil {
			return err
		}
	}
	numbers, err := newArray[float32](s.disk, len(s.U8))
	if err != nil {
		return err
	}
	const piece = 1 << 19
	together(share(len(numbers), piece, len(numbers)/piece+1, func(from, to int) {
		for i, v := range s.U8[from:to] {
			numbers[from+i] = float32(v)
		}
		s.disk.brought(int64(5 * (to - from)))
	}))
	s.U8, s.F32 = nil, numbers
	return nil
}

// numbered is unbyte of a few rows.
func (s *Set) numbered() *Set {
	t := &Set{F32: make([]float32, len(s.U8))}
	for i, v := range s.U8 {
		t.F32[i] = float32(v)
	}
	return t
}

// asBytes returns numbers of 0 to 255 as v/255: as bytes where they are whole numbers.
func (s *Set) asBytes() (t *Set, err error) {
	bytes, n := s.wholeBytes(), int64(s.Rows)*int64(s.Cols)
	if s.OnDisk() {
		t, err = s.rewritten(s.Cols, func(block *Set) *Set { return block.byteValues(bytes) })
	} else {
		size, what := 4*n, "numbers"
		if bytes {
			size, what = n, "bytes"
		}
		if err = (&stream{ctx: context.Background(), path: s.Name}).ask(size, what); err == nil {
			some, values := *s.Part(0, s.Rows), s.byteValues(bytes)
			t, some.U8, some.F32, some.F64 = &some, values.U8, values.F32, nil
		}
	}
	if err != nil {
		return nil, err
	}
	t.Columns, t.span, t.Black, t.White = nil, nil, 0, 0
	if haveNames(s.Columns) {
		t.Columns = columnsNamed(namesOf(s.Columns))
	}
	return t, nil
}

// byteValues are the numbers of rows in memory as bytes, or as v/255.
func (s *Set) byteValues(bytes bool) *Set {
	n := s.Rows * s.Cols
	if bytes {
		t := &Set{U8: make([]uint8, n)}
		for i := range t.U8 {
			t.U8[i] = uint8(s.value(i))
		}
		return t
	}
	t := &Set{F32: make([]float32, n)}
	for i := range t.F32 {
		t.F32[i] = float32(s.value(i)) / 255
	}
	return t
}
